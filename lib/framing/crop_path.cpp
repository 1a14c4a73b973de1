#include "framing/crop_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "core/error.h"

namespace wetgate::framing {
namespace {

using nlohmann::json;

constexpr std::size_t most_scenes = 10000;
constexpr std::size_t most_keys = 100000;
constexpr int most_side_px = 65536;
constexpr double border_tolerance_px = 0.01;
constexpr double rest_px = 1e-3;

Crop plus(const Crop& a, double times, const Crop& b) {
    return {a.x + times * b.x, a.y + times * b.y, a.w + times * b.w, a.h + times * b.h};
}

/// Change a frame from key `from` to the one after it; none outside of the keys.
Crop slope(const CropScene& scene, std::ptrdiff_t from) {
    const auto count = static_cast<std::ptrdiff_t>(scene.keys.size());
    if (from < 0 || from + 1 >= count) return {};
    const CropKey& a = scene.keys[static_cast<std::size_t>(from)];
    const CropKey& b = scene.keys[static_cast<std::size_t>(from) + 1];
    const double frames = static_cast<double>(b.frame) - a.frame;
    return {(b.crop.x - a.crop.x) / frames, (b.crop.y - a.crop.y) / frames, (b.crop.w - a.crop.w) / frames,
            (b.crop.h - a.crop.h) / frames};
}

/// Note [Rounded corners]
/// A polyline convolved with a window is that polyline but near its corners, where it lies between the chord
/// and the corner. With windows of one width the result goes no faster than the polyline, leaves no interval
/// that the polyline stays in, and accelerates by no more than the change of speed within a window times the
/// window's peak, 1.5 / width for the parabola (1 - u^2) * 3 / 4 over [-1, 1]. What follows is how far the
/// convolved ramp max(0, u) lies above the ramp.
double above_ramp(double u) {
    if (u <= -1 || u >= 1) return 0;
    const double square = u * u;
    return (6 * square - square * square + 8 * u + 3) / 16 - std::max(0.0, u);
}

}  // namespace

Crop crop_at(const CropScene& scene, int frame) {
    const auto& keys = scene.keys;
    const auto count = static_cast<std::ptrdiff_t>(keys.size());
    const auto after = std::upper_bound(keys.begin(), keys.end(), frame,
                                        [](int at, const CropKey& key) { return at < key.frame; });
    const std::ptrdiff_t before = after - keys.begin() - 1;
    Crop crop = keys[static_cast<std::size_t>(std::max<std::ptrdiff_t>(before, 0))].crop;
    if (before >= 0 && before + 1 < count) {
        const double past = static_cast<double>(frame) - keys[static_cast<std::size_t>(before)].frame;
        crop = plus(crop, past, slope(scene, before));
    }
    const auto round = [&](std::ptrdiff_t at) {
        const CropKey& key = keys[static_cast<std::size_t>(at)];
        if (key.ease <= 0) return;
        if ((at == 0 && key.frame <= scene.first) || (at == count - 1 && key.frame >= scene.last)) return;
        const double half = 0.5 * key.ease;
        const double lift = half * above_ramp((static_cast<double>(frame) - key.frame) / half);
        if (lift == 0) return;
        crop = plus(plus(crop, lift, slope(scene, at)), -lift, slope(scene, at - 1));
    };
    for (std::ptrdiff_t at = 0; at < count; ++at) round(at);
    return crop;
}

Crop crop_at(const CropPath& path, int frame) {
    if (path.scenes.empty()) throw Error(ErrorKind::Input, "a crop path has no scene");
    const auto after = std::upper_bound(path.scenes.begin(), path.scenes.end(), frame,
                                        [](int at, const CropScene& scene) { return at < scene.first; });
    const CropScene& scene = after == path.scenes.begin() ? path.scenes.front() : *(after - 1);
    Crop crop = crop_at(scene, std::clamp(frame, scene.first, scene.last));
    crop.w = std::clamp(crop.w, 1.0, std::max(1.0, static_cast<double>(path.width)));
    crop.h = std::clamp(crop.h, 1.0, std::max(1.0, static_cast<double>(path.height)));
    crop.x = std::clamp(crop.x, 0.0, path.width - crop.w);
    crop.y = std::clamp(crop.y, 0.0, path.height - crop.h);
    return crop;
}

nlohmann::json to_json(const CropPath& path) {
    json scenes = json::array();
    for (const CropScene& scene : path.scenes) {
        json keys = json::array();
        for (const CropKey& key : scene.keys) {
            keys.push_back({{"frame", key.frame},
                            {"x", key.crop.x},
                            {"y", key.crop.y},
                            {"w", key.crop.w},
                            {"h", key.crop.h},
                            {"ease", key.ease}});
        }
        scenes.push_back({{"first", scene.first}, {"last", scene.last}, {"keys", std::move(keys)}});
    }
    return {{"width", path.width}, {"height", path.height}, {"scenes", std::move(scenes)}};
}

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw Error(ErrorKind::Input, fmt::format("crop path: {} {}", where.empty() ? "it" : where, why));
}

