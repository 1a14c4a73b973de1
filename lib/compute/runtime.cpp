#include "compute/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <charconv>
#include <cstdlib>

#include "compute/cuda.h"
#include "core/error.h"
#include "core/pinned_environment.h"

namespace wetgate::compute {
namespace {

c10::Device choose_device(const std::string& name) {
    const int count = cuda_device_count();
    if (name == "cpu") return c10::Device(c10::kCPU);
    if (name == "auto") return count > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
    int index = 0;
    if (name.starts_with("cuda:")) {
        const char* begin = name.data() + 5;
        const char* end = name.data() + name.size();
        const auto [stop, error] = std::from_chars(begin, end, index);
        if (error != std::errc() || stop != end || index < 0 || index > 127) index = -1;
    } else if (name != "cuda") {
        index = -1;
    }
    if (index < 0)
        throw Error(ErrorKind::Usage, "'" + name + "' is no device; use auto, cpu, cuda or cuda:N");
    if (index >= count) {
        throw Error(ErrorKind::NoDevice,
                    "the device " + name + " was asked for, but this machine and LibTorch have " +
                        std::to_string(count) + " CUDA devices; use --device auto or cpu");
    }
    return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Runtime::Runtime(const RuntimeSettings& settings) : device_(c10::kCPU) {
    pin_environment();
    device_ = choose_device(settings.device);
    at::set_num_threads(settings.threads);
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);

    fingerprint_ = {{"device", device_.is_cuda() ? cuda_device_name(device_.index()) : "cpu"},
                    {"libtorch", TORCH_VERSION},
                    {"aten_isa", environment("ATEN_CPU_CAPABILITY")},
                    {"onednn_isa", environment("DNNL_MAX_CPU_ISA")},
                    {"threads", settings.threads},
                    {"precision", device_.is_cuda() ? settings.precision : "fp32"}};
    if (device_.is_cuda()) fingerprint_["cudnn"] = cudnn_version();
}

}  // namespace wetgate::compute
