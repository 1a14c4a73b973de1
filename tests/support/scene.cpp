#include "support/scene.h"

#include <algorithm>

namespace wetgate::tests {
namespace {

constexpr int octaves = 6;
constexpr int margin_px = 96;  // the pan stays inside

// Value noise with a quintic fade: smooth enough that resampling it by a fraction of a pixel is well-behaved.
double value_noise(double x, double y, std::uint64_t seed) {
    const double fx = std::floor(x);
    const double fy = std::floor(y);
    const auto fade = [](double t) { return t * t * t * (t * (t * 6 - 15) + 10); };
    const double u = fade(x - fx);
    const double v = fade(y - fy);
    const auto at = [&](int dx, int dy) {
        return hashed(static_cast<std::uint64_t>(static_cast<std::int64_t>(fx) + dx + 100000),
                      static_cast<std::uint64_t>(static_cast<std::int64_t>(fy) + dy + 100000), seed);
    };
    return (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v;
}

double fractal(double x, double y, std::uint64_t seed) {
    double sum = 0;
    double amplitude = 0.5;
    for (int octave = 0; octave < octaves; ++octave) {
        sum += amplitude * value_noise(x, y, seed + static_cast<std::uint64_t>(octave));
        amplitude *= 0.5;
        x *= 2.03;
        y *= 2.03;
    }
    return sum;
}

/// The ball of frame `index`.
struct Ball {
    Ball(int index, int width, int height)
        : x(width * (-0.1 + 0.025 * index)),
          y(height * (0.62 - 0.12 * std::abs(std::sin(index * 0.16)))),
          radius(height * 0.06) {}

    /// The share of the pixel at (px, py) that it covers.
    float cover(int px, int py) const {
        return static_cast<float>(std::clamp(radius - std::hypot(px - x, py - y) + 0.5, 0.0, 1.0));
    }
    double shade(int px, int py) const {
        const double off = std::hypot(px - x + radius * 0.35, py - y + radius * 0.4) / (1.6 * radius);
        return 0.25 + 0.75 * std::clamp(1.0 - off, 0.0, 1.0);
    }

    double x, y, radius;
};

}  // namespace

Scene::Scene(int width, int height)
    : width_(width),
      height_(height),
      texture_width_(width + 2 * margin_px),
      texture_height_(height + 2 * margin_px),
      texture_(3 * static_cast<std::size_t>(texture_width_) * static_cast<std::size_t>(texture_height_)) {
    const double scale = 6.0 / height;
    for (int y = 0; y < texture_height_; ++y) {
        for (int x = 0; x < texture_width_; ++x) {
            const double horizon =
                0.42 * texture_height_ + 0.22 * height * (fractal(x * scale * 0.35, 3.7, 11) - 0.5);
            const double detail = fractal(x * scale, y * scale, 1);
            const double tint = fractal(x * scale * 0.5, y * scale * 0.5, 40);
            double rgb[3];
            if (y < horizon) {
                const double up = 1.0 - y / horizon;
                const double cloud = std::max(0.0, detail - 0.42) * 2.2;
                rgb[0] = 0.32 - 0.18 * up + cloud;
                rgb[1] = 0.42 - 0.16 * up + cloud;
                rgb[2] = 0.62 - 0.08 * up + 0.9 * cloud;
                const double sun = std::hypot(x - 0.74 * texture_width_, y - 0.16 * texture_height_) / height;
                for (double& channel : rgb)
                    channel += 14.0 * std::exp(-sun * sun / 0.0009) + 0.25 * std::exp(-sun * sun / 0.03);
            } else {
                const double ground =
                    0.03 + 0.30 * detail * detail * (0.6 + 0.8 * (y - horizon) / texture_height_);
                rgb[0] = ground * (0.9 + 0.5 * tint);
                rgb[1] = ground * (1.1 - 0.1 * tint);
                rgb[2] = ground * (0.55 + 0.2 * tint);
            }
            for (int c = 0; c < 3; ++c) {
                texture_[(static_cast<std::size_t>(c) * static_cast<std::size_t>(texture_height_) +
                          static_cast<std::size_t>(y)) *
                             static_cast<std::size_t>(texture_width_) +
                         static_cast<std::size_t>(x)] = static_cast<float>(rgb[c]);
            }
        }
    }
}

float Scene::texture(double x, double y, int channel) const {
    const int x0 = std::clamp(static_cast<int>(x), 0, texture_width_ - 2);
    const int y0 = std::clamp(static_cast<int>(y), 0, texture_height_ - 2);
    const auto u = static_cast<float>(x - x0);
    const auto v = static_cast<float>(y - y0);
    const float* row = texture_.data() +
                       (static_cast<std::size_t>(channel) * static_cast<std::size_t>(texture_height_) +
                        static_cast<std::size_t>(y0)) *
                           static_cast<std::size_t>(texture_width_) +
                       static_cast<std::size_t>(x0);
    const float* below = row + texture_width_;
    return (row[0] * (1 - u) + row[1] * u) * (1 - v) + (below[0] * (1 - u) + below[1] * u) * v;
}

FloatImage Scene::frame(int index) const {
    FloatImage image = make_float_image({0, 0, width_, height_});
    const double t = index;
    // At most a few pixels a frame, never by whole pixels, and always inside the margin.
    const double pan_x = margin_px + 70.0 * std::sin(t * 0.045) + 2.3 * std::sin(t * 0.61);
    const double pan_y = margin_px + 40.0 * std::sin(t * 0.031 + 1.0) + 1.7 * std::sin(t * 0.47);
    const Ball ball(index, width_, height_);
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x) {
            const std::size_t at =
                static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
            const float cover = ball.cover(x, y);
            const double shade = ball.shade(x, y);
            constexpr double ball_color[3] = {0.55, 0.09, 0.05};
            for (int c = 0; c < 3; ++c) {
                const float behind = texture(x + pan_x, y + pan_y, c);
                image.channel(c)[at] = behind + cover * (static_cast<float>(ball_color[c] * shade) - behind);
            }
        }
    }
    return image;
}

FloatImage Scene::backdrop(int index) const {
    FloatImage image = make_float_image({0, 0, width_, height_});
    const Ball ball(index, width_, height_);
    std::size_t at = 0;
    for (int y = 0; y < height_; ++y) {
        for (int x = 0; x < width_; ++x, ++at)
            for (int c = 0; c < 3; ++c) image.channel(c)[at] = 1 - ball.cover(x, y);
    }
    return image;
}

FloatImage Scene::wide() const {
    FloatImage image = make_float_image({0, 0, width_ + 2 * margin_px, height_ + 2 * margin_px});
    for (int c = 0; c < 3; ++c) {
        float* sample = image.channel(c);
        for (int y = 0; y < image.window.height(); ++y)
            for (int x = 0; x < image.window.width(); ++x) *sample++ = texture(x, y, c);
    }
    return image;
}

}  // namespace wetgate::tests
