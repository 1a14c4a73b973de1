// What scripts/bench_stabilise.py needs of C++. Raw gray8 video of W x H comes in on stdin.
//   bench_stabilise views W H ZOOM smooth|bump|lock   a line a frame: dx dy rotation_deg scale of the view
//   bench_stabilise warp W H TO_W TO_H VIEWS          video of TO_W x TO_H: what the views of the file VIEWS
//   show bench_stabilise judge W H                         a line a frame: a b dx dy of the step from the
//   frame before, found
//                                                     by dense flow where `views` follows points; PSNR
//                                                     between the two
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "framing/camera_path.h"
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
    std::cerr << "bench_stabilise: views W H ZOOM MODE | warp W H TO_W TO_H VIEWS | judge W H\n";
    return 2;
}
