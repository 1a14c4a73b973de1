#include "media/exr_luma_chroma.h"

#include <ImfChromaticities.h>
#include <ImfRgbaYca.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "core/error.h"
#include "media/exr_convert.h"
#include "media/exr_frame.h"

namespace wetgate::media {
namespace {

using Weights = std::array<float, 3>;

constexpr float largest_chroma = 65504.0F;

Weights luminance_weights(const HostFrame& frame) {
    Imf::Chromaticities primaries;  // Rec. 709
    if (const exr::ExrHeader* header = exr::exr_header_of(frame)) {
        const auto part = static_cast<std::size_t>(frame.worked_part().part);
        const RawAttribute* attribute = exr::find_attribute(header->raw.parts.at(part), "chromaticities");
        if (attribute != nullptr && attribute->type == "chromaticities") {
            const auto at = [&](std::size_t i) {
                return Imath::V2f(exr::value_at<float>(attribute->value, 8 * i),
                                  exr::value_at<float>(attribute->value, 8 * i + 4));
            };
            primaries = Imf::Chromaticities(at(0), at(1), at(2), at(3));
        }
    }
    const Imath::V3f weights = Imf::RgbaYca::computeYw(primaries);
    return {weights.x, weights.y, weights.z};
}

float sample(const Plane& plane, std::size_t at) {
    return plane.type == SampleType::Half ? exr::half_value(plane.samples<std::uint16_t>()[at])
                                          : plane.samples<float>()[at];
}

void set_sample(Plane& plane, std::size_t at, float value) {
    if (plane.type == SampleType::Half) {
        plane.samples<std::uint16_t>()[at] = exr::half_bits(value);
    } else {
        plane.samples<float>()[at] = value;
    }
}

const Plane& worked_plane(const HostFrame& frame, int index) {
    if (frame.worked.model != PixelModel::LumaChroma)
        throw Error(ErrorKind::Internal, "is no luminance-chroma picture");
    return frame.worked_part().planes.at(static_cast<std::size_t>(frame.worked.plane[index]));
}

// A chroma plane at every pixel of `window`, interpolated linearly; the last samples repeat past the edge.
std::vector<float> full_resolution(const Plane& plane, const Box& window) {
    const auto width = static_cast<std::size_t>(window.width());
    std::vector<float> out(window.area());
    for (int y = 0; y < window.height(); ++y) {
        const int row = y / plane.y_sampling;
        const float down = static_cast<float>(y % plane.y_sampling) / static_cast<float>(plane.y_sampling);
        const auto row0 = static_cast<std::size_t>(row) * static_cast<std::size_t>(plane.width);
        const auto row1 = static_cast<std::size_t>(std::min(row + 1, plane.height - 1)) *
                          static_cast<std::size_t>(plane.width);
        for (int x = 0; x < window.width(); ++x) {
            const auto left = static_cast<std::size_t>(x / plane.x_sampling);
            const std::size_t right = std::min(left + 1, static_cast<std::size_t>(plane.width) - 1);
            const float along =
                static_cast<float>(x % plane.x_sampling) / static_cast<float>(plane.x_sampling);
            const auto mix = [](float a, float b, float t) { return t == 0 ? a : a + (b - a) * t; };
            out[static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x)] =
                mix(mix(sample(plane, row0 + left), sample(plane, row0 + right), along),
                    mix(sample(plane, row1 + left), sample(plane, row1 + right), along), down);
        }
    }
    return out;
}

// (value - luma) / luma, 0 where that has no meaning (as OpenEXR's RGBAtoYCA).
float chroma(float value, float luma) {
    const float difference = value - luma;
    return std::abs(difference) < largest_chroma * std::abs(luma) ? difference / luma : 0.0F;
}

float luminance(const FloatImage& rgb, std::size_t at, const Weights& weights) {
    const float r = rgb.channel(0)[at], g = rgb.channel(1)[at], b = rgb.channel(2)[at];
    if (r == g && g == b) return g;  // exact for greys
    return weights[0] * r + weights[1] * g + weights[2] * b;
}

// Adds to each sample of `plane` the tent-weighted change of its chroma (channel 0: red, 2: blue) at touched
// pixels.
void add_chroma_change(Plane& plane, const Box& window, const FloatImage& before, const FloatImage& after,
                       int channel, const Weights& weights, const std::vector<float>& touch) {
    plane.make_unique();
    const auto width = static_cast<std::size_t>(window.width());
    for (int sy = 0; sy < plane.height; ++sy) {
        for (int sx = 0; sx < plane.width; ++sx) {
            float change = 0, total = 0;
            bool touched = false;
            for (int dy = 1 - plane.y_sampling; dy < plane.y_sampling; ++dy) {
                for (int dx = 1 - plane.x_sampling; dx < plane.x_sampling; ++dx) {
                    const int x = sx * plane.x_sampling + dx;
                    const int y = sy * plane.y_sampling + dy;
                    if (x < 0 || y < 0 || x >= window.width() || y >= window.height()) continue;
                    const float weight = static_cast<float>((plane.x_sampling - std::abs(dx)) *
                                                            (plane.y_sampling - std::abs(dy)));
                    total += weight;
                    const std::size_t at = static_cast<std::size_t>(y) * width + static_cast<std::size_t>(x);
                    if (!(touch[at] > 0)) continue;
                    touched = true;
                    change += weight * (chroma(after.channel(channel)[at], luminance(after, at, weights)) -
                                        chroma(before.channel(channel)[at], luminance(before, at, weights)));
                }
            }
            if (!touched || change == 0 || !std::isfinite(change)) continue;
            const std::size_t at = static_cast<std::size_t>(sy) * static_cast<std::size_t>(plane.width) +
                                   static_cast<std::size_t>(sx);
            set_sample(plane, at, sample(plane, at) + change / total);
        }
    }
}

}  // namespace

