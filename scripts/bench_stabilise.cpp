// What scripts/bench_stabilise.py needs of C++. Raw gray8 video of W x H comes in on stdin.
//   views W H ZOOM smooth|bump|lock: a line a frame: dx dy rotation_deg scale of the view
//   warp W H TO_W TO_H VIEWS: video of TO_W x TO_H: what the views of the file VIEWS show
//   judge W H: a line a frame: a b dx dy of the step from the frame before, found by dense flow where `views`
//     follows points; PSNR between the two
//   sharpness W H VIEWS: root mean square of the gradient and of the Laplacian of what the views show, as
//     shares of those of an ideal resample (Kaiser-windowed sinc of 24 lobes) by the same views, over every
//     15th frame, in the coding that pictures are resampled in
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "color/acescct.h"
#include "framing/camera_path.h"
#include "framing/resample.h"
#include "framing/view_links.h"
#include "motion/flow.h"
#include "motion/opencv_threads.h"

namespace {

using wetgate::framing::PathMode;
using wetgate::framing::Similarity;
using wetgate::motion::GrayImage;

std::optional<GrayImage> next_frame(int width, int height) {
    GrayImage image{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height))};
    if (std::fread(image.pixels.data(), 1, image.pixels.size(), stdin) != image.pixels.size())
        return std::nullopt;
    return image;
}

cv::Mat view(GrayImage& image) {
    return {image.height, image.width, CV_8UC1, image.pixels.data()};
}

int views(int width, int height, double zoom, const std::string& mode) {
    std::vector<std::vector<wetgate::framing::ViewLink>> links;
    std::deque<GrayImage> last;  // the newest first
    while (auto now = next_frame(width, height)) {
        links.emplace_back();
        const int frame = static_cast<int>(links.size()) - 1;
        for (const int back : wetgate::framing::link_distances(frame)) {
            if (static_cast<std::size_t>(back) > last.size() || (back > 1 && mode != "lock")) continue;
            const auto& before = last[static_cast<std::size_t>(back - 1)];
            links.back().push_back({back, wetgate::framing::view_step(before, *now)});
        }
        last.push_front(std::move(*now));
        if (last.size() > wetgate::framing::farthest_link) last.pop_back();
    }
    const auto steps = joined_steps(links, {}, width, height);
    wetgate::framing::PathOptions options;
    options.most_zoom = zoom;
    options.mode = mode == "bump" ? PathMode::Bump : mode == "lock" ? PathMode::Lock : PathMode::Smooth;
    const auto path = solved_path(steps, {}, width, height, options);
    for (const auto& frame : path.views) {
        std::printf("%.9g %.9g %.9g %.9g\n", frame.dx_px, frame.dy_px, frame.rotation_deg,
                    frame.scale / path.scenes.front().zoom);
    }
    return 0;
}

