#include "motion/flow.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

using wetgate::Error;
using wetgate::motion::dense_flow;
using wetgate::motion::FloatPlane;
using wetgate::motion::FlowField;
using wetgate::motion::FlowQuality;
using wetgate::motion::GrayImage;
using wetgate::motion::log_guide;
using wetgate::motion::round_trip_px;
using wetgate::motion::warp;

namespace {

/// A smooth texture with detail from 6 to 40 px, moved by (dx, dy).
FloatPlane texture(int width, int height, double dx, double dy, double gain = 1.0) {
    FloatPlane plane{width, height, {}};
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const double u = x - dx;
            const double v = y - dy;
            plane.values.push_back(static_cast<float>(
                gain *
                (0.3 + 0.1 * std::sin(0.31 * u + 0.4 * std::sin(0.13 * v)) * std::cos(0.23 * v + 0.05 * u) +
                 0.1 * std::sin(0.9 * u) * std::sin(0.8 * v + 0.1 * u))));
        }
    }
    return plane;
}

FlowField uniform_flow(int width, int height, float dx, float dy) {
    FlowField flow{width, height, {}};
    for (int i = 0; i < width * height; ++i) {
        flow.vectors.push_back(dx);
        flow.vectors.push_back(dy);
    }
    return flow;
}

double median_error(const FlowField& flow, double dx, double dy) {
    std::vector<double> errors;
    for (int y = 16; y < flow.height - 16; ++y) {
        for (int x = 16; x < flow.width - 16; ++x) {
            const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(flow.width) +
                           static_cast<std::size_t>(x);
            errors.push_back(
                std::hypot(static_cast<double>(flow.dx(i)) - dx, static_cast<double>(flow.dy(i)) - dy));
        }
    }
    std::nth_element(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2),
                     errors.end());
    return errors[errors.size() / 2];
}

}  // namespace

TEST_CASE("flow finds a pan to a tenth of a pixel, whatever the exposure does") {
    const GrayImage from = log_guide(texture(200, 120, 0.0, 0.0));
    for (const double gain : {1.0, 0.5, 1.7}) {
        CAPTURE(gain);
        const GrayImage to = log_guide(texture(200, 120, 3.25, -1.5, gain));
        CHECK(median_error(dense_flow(from, to), 3.25, -1.5) < 0.1);
        CHECK(median_error(dense_flow(from, to, FlowQuality::Fast), 3.25, -1.5) < 0.2);
    }
}

TEST_CASE("flow gives the same bits each time") {
    const GrayImage from = log_guide(texture(97, 61, 0.0, 0.0));
    const GrayImage to = log_guide(texture(97, 61, 1.5, 2.0));
    CHECK(dense_flow(from, to).vectors == dense_flow(from, to).vectors);
}

TEST_CASE("pictures too small for a pyramid still have a flow of their own size") {
    for (const int side : {1, 2, 7, 13, 40}) {
        CAPTURE(side);
        const GrayImage image = log_guide(texture(side, side, 0.0, 0.0));
        const FlowField flow = dense_flow(image, image);
        CHECK(flow.width == side);
        CHECK(flow.vectors.size() == static_cast<std::size_t>(2 * side * side));
        const bool still = std::all_of(flow.vectors.begin(), flow.vectors.end(),
                                       [](float v) { return std::abs(v) < 0.01F; });
        CHECK(still);
    }
}

TEST_CASE("pictures of two sizes, or without their samples, have no flow") {
    const GrayImage image = log_guide(texture(40, 30, 0.0, 0.0));
    CHECK_THROWS_AS(dense_flow(image, log_guide(texture(40, 31, 0.0, 0.0))), Error);
    CHECK_THROWS_AS(dense_flow({40, 30, std::vector<std::uint8_t>(7)}, image), Error);
    CHECK_THROWS_AS(dense_flow({0, 0, {}}, {0, 0, {}}), Error);
}

TEST_CASE("the guide codes two exposures alike and survives what is no number") {
    FloatPlane plane = texture(64, 64, 0.0, 0.0);
    const GrayImage guide = log_guide(plane);
    for (float& value : plane.values) value *= 8.0F;
    CHECK(log_guide(plane).pixels == guide.pixels);
    plane.values[5] = std::numeric_limits<float>::quiet_NaN();
    plane.values[6] = -1.0F;
    plane.values[7] = std::numeric_limits<float>::infinity();
    const GrayImage odd = log_guide(plane);
    CHECK(odd.pixels[5] == 0);
    CHECK(odd.pixels[6] == 0);
    CHECK(odd.pixels[7] == 0);
    // One median is 3.46 stops above black: log2(1.1) + log2(10) = 3.459 stops of 32 levels each.
    CHECK(log_guide({2, 2, {0.5F, 0.5F, 0.5F, 0.5F}}).pixels[0] == 110);
    CHECK(log_guide({2, 2, {0.0F, 0.0F, 0.0F, 0.0F}}).pixels[0] == 0);
}

TEST_CASE("a warp fetches along the flow and knows what it does not know") {
    FloatPlane ramp{5, 4, {}};
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 5; ++x) ramp.values.push_back(static_cast<float>(x + 10 * y));
    }
    const FloatPlane moved = warp(ramp, uniform_flow(5, 4, 0.5F, 1.0F));
    CHECK(moved.at(0, 0) == doctest::Approx(10.5));
    CHECK(moved.at(3, 2) == doctest::Approx(33.5));
    CHECK(std::isnan(moved.at(4, 0)));
    CHECK(std::isnan(moved.at(0, 3)));
    CHECK(warp(ramp, uniform_flow(5, 4, 0.0F, 0.0F)).values == ramp.values);
    ramp.values[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(warp(ramp, uniform_flow(5, 4, 0.5F, 0.0F)).at(0, 0)));
    CHECK(warp(ramp, uniform_flow(5, 4, 0.5F, 0.0F)).at(1, 0) == doctest::Approx(1.5));
}

TEST_CASE("a round trip closes where the flows are each other's inverse") {
    const auto closed = round_trip_px(uniform_flow(8, 6, 2.0F, 1.0F), uniform_flow(8, 6, -2.0F, -1.0F));
    CHECK(closed[0] == 0.0F);
    CHECK(std::isinf(closed[7]));  // its way leads out of the picture
    const auto open = round_trip_px(uniform_flow(8, 6, 2.0F, 0.0F), uniform_flow(8, 6, 1.0F, 4.0F));
    CHECK(open[0] == doctest::Approx(5.0));
}
