#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

// Dense optical flow on the host. Everything here is a pure function of its arguments, whatever the machine's
// core count.

namespace wetgate::motion {

/// One float plane, rows packed, top row first. NaN means "not known here" to every function of this header.
struct FloatPlane {
    int width = 0;
    int height = 0;
    std::vector<float> values;

    float at(int x, int y) const {
        return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(x)];
    }
};

/// An 8 bit picture that flow is found on.
struct GrayImage {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> pixels;
};

/// Where each pixel of `from` lies in `to`: to(x + dx, y + dy) shows what from(x, y) shows.
struct FlowField {
    int width = 0;
    int height = 0;
    std::vector<float> vectors;  ///< dx, dy interleaved, in pixels of this picture

    float dx(std::size_t pixel) const { return vectors[2 * pixel]; }
    float dy(std::size_t pixel) const { return vectors[2 * pixel + 1]; }
};

enum class FlowQuality : std::uint8_t {
    Coarse,  ///< to an eighth of the size: large motion
    Fast,    ///< about a fifth of Medium's time; loses small objects
    Medium,  ///< to half the size: 15 ms for 480x270 on one core
    Fine     ///< to the full size: four times Medium's time
};

/// Codes a linear luminance for flow: the logarithm over its own median, with a toe at a tenth of it. Two
/// exposures of one picture code alike, values above 1 keep their texture, negative and unknown pixels code
/// as black.
GrayImage log_guide(const FloatPlane& luminance);

/// Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016) by
/// OpenCV. Both pictures have one size, 1 to 16384 pixels a side; very small ones are padded inside.
/// Error{Internal} otherwise. See Note [OpenCV and threads].
FlowField dense_flow(const GrayImage& from, const GrayImage& to, FlowQuality quality = FlowQuality::Medium);

/// How far, in pixels, going there by `forward` and back by `backward` ends from the start; infinite where
/// the way leads out of the picture. Above about 1 px: occluded, or the flow is wrong.
std::vector<float> round_trip_px(const FlowField& forward, const FlowField& backward);

/// `image` fetched along `flow`, bilinear: result(x, y) = image(x + dx, y + dy). NaN where that lies outside
/// `image` or touches a NaN.
FloatPlane warp(const FloatPlane& image, const FlowField& flow);

}  // namespace wetgate::motion
