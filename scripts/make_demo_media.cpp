// Makes the demo's plates: make_demo_media FOLDER [FRAMES [WIDTH HEIGHT [NOISE]]]
//   (NOISE: times the camera's)
//   truth/demo.####.exr   the clean scene, with camera noise
//   plates/demo.####.exr  the same with planted faults: exposure and colour flicker, hot and dead photosites,
//   NaN and Inf
//   rigged/demo.####.exr  the first of the clean ones with a wire, a scratch and a boom that dips in
//   relit/demo.####.exr   the first of the clean ones under another look, in light that fades and rolls in
//   bands mattes/demo.####.exr  what the ball leaves of the first of the clean ones planted.json what was
//   planted where
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "media/exr.h"
#include "media/worked.h"
#include "support/scene.h"

namespace {

using wetgate::FloatImage;
using wetgate::tests::hashed;
using wetgate::tests::hashed_normal;

struct Size {
    int width = 2048;
    int height = 1080;
};
constexpr int first_frame = 1001;
constexpr int rigged_frames = 9;
constexpr int relit_frames = 12;
constexpr int matte_frames = 24;
constexpr int defects = 120;
constexpr double exposure_sigma = 0.12;  // natural log
constexpr double channel_sigma = 0.02;
constexpr double noise_at_grey = 0.0015;

struct Defect {
    int x, y;
    bool hot;
};

std::vector<Defect> planted_defects(const Size& size) {
    std::vector<Defect> list;
    for (std::uint64_t i = 0; i < defects; ++i) {
        list.push_back({8 + static_cast<int>(hashed(i, 1) * (size.width - 16)),
                        8 + static_cast<int>(hashed(i, 2) * (size.height - 16)), i % 3 != 0});
    }
    return list;
}

// Shot noise: its deviation grows with the root of the light.
void add_noise(FloatImage& image, std::uint64_t frame, int times) {
    for (int c = 0; c < 3; ++c) {
        float* samples = image.channel(c);
        for (std::size_t i = 0; i < image.window.area(); ++i) {
            // The sum of three uniforms: close to a normal, and quick.
            const std::uint64_t key = frame * 3 + static_cast<std::uint64_t>(c);
            const double noise = hashed(key, i, 1) + hashed(key, i, 2) + hashed(key, i, 3) - 1.5;
            const double light = std::max(0.0, static_cast<double>(samples[i]));
            samples[i] +=
                static_cast<float>(2.0 * times * noise * noise_at_grey * std::sqrt(0.05 + light / 0.18));
        }
    }
}

void write(const std::filesystem::path& file, const FloatImage& image, int frame) {
    wetgate::HostFrame like;
    like.number = frame;
    like.display_window = image.window;
    like.timecode = wetgate::advanced(*wetgate::parse_timecode("01:00:00:00", {24, 1}), frame - first_frame);
    const wetgate::HostFrame host =
        wetgate::media::make_rgb_frame(like, image, wetgate::SampleType::Half, 0, std::nullopt);
    wetgate::media::ExrWriteOptions options;
    options.compression = "zip";
    wetgate::write_atomic(file, wetgate::media::encode_exr(host, options));
}

/// Puts `light` over the share of each pixel that `cover(x, y)` says.
template <class Cover>
void paint(FloatImage& image, double light, const Cover& cover) {
    for (int y = 0; y < image.window.height(); ++y) {
        for (int x = 0; x < image.window.width(); ++x) {
            const double share = cover(x, y);
            if (share <= 0) continue;
            const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(image.window.width()) +
                            static_cast<std::size_t>(x);
            for (int c = 0; c < 3; ++c) {
                float& sample = image.channel(c)[at];
                sample = static_cast<float>(sample * (1 - share) + light * share);
            }
        }
    }
}

/// What hangs, runs and dips before the scene in frame `i` of `rigged_frames`.
void add_rig(FloatImage& image, int i) {
    const double width = image.window.width(), height = image.window.height();
    const auto band = [](double off, double half) {
        return std::clamp(half + 0.5 - std::abs(off), 0.0, 1.0);
    };
    paint(image, 0.004, [&](int x, int y) {  // a wire that sways
        const double along = x / width;
        const double middle =
            height * (0.2 + 0.45 * along + 0.12 * along * (1 - along)) + (2 - 3 * along) * i;
        return band((y - middle) / std::hypot(1.0, 0.45 * height / width), 0.0013 * width);
    });
    paint(image, 0.9, [&](int x, int y) {  // a scratch that weaves
        return 0.6 * band(x - 0.31 * width - 2 * y / height - 0.4 * std::sin(1.3 * i), 0.0006 * width);
    });
    const double depth = height * (0.2 - 0.05 * std::abs(i - 4));
    if (i < 3 || i > 5) return;
    paint(image, 0.003, [&](int x, int y) {  // a boom
        const double pole = band(x - 0.7 * width - 0.1 * y, 0.006 * width);
        const double round = std::hypot((x - 0.7 * width - 0.1 * depth) / 1.5, y - depth);
        return std::max(y < depth ? pole : 0.0, std::clamp(0.012 * width + 0.5 - round, 0.0, 1.0));
    });
}

/// The light of another take in frame `i` of `relit_frames`: warmer and darker, fading, and a lamp on the
/// mains.
void relight(FloatImage& image, int i) {
    constexpr std::array<double, 3> look = {0.7, 0.58, 0.45};
    const double fade = std::exp2(-0.5 * i / (relit_frames - 1));
    const std::size_t width = static_cast<std::size_t>(image.window.width());
    for (int c = 0; c < 3; ++c) {
        float* samples = image.channel(c);
        for (std::size_t p = 0; p < image.window.area(); ++p) {
            const double y = (static_cast<double>(p / width) + 0.5) / image.window.height();
            const double lamp = std::exp(0.06 * std::sin(6.2831853 * (1.8 * y + 0.29 * i)));
            samples[p] *= static_cast<float>(look[static_cast<std::size_t>(c)] * fade * lamp);
        }
    }
}

/// With samples of its own: a FloatImage shares them with its copies.
FloatImage copied(const FloatImage& image) {
    FloatImage copy = wetgate::make_float_image(image.window);
    std::copy_n(image.channel(0), 3 * image.window.area(), copy.channel(0));
    return copy;
}

std::string numbered(int frame) {
    return "demo." + std::to_string(frame) + ".exr";
}

void make(const std::filesystem::path& folder, int frames, const Size& size, int noise) {
    for (const char* part : {"truth", "plates", "rigged", "relit", "mattes"})
        std::filesystem::create_directories(folder / part);
    const wetgate::tests::Scene scene(size.width, size.height);
    write(folder / "wide.exr", scene.wide(), first_frame);
    const std::vector<Defect> photosites = planted_defects(size);
    nlohmann::json planted = {{"gains", nlohmann::json::array()},
                              {"defects", nlohmann::json::array()},
                              {"non_finite", nlohmann::json::array()}};
    for (const Defect& defect : photosites)
        planted["defects"].push_back(
            {{"x", defect.x}, {"y", defect.y}, {"kind", defect.hot ? "hot" : "dead"}});

    for (int i = 0; i < frames; ++i) {
        const int frame = first_frame + i;
        const auto key = static_cast<std::uint64_t>(frame);
        FloatImage image = scene.frame(i);
        add_noise(image, key, noise);
        write(folder / "truth" / numbered(frame), image, frame);
        if (i < rigged_frames) {
            FloatImage rigged = copied(image);
            add_rig(rigged, i);
            write(folder / "rigged" / numbered(frame), rigged, frame);
        }

        if (i < relit_frames) {
            FloatImage relit = copied(image);
            relight(relit, i);
            write(folder / "relit" / numbered(frame), relit, frame);
        }
        if (i < matte_frames) write(folder / "mattes" / numbered(frame), scene.backdrop(i), frame);

        const double exposure = exposure_sigma * hashed_normal(key, 7);
        nlohmann::json gains = nlohmann::json::array();
        for (int c = 0; c < 3; ++c) {
            const double gain =
                std::exp(exposure + channel_sigma * hashed_normal(key, 8, static_cast<std::uint64_t>(c)));
            gains.push_back(gain);
            float* samples = image.channel(c);
            for (std::size_t p = 0; p < image.window.area(); ++p) samples[p] *= static_cast<float>(gain);
        }
        planted["gains"].push_back({{"frame", frame}, {"rgb", gains}});
        const auto at = [&size](int x, int y) {
            return static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) +
                   static_cast<std::size_t>(x);
        };
        for (std::size_t d = 0; d < photosites.size(); ++d) {
            for (int c = 0; c < 3; ++c) {
                const double glow = 0.4 + 0.8 * hashed(d, 5) + 0.01 * hashed_normal(key, d, 9);
                float& sample = image.channel(c)[at(photosites[d].x, photosites[d].y)];
                sample = photosites[d].hot ? sample + static_cast<float>(glow)
                                           : static_cast<float>(0.0005 * hashed(key, d, 12));
            }
        }
        for (std::uint64_t n = 0; n < 6; ++n) {
            const int x = static_cast<int>(hashed(key, n, 20) * size.width);
            const int y = static_cast<int>(hashed(key, n, 21) * size.height);
            const int c = static_cast<int>(n % 3);
            const bool nan = n % 2 == 0;
            image.channel(c)[at(x, y)] =
                nan ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
            planted["non_finite"].push_back(
                {{"frame", frame}, {"x", x}, {"y", y}, {"channel", c}, {"nan", nan}});
        }
        write(folder / "plates" / numbered(frame), image, frame);
        if ((i + 1) % 12 == 0 || i + 1 == frames) std::printf("demo media: %d of %d frames\n", i + 1, frames);
        std::fflush(stdout);
    }
    wetgate::write_atomic(folder / "planted.json", planted.dump(1));
}

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int index, int fallback) {
        return argc > index ? std::atoi(argv[index]) : fallback;
    };
    const int frames = number(2, 48);
    const Size size{number(3, 2048), number(4, 1080)};
    const int noise = number(5, 1);
    const bool sane = noise >= 0 && noise <= 100 && frames >= 1 && frames <= 10000 && size.width >= 64 &&
                      size.height >= 64 && size.width <= 8192 && size.height <= 8192;
    if (argc < 2 || argc == 4 || argc > 6 || !sane) {
        std::fprintf(stderr,
                     "usage: make_demo_media FOLDER [FRAMES [WIDTH HEIGHT [NOISE]]]   1-10000 frames, "
                     "64-8192 pixels, noise 0-100\n");
        return 2;
    }
    try {
        make(argv[1], frames, size, noise);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make-demo-media: %s\n", error.what());
        return 1;
    }
    return 0;
}
