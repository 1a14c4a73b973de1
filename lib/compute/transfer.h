#pragma once
#include <c10/core/Device.h>

#include <vector>

#include "compute/device_frame.h"
#include "core/host_frame.h"

namespace wetgate::compute {

/// A frame on `device` from working-linear `image`, nothing touched yet. On the CPU the tensor shares the
/// image's memory (so the image must not be written afterwards); on CUDA the copy goes through pinned memory
/// on the current stream.
DeviceFrame upload(const FloatImage& image, int number, c10::Device device);

/// A [1,H,W] mask on `device` from H * W floats.
at::Tensor upload_mask(const std::vector<float>& mask, const Box& window, c10::Device device);

/// Back to the host. Waits for the device.
FloatImage download(const DeviceFrame& frame);
/// A [1,H,W] mask as H * W floats.
std::vector<float> download_mask(const at::Tensor& mask);

/// The part of `frame` over `window`, zeros where the frame has no data. The same tensors when the windows
/// agree.
DeviceFrame cut_to(const DeviceFrame& frame, const Box& window);

}  // namespace wetgate::compute
