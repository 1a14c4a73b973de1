#pragma once
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "core/log.h"
#include "isolate/channel.h"

namespace wetgate::isolate {

/// How a decoder came to its end.
struct Ending {
    bool by_signal = false;
    int number = 0;  ///< of the signal, else the exit code

    /// Nothing in a file brings this about: somebody, mostly a kernel without memory, ended it from outside.
    bool is_from_outside() const;
    /// "died by SIGSEGV", "ended with exit code 3"
    std::string text() const;
};

/// A decoder process, its channel and the memory that samples come through. Ends with its owner, and with
/// wetgate however that ends.
class DecoderProcess {
public:
    /// Starts `program` and waits until it is locked in. Error{Internal} when it is not there or does not
    /// start, Error{OutOfMemory} where that is for want of memory.
    DecoderProcess(const std::filesystem::path& program, const Log& log);
    ~DecoderProcess();
    DecoderProcess(const DecoderProcess&) = delete;
    DecoderProcess& operator=(const DecoderProcess&) = delete;

    Channel& channel() { return channel_; }
    /// Makes the shared memory at least `bytes` large. Error{OutOfMemory}.
    void make_room(std::size_t bytes);
    /// What the decoder has written there; it may still be writing.
    std::span<const std::byte> memory() const { return {map_, size_}; }

    /// Ends the process, if it is not at its end already, and says how it ended.
    Ending end();
    /// Waits for a file: a fault of the disk or the network, not of what is decoded.
    bool waits_for_disk() const;

    /// Requests answered so far: none means that no file has had a chance to harm this process.
    int answered = 0;

private:
    void spawn(const std::filesystem::path& program, Descriptor socket, Descriptor life);
    /// `unknown` where the kernel is too old to tell.
    bool wait_for_end(int timeout_ms, bool unknown) const;

    Descriptor memory_;
    Descriptor
        life_;  // closed with this process, which ends the decoder: see Note [No decoder outlives wetgate]
    Channel channel_;
    pid_t pid_ = -1;
    Ending ending_;
    std::byte* map_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace wetgate::isolate
