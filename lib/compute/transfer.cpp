#include "compute/transfer.h"

#include <ATen/ATen.h>

#include <cstring>

namespace wetgate::compute {
namespace {

at::TensorOptions host_float() {
    return at::TensorOptions().dtype(at::kFloat).device(at::kCPU);
}

at::Tensor to_device(const at::Tensor& host, c10::Device device) {
    if (device.is_cpu()) return host;
    return host.pin_memory().to(device, /*non_blocking=*/true);
}

// A tensor over the buffer's own memory, which it keeps alive.
at::Tensor view_of(const std::shared_ptr<Buffer>& buffer, at::IntArrayRef shape) {
    return at::from_blob(
        buffer->data(), shape, [buffer](void*) {}, host_float());
}

at::Tensor cut(const at::Tensor& tensor, const Box& from, const Box& window) {
    at::Tensor cut_out = at::zeros({tensor.size(0), window.height(), window.width()}, tensor.options());
    const Box common = intersection(from, window);
    if (common.empty()) return cut_out;
    const auto part = [&common](const at::Tensor& whole, const Box& origin) {
        return whole.slice(1, common.y0 - origin.y0, common.y1 - origin.y0)
            .slice(2, common.x0 - origin.x0, common.x1 - origin.x0);
    };
    part(cut_out, window).copy_(part(tensor, from));
    return cut_out;
}

}  // namespace

DeviceFrame upload(const FloatImage& image, int number, c10::Device device) {
    const std::int64_t height = image.window.height();
    const std::int64_t width = image.window.width();
    DeviceFrame frame;
    frame.number = number;
    frame.window = image.window;
    frame.pixels = to_device(view_of(image.data, {3, height, width}), device);
    frame.touch = at::zeros({1, height, width}, host_float().device(device));
    return frame;
}

at::Tensor upload_mask(const std::vector<float>& mask, const Box& window, c10::Device device) {
    at::Tensor host = at::empty({1, window.height(), window.width()}, host_float());
    std::memcpy(host.data_ptr<float>(), mask.data(), mask.size() * sizeof(float));
    return to_device(host, device);
}

FloatImage download(const DeviceFrame& frame) {
    FloatImage image = make_float_image(frame.window);
    const at::Tensor host = frame.pixels.to(at::kCPU).contiguous();
    std::memcpy(image.data->data(), host.data_ptr<float>(), image.data->size());
    return image;
}

std::vector<float> download_mask(const at::Tensor& mask) {
    const at::Tensor host = mask.to(at::kCPU, at::kFloat).contiguous();
    const float* values = host.data_ptr<float>();
    return {values, values + host.numel()};
}

DeviceFrame cut_to(const DeviceFrame& frame, const Box& window) {
    if (frame.window == window) return frame;
    DeviceFrame result = frame;
    result.window = window;
    result.pixels = cut(frame.pixels, frame.window, window);
    result.touch = cut(frame.touch, frame.window, window);
    return result;
}

}  // namespace wetgate::compute