FloatImage rgb_from_luma_chroma(const HostFrame& frame) {
    const Weights weights = luminance_weights(frame);
    const Plane& luma = worked_plane(frame, 0);
    const std::vector<float> red = full_resolution(worked_plane(frame, 1), frame.window());
    const std::vector<float> blue = full_resolution(worked_plane(frame, 2), frame.window());
    FloatImage rgb = make_float_image(frame.window());
    for (std::size_t i = 0; i < red.size(); ++i) {
        const float y = sample(luma, i);
        const bool grey = red[i] == 0 && blue[i] == 0;
        const float r = grey ? y : (red[i] + 1) * y;
        const float b = grey ? y : (blue[i] + 1) * y;
        rgb.channel(0)[i] = r;
        rgb.channel(1)[i] = grey ? y : (y - r * weights[0] - b * weights[2]) / weights[1];
        rgb.channel(2)[i] = b;
    }
    return rgb;
}

void luma_chroma_from_rgb(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch) {
    const FloatImage before = rgb_from_luma_chroma(frame);
    const Box window = frame.window();
    if (rgb.window != window || touch.size() != window.area()) {
        throw Error(ErrorKind::Internal, "a picture or touch matte has another size than the frame");
    }
    const Weights weights = luminance_weights(frame);
    ImagePart& part = frame.worked_part();
    const auto plane = [&](int index) -> Plane& {
        return part.planes[static_cast<std::size_t>(frame.worked.plane[index])];
    };
    add_chroma_change(plane(1), window, before, rgb, 0, weights, touch);
    add_chroma_change(plane(2), window, before, rgb, 2, weights, touch);
    Plane& luma = plane(0);
    luma.make_unique();
    for (std::size_t i = 0; i < touch.size(); ++i) {
        if (!(touch[i] > 0)) continue;
        bool same = true;
        for (int c = 0; c < 3; ++c) same = same && rgb.channel(c)[i] == before.channel(c)[i];
        if (!same) set_sample(luma, i, luminance(rgb, i, weights));
    }
}

}  // namespace wetgate::media
