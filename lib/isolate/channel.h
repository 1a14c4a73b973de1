#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace wetgate::isolate {

/// A file descriptor that is closed with its owner.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }
    int release();

private:
    int number_ = -1;
};

// Note [The two sides]
// wetgate asks (Open, Read, Packet, Close), the decoder answers each but Close with one of Opened, Frame,
// Coded and Failed. Before its answer it may ask back (PathOf: what is the file of this frame called; Room:
// so many bytes of samples are to come) and wetgate answers Path or RoomMade; and it may log. Samples lie in
// memory that both map; wetgate alone makes it larger, and nobody can make it smaller.
enum class MessageKind : std::uint8_t {
    Ready,     ///< decoder, once: how well it is locked in
    Open,      ///< a request
    Opened,    ///< its SourceInfo
    Read,      ///< frame number
    Frame,     ///< number and packed frame; the samples lie in the shared memory
    Packet,    ///< frame number
    Coded,     ///< the bytes
    Failed,    ///< an Error
    Close,     ///< the source is done with
    PathOf,    ///< frame number
    Path,      ///< its file
    Room,      ///< bytes
    RoomMade,  ///< there are
    Log        ///< level and text
};

struct Message {
    MessageKind kind = MessageKind::Close;
    std::vector<std::byte> body;
};

/// How much longer to wait. Time in which this process was stopped (a preempted job) does not count.
class Patience {
public:
    explicit Patience(std::chrono::milliseconds left) : left_(left) {}
    static Patience endless() { return Patience(std::chrono::milliseconds::max()); }

    /// Waits for `events` of poll(2) on a descriptor: 1 when there are some, 0 when patience is at its end,
    /// -1 for a fault.
    int wait(int descriptor, short events);

private:
    std::chrono::milliseconds left_;
};

/// One end of a stream of messages. For one thread at a time.
class Channel {
public:
    enum class End : std::uint8_t { Closed, Late };  ///< why nothing came

    explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}

    /// False when the other end is gone, or takes nothing in time.
    bool send(MessageKind kind, std::span<const std::byte> body, Patience& patience);

    /// The next message; nullopt (`end()` says why) when none comes in time. WireFault for an unknown kind
    /// and for a body above `most_bytes`; memory is taken as the bytes arrive, whatever the other end
    /// announces.
    std::optional<Message> receive(Patience& patience, std::size_t most_bytes);
    End end() const { return end_; }
    int socket() const { return socket_.number(); }

private:
    bool wait(short events, Patience& patience);
    bool read(std::byte* to, std::size_t size, Patience& patience);
    bool write(std::span<const std::byte> bytes, Patience& patience);

    Descriptor socket_;
    End end_ = End::Closed;
};

}  // namespace wetgate::isolate
