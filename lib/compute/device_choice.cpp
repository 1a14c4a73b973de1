#include "compute/device_choice.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace wetgate::compute {
namespace {

// N of cuda:N, or -1.
int number_of(const std::string& name) {
    constexpr std::size_t prefix = 5;
    int index = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + prefix, end, index);
    return error == std::errc() && stop == end && index <= 127 ? index : -1;
}

// Numbers and commas: "0", "2,3".
bool is_list(const std::string& text) {
    bool after_digit = false;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c != ',' || !after_digit)) return false;
        after_digit = digit;
    }
    return after_digit;
}

}  // namespace

std::optional<VisibleDevices> visible_devices(const std::optional<std::string>& cuda_visible_devices,
                                              const std::optional<std::string>& cue_gpu_cores) {
    if (cuda_visible_devices || !cue_gpu_cores || cue_gpu_cores->empty()) return std::nullopt;
    if (!is_list(*cue_gpu_cores)) {
        throw Error(ErrorKind::NoDevice, "CUE_GPU_CORES is '" + *cue_gpu_cores +
                                             "', which is no list of GPU numbers such as 0,2; mend it, set "
                                             "CUDA_VISIBLE_DEVICES, or use --device cpu");
    }
    // nvidia-smi counts along the bus, CUDA from the fastest on unless told.
    return VisibleDevices{*cue_gpu_cores, "PCI_BUS_ID"};
}

std::optional<int> choose_device(const std::string& name, int count) {
    if (name == "cpu") return std::nullopt;
    if (name == "auto") return count > 0 ? std::optional(0) : std::nullopt;
    const int index = name == "cuda" ? 0 : name.starts_with("cuda:") ? number_of(name) : -1;
    if (index < 0)
        throw Error(ErrorKind::Usage, "'" + name + "' is no device; use auto, cpu, cuda or cuda:N");
    if (index >= count) {
        throw Error(ErrorKind::NoDevice,
                    "the device " + name + " was asked for, but LibTorch sees " + std::to_string(count) +
                        " CUDA devices here (CUDA_VISIBLE_DEVICES or CUE_GPU_CORES may hide some); use "
                        "another, or --device cpu");
    }
    return index;
}

}  // namespace wetgate::compute