int warp(int width, int height, int to_width, int to_height, const char* file) {
    std::ifstream list(file);
    double dx = 0, dy = 0, rotation = 0, scale = 0;
    while (list >> dx >> dy >> rotation >> scale) {
        auto now = next_frame(width, height);
        if (!now) break;
        const Similarity map = Similarity::of(dx, dy, rotation, scale);
        const double x = wetgate::framing::middle(to_width), y = wetgate::framing::middle(to_height);
        const cv::Matx23d to_plate(
            map.a, -map.b, map.dx + wetgate::framing::middle(width) - map.a * x + map.b * y,  //
            map.b, map.a, map.dy + wetgate::framing::middle(height) - map.b * x - map.a * y);
        cv::Mat made;
        cv::warpAffine(view(*now), made, to_plate, {to_width, to_height},
                       cv::INTER_LANCZOS4 | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
        std::fwrite(made.data, 1, made.total(), stdout);
    }
    return 0;
}

struct Vector {
    double x, y, u, v;  // from the centre, there and in the next frame
};

/// The similarity of the textured half of the picture: all vectors, by Cauchy's weights, ever narrower.
Similarity fitted(const std::vector<Vector>& vectors) {
    Similarity map;
    for (double width_px = 64; width_px > 0.4; width_px *= 0.8) {
        double w = 0, x = 0, y = 0, u = 0, v = 0, spread = 0, along = 0, across = 0;
        std::vector<double> weights;
        for (const Vector& at : vectors) {
            const double error = std::hypot(map.a * at.x - map.b * at.y + map.dx - at.u,
                                            map.b * at.x + map.a * at.y + map.dy - at.v);
            const double weight = 1 / (1 + error * error / (width_px * width_px));
            weights.push_back(weight);
            w += weight, x += weight * at.x, y += weight * at.y, u += weight * at.u, v += weight * at.v;
        }
        x /= w, y /= w, u /= w, v /= w;
        for (std::size_t i = 0; i < vectors.size(); ++i) {
            const auto& at = vectors[i];
            spread += weights[i] * ((at.x - x) * (at.x - x) + (at.y - y) * (at.y - y));
            along += weights[i] * ((at.x - x) * (at.u - u) + (at.y - y) * (at.v - v));
            across += weights[i] * ((at.x - x) * (at.v - v) - (at.y - y) * (at.u - u));
        }
        map.a = along / spread, map.b = across / spread;
        map.dx = u - map.a * x + map.b * y, map.dy = v - map.b * x - map.a * y;
    }
    return map;
}

int judge(int width, int height) {
    constexpr int margin = 24, grid = 6;
    std::optional<GrayImage> before;
    while (auto now = next_frame(width, height)) {
        Similarity map;
        double psnr = 0;
        if (before) {
            const auto flow = wetgate::motion::dense_flow(*before, *now);
            cv::Mat corners;
            cv::cornerMinEigenVal(view(*before), corners, 7);
            std::vector<float> strengths;
            std::vector<Vector> vectors;
            for (int y = margin; y < height - margin; y += grid)
                for (int x = margin; x < width - margin; x += grid)
                    strengths.push_back(corners.at<float>(y, x));
            std::nth_element(strengths.begin(),
                             strengths.begin() + static_cast<std::ptrdiff_t>(strengths.size() / 2),
                             strengths.end());
            for (int y = margin; y < height - margin; y += grid) {
                for (int x = margin; x < width - margin; x += grid) {
                    if (corners.at<float>(y, x) < strengths[strengths.size() / 2]) continue;
                    const auto at = static_cast<std::size_t>(y * width + x);
                    const double px = x - wetgate::framing::middle(width),
                                 py = y - wetgate::framing::middle(height);
                    vectors.push_back({px, py, px + static_cast<double>(flow.dx(at)),
                                       py + static_cast<double>(flow.dy(at))});
                }
            }
            map = fitted(vectors);
            psnr = cv::PSNR(view(*before), view(*now));
        }
        std::printf("%.9g %.9g %.9g %.9g %.4f\n", map.a, map.b, map.dx, map.dy, psnr);
        before = std::move(now);
    }
    return 0;
}

/// What an ideal resample has at a place: samples beyond the edge repeat it.
double ideal(const GrayImage& image, double x, double y) {
    constexpr int lobes = 24;
    constexpr double beta = 6;
    const auto weights = [](double place, double(&list)[2 * lobes]) {
        double sum = 0;
        for (int i = 0; i < 2 * lobes; ++i) {
            const double s = place - (std::floor(place) - lobes + 1 + i);
            const double sinc = s == 0 ? 1 : std::sin(std::numbers::pi * s) / (std::numbers::pi * s);
            const double inside = std::max(0.0, 1 - s * s / (lobes * lobes));
            list[i] = sinc * std::cyl_bessel_i(0, beta * std::sqrt(inside));
            sum += list[i];
        }
        for (double& weight : list) weight /= sum;
    };
    double across[2 * lobes], down[2 * lobes], value = 0;
    weights(x, across);
    weights(y, down);
    for (int j = 0; j < 2 * lobes; ++j) {
        const int row = std::clamp(static_cast<int>(std::floor(y)) - lobes + 1 + j, 0, image.height - 1);
        double sum = 0;
        for (int i = 0; i < 2 * lobes; ++i) {
            const int column =
                std::clamp(static_cast<int>(std::floor(x)) - lobes + 1 + i, 0, image.width - 1);
            sum += across[i] * image.pixels[static_cast<std::size_t>(row * image.width + column)];
        }
        value += down[j] * sum;
    }
    return value;
}

/// Adds a picture's energies of the gradient and of the Laplacian, away from its edges.
void add_energies(const std::vector<double>& picture, int width, int height, double (&energies)[2]) {
    constexpr int margin = 32;
    for (int y = margin; y < height - margin; ++y) {
        for (int x = margin; x < width - margin; ++x) {
            const double* at = picture.data() + y * width + x;
            energies[0] += std::pow(at[1] - at[0], 2) + std::pow(at[width] - at[0], 2);
            energies[1] += std::pow(at[1] + at[-1] + at[width] + at[-width] - 4 * at[0], 2);
        }
    }
}

int sharpness(int width, int height, const char* file) {
    constexpr int every = 15;
    // Codes of the video as codes that pictures are resampled in, from a dark grey to white.
    constexpr double black = 0.2, unit = 0.35 / 255;
    std::ifstream list(file);
    double dx = 0, dy = 0, rotation = 0, scale = 0, ours[2]{}, best[2]{};
    for (int frame = 0; list >> dx >> dy >> rotation >> scale; ++frame) {
        auto now = next_frame(width, height);
        if (!now) break;
        if (frame % every != 0) continue;
        wetgate::framing::MovablePicture plate{wetgate::make_float_image({0, 0, width, height}), {}};
        for (std::size_t i = 0; i < now->pixels.size(); ++i)
            for (int c = 0; c < 3; ++c)
                plate.rgb.channel(c)[i] =
                    wetgate::color::linear_from_acescct(static_cast<float>(black + unit * now->pixels[i]));
        const auto map = wetgate::framing::plate_map({dx, dy, rotation, scale}, 1, width, height);
        const auto made = moved(plate, wetgate::framing::Warp(map), plate.rgb.window);
        std::vector<double> coded, wanted;
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                const float value = made.rgb.channel(1)[y * width + x];
                coded.push_back((static_cast<double>(wetgate::color::acescct_from_linear(value)) - black) /
                                unit);
                const auto place = map.at(x, y);
                wanted.push_back(ideal(*now, place[0], place[1]));
            }
        }
        add_energies(coded, width, height, ours);
        add_energies(wanted, width, height, best);
    }
    std::printf("%.5f %.5f\n", std::sqrt(ours[0] / best[0]), std::sqrt(ours[1] / best[1]));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    const auto number = [&](std::size_t i) { return std::stoi(words.at(i)); };
    wetgate::motion::pin_opencv_threads();
    if (words.size() == 5 && words[0] == "views")
        return views(number(1), number(2), std::stod(words[3]), words[4]);
    if (words.size() == 6 && words[0] == "warp")
        return warp(number(1), number(2), number(3), number(4), words[5].c_str());
    if (words.size() == 3 && words[0] == "judge") return judge(number(1), number(2));
    if (words.size() == 4 && words[0] == "sharpness")
        return sharpness(number(1), number(2), words[3].c_str());
    std::cerr << "bench_stabilise: views W H ZOOM MODE | warp W H TO_W TO_H VIEWS | judge W H | sharpness W "
                 "H VIEWS\n";
    return 2;
}
