#include "compute/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <cstdlib>
#include <optional>

#include "compute/cuda.h"
#include "compute/device_choice.h"
#include "core/environment.h"
#include "core/pinned_environment.h"

namespace wetgate::compute {
namespace {

c10::Device device_of(const std::string& name) {
    if (name != "cpu") {
        if (const auto visible = visible_devices(environment_variable("CUDA_VISIBLE_DEVICES"),
                                                 environment_variable("CUE_GPU_CORES"))) {
            setenv("CUDA_VISIBLE_DEVICES", visible->list.c_str(), /*overwrite=*/1);
            setenv("CUDA_DEVICE_ORDER", visible->order.c_str(), /*overwrite=*/1);
        }
    }
    const std::optional<int> index = choose_device(name, cuda_device_count());
    return index ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*index)) : c10::Device(c10::kCPU);
}

}  // namespace

Runtime::Runtime(const RuntimeSettings& settings) : device_(c10::kCPU) {
    pin_environment();
    device_ = device_of(settings.device);
    at::set_num_threads(settings.threads);
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
    // Else each empty tensor is filled with NaN, as a help to find reads of what was never written.
    at::globalContext().setDeterministicFillUninitializedMemory(false);
#endif
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);

    fingerprint_ = {{"device", device_.is_cuda() ? cuda_device_name(device_.index()) : "cpu"},
                    {"libtorch", TORCH_VERSION},
                    {"aten_isa", environment_variable("ATEN_CPU_CAPABILITY").value_or("")},
                    {"onednn_isa", environment_variable("DNNL_MAX_CPU_ISA").value_or("")},
                    {"threads", settings.threads},
                    {"precision", device_.is_cuda() ? settings.precision : "fp32"},
                    {"exr_zip", WETGATE_EXR_ZIP}};
    if (device_.is_cuda()) fingerprint_["cudnn"] = cudnn_version();
}

}  // namespace wetgate::compute
