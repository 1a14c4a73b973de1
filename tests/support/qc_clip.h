#pragma once
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/worked.h"
#include "qc/check.h"
#include "qc/measure.h"
#include "support/scene.h"

// Clips in linear Rec.709 light for QC, into which faults are planted.

namespace wetgate::tests {

/// A steady pan over a landscape by formula, with grain.
inline std::vector<FloatImage> pan(int count, int width = 320, int height = 180, int pace_px = 3) {
    const int wide = width + pace_px * count, high = height;
    FloatImage land = make_float_image({0, 0, wide, high});
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < high; ++y) {
            for (int x = 0; x < wide; ++x) {
                double value = 0;
                for (std::uint64_t k = 0; k < 10; ++k) {
                    const double angle = 6.2831853 * hashed(1, k), length = 30 * std::pow(8.0, hashed(2, k));
                    value += std::sin(6.2831853 / length * (std::cos(angle) * x + std::sin(angle) * y) +
                                      6.2831853 * hashed(3, k, static_cast<std::uint64_t>(c / 2)));
                }
                land.channel(c)[static_cast<std::size_t>(y * wide + x)] =
                    static_cast<float>(std::clamp(0.18 * std::exp(0.35 * value), 0.02, 0.9));
            }
        }
    }
    std::vector<FloatImage> frames;
    for (int i = 0; i < count; ++i) {
        FloatImage frame = make_float_image({0, 0, width, height});
        for (int c = 0; c < 3; ++c) {
            for (int y = 0; y < height; ++y) {
                for (int x = 0; x < width; ++x) {
                    const auto at = static_cast<std::size_t>(y * width + x);
                    const float light = land.channel(c)[static_cast<std::size_t>(y * wide + x + pace_px * i)];
                    const double grain =
                        hashed_normal(static_cast<std::uint64_t>(i + 10), at, static_cast<std::uint64_t>(c));
                    frame.channel(c)[at] =
                        light + static_cast<float>(0.01 * std::sqrt(static_cast<double>(light)) * grain);
                }
            }
        }
        frames.push_back(frame);
    }
    return frames;
}

inline FloatImage copy_of(const FloatImage& image) {
    FloatImage copy = make_float_image(image.window);
    std::copy_n(image.channel(0), 3 * image.window.area(), copy.channel(0));
    return copy;
}

/// Every sample through `change(value, channel, x, y)`.
template <class Change>
FloatImage changed(const FloatImage& image, Change change) {
    FloatImage made = copy_of(image);
    const int width = image.window.width();
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < image.window.area(); ++i) {
            float& value = made.channel(c)[i];
            value = static_cast<float>(change(static_cast<double>(value), c, static_cast<int>(i) % width,
                                              static_cast<int>(i) / width));
        }
    }
    return made;
}

inline qc::PictureFacts look(const FloatImage& picture, int number, const std::vector<float>* touch = nullptr,
                             const std::optional<Timecode>& timecode = {}) {
    HostFrame like;
    like.number = number;
    like.display_window = picture.window;
    like.timecode = timecode;
    const HostFrame frame = media::make_rgb_frame(like, picture, SampleType::F32, 0, std::nullopt);
    const std::function<void(FloatImage&)> is_light_already = [](FloatImage&) {};
    return qc::measure({frame, picture, true, is_light_already, touch}).facts;
}

/// Numbered from 1001, at 24 frames a second, with timecode; output = input.
inline qc::ShotFacts facts_of(const std::vector<FloatImage>& frames) {
    qc::ShotFacts shot;
    shot.name = "s";
    shot.range = {1001, 1001 + static_cast<int>(frames.size())};
    shot.rate = {24, 1};
    shot.start = Timecode{86400, shot.rate, false};
    for (std::size_t i = 0; i < frames.size(); ++i) {
        qc::FrameFacts frame;
        frame.input =
            std::make_shared<qc::PictureFacts>(look(frames[i], 1001 + static_cast<int>(i), nullptr,
                                                    advanced(*shot.start, static_cast<std::int64_t>(i))));
        frame.output = frame.input;
        shot.frames.push_back(std::move(frame));
    }
    return shot;
}

}  // namespace wetgate::tests