void check_names(const json& object, const std::string& where, std::span<const std::string_view> names) {
    if (!object.is_object()) refuse(where, "is no object");
    for (const auto& [name, value] : object.items()) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            refuse(where, fmt::format("has a '{}', which is not known", name));
    }
    for (const std::string_view name : names) {
        if (!object.contains(name)) refuse(where, fmt::format("has no '{}'", name));
    }
}

int whole_number(const json& object, const std::string& where, const char* name, int least, int most) {
    const json& value = object.at(name);
    const bool fits = value.is_number_integer() && value >= least && value <= most;
    if (!fits) refuse(where + "/" + name, fmt::format("is no whole number from {} to {}", least, most));
    return value.get<int>();
}

double number(const json& object, const std::string& where, const char* name) {
    const json& value = object.at(name);
    const double read = value.is_number() ? value.get<double>() : std::nan("");
    if (!(std::abs(read) <= most_side_px)) refuse(where + "/" + name, "is no number of pixels");
    return read;
}

constexpr int most_frame = 100'000'000;

CropKey key_from_json(const json& object, const std::string& where, const CropPath& path) {
    constexpr std::array<std::string_view, 6> names = {"frame", "x", "y", "w", "h", "ease"};
    check_names(object, where, names);
    CropKey key;
    key.frame = whole_number(object, where, "frame", -most_frame, most_frame);
    key.ease = whole_number(object, where, "ease", 0, most_frame);
    key.crop = {number(object, where, "x"), number(object, where, "y"), number(object, where, "w"),
                number(object, where, "h")};
    const Crop& crop = key.crop;
    if (crop.w < 1 || crop.h < 1) refuse(where, "is less than a pixel wide or high");
    if (crop.x < -border_tolerance_px || crop.y < -border_tolerance_px ||
        crop.x + crop.w > path.width + border_tolerance_px ||
        crop.y + crop.h > path.height + border_tolerance_px)
        refuse(where, fmt::format("leaves the picture of {} x {}", path.width, path.height));
    return key;
}

}  // namespace

CropPath crop_path_from_json(const nlohmann::json& json_path) {
    constexpr std::array<std::string_view, 3> names = {"width", "height", "scenes"};
    constexpr std::array<std::string_view, 3> scene_names = {"first", "last", "keys"};
    check_names(json_path, "", names);
    CropPath path;
    path.width = whole_number(json_path, "", "width", 1, most_side_px);
    path.height = whole_number(json_path, "", "height", 1, most_side_px);
    const json& scenes = json_path.at("scenes");
    if (!scenes.is_array() || scenes.empty() || scenes.size() > most_scenes)
        refuse("/scenes", fmt::format("is no list of 1 to {} scenes", most_scenes));
    for (std::size_t i = 0; i < scenes.size(); ++i) {
        const std::string where = fmt::format("/scenes/{}", i);
        check_names(scenes[i], where, scene_names);
        CropScene& scene = path.scenes.emplace_back();
        scene.first = whole_number(scenes[i], where, "first", -most_frame, most_frame);
        scene.last = whole_number(scenes[i], where, "last", -most_frame, most_frame);
        if (scene.last < scene.first) refuse(where, "ends before it begins");
        if (i > 0 && scene.first <= path.scenes[i - 1].last) refuse(where, "overlaps the one before it");
        const json& keys = scenes[i].at("keys");
        if (!keys.is_array() || keys.empty() || keys.size() > most_keys)
            refuse(where + "/keys", fmt::format("is no list of 1 to {} keys", most_keys));
        for (std::size_t k = 0; k < keys.size(); ++k) {
            const std::string at = fmt::format("{}/keys/{}", where, k);
            scene.keys.push_back(key_from_json(keys[k], at, path));
            if (k > 0 && scene.keys[k].frame <= scene.keys[k - 1].frame)
                refuse(at, "is not later than the key before it");
        }
    }
    return path;
}

PathMotion motion_of(std::span<const double> positions) {
    PathMotion motion;
    double jerks = 0;
    double move = 0;
    const auto end_move = [&] {
        if (move == 0) return;
        motion.smallest_move =
            motion.moves == 0 ? std::abs(move) : std::min(motion.smallest_move, std::abs(move));
        ++motion.moves;
        move = 0;
    };
    for (std::size_t i = 1; i < positions.size(); ++i) {
        const double step = positions[i] - positions[i - 1];
        motion.most_velocity = std::max(motion.most_velocity, std::abs(step));
        if (i >= 2) {
            const double before = positions[i - 1] - positions[i - 2];
            motion.most_acceleration = std::max(motion.most_acceleration, std::abs(step - before));
            if (i >= 3) {
                const double earlier = positions[i - 2] - positions[i - 3];
                jerks += std::abs(step - 2 * before + earlier);
            }
        }
        if (std::abs(step) < rest_px || step * move < 0) end_move();
        if (std::abs(step) >= rest_px) move += step;
    }
    end_move();
    if (positions.size() >= 4) motion.mean_jerk = jerks / static_cast<double>(positions.size() - 3);
    return motion;
}

}  // namespace wetgate::framing
