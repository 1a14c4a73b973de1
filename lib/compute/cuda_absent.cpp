#include "compute/cuda.h"

namespace wetgate::compute {

struct StreamScope::Impl {};

int cuda_device_count() {
    return 0;
}
std::string cuda_device_name(int) {
    return {};
}
std::string cudnn_version() {
    return {};
}
std::size_t cuda_free_bytes(int) {
    return 0;
}

StreamScope::StreamScope(c10::Device) {}
StreamScope::StreamScope(Same) {}
StreamScope::~StreamScope() = default;
void StreamScope::synchronize() const {}

}  // namespace wetgate::compute
