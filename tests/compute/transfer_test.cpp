#include "compute/transfer.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace wetgate::compute {
namespace {

FloatImage numbered_image(const Box& window) {
    FloatImage image = make_float_image(window);
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < window.area(); ++i)
            image.channel(c)[i] = static_cast<float>(c) * 1000.0F + static_cast<float>(i);
    }
    return image;
}

}  // namespace

TEST_CASE("a frame comes back from the device as it went, with nothing touched") {
    const FloatImage image = numbered_image({-2, 3, 5, 7});
    const DeviceFrame frame = upload(image, 42, at::kCPU);
    CHECK(frame.number == 42);
    CHECK(frame.pixels.sizes() == at::IntArrayRef({3, 4, 7}));
    const FloatImage back = download(frame);
    CHECK(back.window == image.window);
    CHECK(std::equal(back.channel(0), back.channel(0) + 3 * image.window.area(), image.channel(0)));
    for (const float touch : download_mask(frame.touch)) CHECK(touch == 0.0F);
}

TEST_CASE("a frame cut to another window keeps picture coordinates and is zero where it has no data") {
    const DeviceFrame frame = upload(numbered_image({0, 0, 4, 3}), 1, at::kCPU);
    const DeviceFrame cut = cut_to(frame, {2, -1, 6, 2});
    CHECK(cut.window == Box{2, -1, 6, 2});
    const auto at = [&cut](int c, int y, int x) { return cut.pixels[c][y + 1][x - 2].item<float>(); };
    CHECK(at(1, 0, 2) == 1002.0F);
    CHECK(at(1, 1, 3) == 1007.0F);
    CHECK(at(0, -1, 2) == 0.0F);
    CHECK(at(2, 1, 5) == 0.0F);
}

TEST_CASE("a frame cut to its own window is the same memory") {
    const DeviceFrame frame = upload(numbered_image({0, 0, 4, 3}), 1, at::kCPU);
    CHECK(cut_to(frame, frame.window).pixels.data_ptr() == frame.pixels.data_ptr());
}

}  // namespace wetgate::compute
