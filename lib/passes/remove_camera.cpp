#include "passes/remove_camera.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "passes/remove_guide.h"

namespace wetgate::passes::remove {
namespace {

using motion::Homography;
using nlohmann::json;

constexpr std::int64_t guide_side_px = 1280;
constexpr std::size_t most_frames = 1'000'000;

Homography moved(double x, double y) {
    Homography map;
    map.m[2] = x;
    map.m[5] = y;
    return map;
}

/// Twelve digits, so that text made on two machines is the same text.
double shortened(double value) {
    return std::stod(fmt::format("{:.12g}", value));
}

}  // namespace

void add_camera(json& facts, const FrameWindow& window, const LeftOut& left_out) {
    if (window[0].pixels.numel() == 0 || !window.is_real(-1)) return;
    const Guide before = guide_of(window[-1].pixels, guide_side_px);
    const Guide after = guide_of(window[0].pixels, guide_side_px);
    motion::CameraStep step;
    if (left_out) {
        const motion::GrayImage out_before = covered_of(left_out(-1), guide_side_px);
        const motion::GrayImage out_after = covered_of(left_out(0), guide_side_px);
        step = motion::camera_step(before.picture, after.picture, &out_before, &out_after);
    } else {
        step = motion::camera_step(before.picture, after.picture);
    }
    const Homography plate = before.to_plate(window[0].window.x0, window[0].window.y0);
    json map = json::array();
    for (const double value : plate.inverse()->then(step.map).then(plate).m) map.push_back(shortened(value));
    facts["camera"] = {{"map", map},
                       {"inliers", step.inliers},
                       {"inlier_share", rounded(step.inlier_share)},
                       {"residual_px", rounded(step.residual_px * before.unit_px)}};
    if (!step.is_known()) facts["camera"]["problem"] = motion::name_of(step.problem);
}

json solved_camera(std::span<const json> all_frames, int first_frame) {
    json list = json::array();
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        json entry = {{"frame", first_frame + static_cast<int>(i)}};
        if (all_frames[i].is_object() && all_frames[i].contains("camera"))
            entry.update(all_frames[i]["camera"]);
        list.push_back(entry);
    }
    return list;
}

json confirmed_cuts(const json& cuts, std::span<const json> all_frames, int first_frame) {
    constexpr int surely_inliers = 50;  // no two scenes have so many corners in common that move as one
    constexpr double surely_share = 0.5;
    json confirmed = json::array();
    for (const json& cut : cuts) {
        const int frame = cut.get<int>();
        const json& facts = all_frames[static_cast<std::size_t>(frame - first_frame)];
        bool is_followed = false;
        if (facts.is_object() && facts.contains("camera")) {
            const ArtefactReader step("remove", facts["camera"],
                                      fmt::format("the measurement of frame {}", frame));
            is_followed = step.member("inliers").integer(0) >= surely_inliers &&
                          step.member("inlier_share").number(0, 1) >= surely_share;
        }
        if (!is_followed) confirmed.push_back(cut);
    }
    return confirmed;
}

CameraTrack::CameraTrack(const ArtefactReader& list) {
    for (std::size_t i = 0; i < list.size(most_frames); ++i) {
        const ArtefactReader entry = list.item(i);
        const int frame = entry.member("frame").integer();
        if (i == 0) first_ = frame;
        if (frame != first_ + static_cast<int>(i)) entry.refuse("must follow the frame before it");
        motion::CameraStep& step = steps_.emplace_back();
        if (!entry.has("map")) continue;
        const ArtefactReader map = entry.member("map");
        if (map.size(9) != 9) map.refuse("must be nine numbers");
        for (std::size_t k = 0; k < 9; ++k) step.map.m[k] = map.item(k).number(-1e9, 1e9);
        if (!step.map.inverse()) map.refuse("must have a way back");
    }
}

std::optional<Homography> CameraTrack::way(int from, int to, int x0, int y0) const {
    if (std::min(from, to) < first_) return std::nullopt;
    const auto way = motion::chained(steps_, static_cast<std::size_t>(from - first_),
                                     static_cast<std::size_t>(to - first_));
    if (!way) return std::nullopt;
    return moved(x0, y0).then(*way).then(moved(-x0, -y0));
}

}  // namespace wetgate::passes::remove
