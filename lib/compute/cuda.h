#pragma once
#include <c10/core/Device.h>

#include <memory>
#include <string>

// The only door to CUDA: everything behind it is in cuda.cpp, and in cuda_absent.cpp for a LibTorch without
// it.

namespace wetgate::compute {

int cuda_device_count();
std::string cuda_device_name(int index);
std::string cudnn_version();
/// Bytes free on the device; 0 without CUDA.
std::size_t cuda_free_bytes(int index);

/// While it lives, this thread's kernels and copies go to a stream of its own, or to that of another scope
/// (which must outlive it). Does nothing for a CPU device.
class StreamScope {
public:
    struct Same {
        const StreamScope& as;
    };
    explicit StreamScope(c10::Device device);
    explicit StreamScope(Same stream);
    ~StreamScope();
    StreamScope(const StreamScope&) = delete;
    StreamScope& operator=(const StreamScope&) = delete;

    /// Waits for everything queued on the stream; asynchronous faults of the device surface here.
    void synchronize() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace wetgate::compute
