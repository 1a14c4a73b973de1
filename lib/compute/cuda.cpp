#include "compute/cuda.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "core/error.h"

namespace wetgate::compute {

struct StreamScope::Impl {
    c10::cuda::CUDAStream stream;
    c10::cuda::CUDAStreamGuard guard;
    explicit Impl(c10::cuda::CUDAStream own) : stream(own), guard(own) {}
};

int cuda_device_count() {
    return static_cast<int>(c10::cuda::device_count());
}

std::string cuda_device_name(int index) {
    return at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index))->name;
}

std::string cudnn_version() {
    return std::to_string(at::detail::getCUDAHooks().versionCuDNN());
}

std::size_t cuda_free_bytes(int index) {
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
    std::size_t free = 0;
    std::size_t total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
    return free;
}

StreamScope::StreamScope(c10::Device device) {
    if (device.is_cuda()) {
        impl_ =
            std::make_unique<Impl>(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()));
    }
}

StreamScope::StreamScope(Same stream) {
    if (stream.as.impl_) impl_ = std::make_unique<Impl>(stream.as.impl_->stream);
}

StreamScope::~StreamScope() = default;

void StreamScope::synchronize() const {
    if (!impl_) return;
    try {
        impl_->stream.synchronize();
    } catch (const c10::Error& error) {
        throw Error(ErrorKind::Internal,
                    std::string("the CUDA device reported a fault: ") + error.what_without_backtrace());
    }
}

}  // namespace wetgate::compute
