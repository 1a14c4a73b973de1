#pragma once
#include <optional>
#include <string>

namespace wetgate::compute {

// Which GPU is this process's: --device says whether and which of those that it may see, a farm says which
// those are. CUDA_VISIBLE_DEVICES (Slurm, containers, people) comes first, then CUE_GPU_CORES (OpenCue's
// RQD), and where both are silent all are seen. CUDA numbers what it sees anew: cuda:0 is the first of the
// list, and "cuda" and "auto" mean that.

/// Variables to set before CUDA starts.
struct VisibleDevices {
    std::string list;   ///< CUDA_VISIBLE_DEVICES
    std::string order;  ///< CUDA_DEVICE_ORDER
};

/// What $CUE_GPU_CORES ("0,2": the GPUs that RQD keeps for a frame, numbered as nvidia-smi does) is for CUDA;
/// nothing where $CUDA_VISIBLE_DEVICES is there (even empty, which means none) or RQD keeps no GPU.
/// Error{NoDevice} for a text that is no list of numbers: any GPU could be another frame's.
std::optional<VisibleDevices> visible_devices(const std::optional<std::string>& cuda_visible_devices,
                                              const std::optional<std::string>& cue_gpu_cores);

/// Index of the CUDA device that `name` (auto, cpu, cuda, cuda:N) is where `count` are seen; nothing for the
/// CPU. Error{NoDevice} where it is not there, Error{Usage} for a name that is none.
std::optional<int> choose_device(const std::string& name, int count);

}  // namespace wetgate::compute
