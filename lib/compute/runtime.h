#pragma once
#include <c10/core/Device.h>

#include <nlohmann/json.hpp>
#include <string>

namespace wetgate::compute {

struct RuntimeSettings {
    std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
    std::string precision =
        "fp32";       ///< of networks on CUDA: fp16 or fp32. Passes' own arithmetic is always float32
    int threads = 1;  ///< intra-op threads of CPU kernels; part of the fingerprint, for it can change bits
};

/// LibTorch with its arithmetic pinned. One a process, made before the first tensor and passed down.
class Runtime {
public:
    /// Error{NoDevice} when the device asked for is not there; Error{Usage} for a device name that is none.
    explicit Runtime(const RuntimeSettings& settings);

    c10::Device device() const { return device_; }

    /// What the bits of a result depend on besides the job: device model, LibTorch, cuDNN, ISA, threads,
    /// precision. Goes into every frame's record; merge refuses to mix two.
    const nlohmann::json& fingerprint() const { return fingerprint_; }

private:
    c10::Device device_;
    nlohmann::json fingerprint_;
};

}  // namespace wetgate::compute
