#include "passes/background_place.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "passes/median.h"
#include "passes/remove_guide.h"

// Note [Placing a background]
// One match between a frame and the reference is right to about half a pixel at its features and to several
// at corners that lie far outside; laid by each frame's own match, the background would tremble. The camera's
// track is smooth but drifts. So the matches of a second are carried to its middle frame by the track, the
// median of each coordinate is a key, and the track leads from key to key.

namespace wetgate::passes::background {
namespace {

using motion::Homography;
using nlohmann::json;
using remove::Point;
using remove::Shape;
using remove::Shapes;

constexpr std::int64_t guide_side_px = 1280;
constexpr std::uint8_t nothing_to_see = 128;
constexpr int key_spacing = 24;  // frames
constexpr double farthest_px = 1e6;
constexpr int least_cells = 4;

std::optional<std::vector<Point>> moved(const std::vector<Point>& points, const Homography& map) {
    std::vector<Point> result;
    for (const Point& point : points) {
        const Point at = map.at(point[0], point[1]);
        if (!(std::abs(at[0]) < farthest_px && std::abs(at[1]) < farthest_px)) return std::nullopt;  // or NaN
        result.push_back(at);
    }
    return result;
}

std::optional<std::vector<Point>> carried_to(int to, int from, const std::vector<Point>& points,
                                             const remove::CameraTrack& camera, const Scenes& scenes) {
    if (!scenes.joined(from, to)) return std::nullopt;
    const auto way = camera.way(from, to, 0, 0);
    return way ? moved(points, *way) : std::nullopt;
}

}  // namespace

std::vector<Point> corners_of(const Box& window) {
    const double left = window.x0, top = window.y0, right = window.x1 - 1, bottom = window.y1 - 1;
    return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

std::optional<Homography> to_picture(const std::vector<Point>& corners, const Box& picture) {
    const std::vector<Point> own = corners_of(picture);
    cv::Matx<double, 8, 8> system = cv::Matx<double, 8, 8>::zeros();
    cv::Vec<double, 8> right;
    for (int i = 0; i < 4; ++i) {
        const auto [u, v] = own[static_cast<std::size_t>(i)];
        const auto [x, y] = corners[static_cast<std::size_t>(i)];
        for (int row = 0; row < 2; ++row) {
            const double target = row == 0 ? x : y;
            const int line = 2 * i + row, column = 3 * row;
            system(line, column) = u;
            system(line, column + 1) = v;
            system(line, column + 2) = 1;
            system(line, 6) = -u * target;
            system(line, 7) = -v * target;
            right[line] = target;
        }
    }
    cv::Vec<double, 8> solution;
    if (!cv::solve(system, right, solution, cv::DECOMP_LU)) return std::nullopt;
    Homography to_plate;
    for (int i = 0; i < 8; ++i) to_plate.m[static_cast<std::size_t>(i)] = solution[i];
    for (const Point& point : own) {  // a corner behind the camera: a crossed or folded outline
        if (!(to_plate.m[6] * point[0] + to_plate.m[7] * point[1] + 1 > 1e-9)) return std::nullopt;
    }
    return to_plate.inverse();
}

KnownPicture::KnownPicture(const compute::DeviceFrame& reference)
    : KnownPicture(reference.window, remove::guide_of(reference.pixels, guide_side_px)) {}

KnownPicture::KnownPicture(const Box& data_window, const remove::Guide& guide)
    : window(data_window),
      to_guide(*guide.to_plate(data_window.x0, data_window.y0).inverse()),
      features(guide.picture) {}

void add_match(json& facts, const compute::DeviceFrame& frame, const at::Tensor& matte,
               const KnownPicture& reference) {
    remove::Guide guide = remove::guide_of(frame.pixels, guide_side_px);
    const motion::GrayImage outside = remove::covered_of(1 - matte, guide_side_px);
    for (std::size_t i = 0; i < outside.pixels.size(); ++i)
        if (outside.pixels[i] != 0) guide.picture.pixels[i] = nothing_to_see;
    const motion::PictureMatch match =
        motion::match_pictures(motion::PictureFeatures(guide.picture), reference.features);
    facts["match"] = {{"matches", match.matches}, {"cells", match.cells}};
    const auto back = match.map.inverse();
    if (match.matches < 8 || !back) return;
    const auto to_plate =
        reference.to_guide.then(*back).then(guide.to_plate(frame.window.x0, frame.window.y0));
    const auto corners = moved(corners_of(reference.window), to_plate);
    if (!corners || !to_picture(*corners, reference.window)) return;
    facts["match"]["place"] = remove::to_json({{frame.number, {*corners}}});
}

Shapes keys_by_matches(std::span<const json> all_frames, int first_frame, int least_matches,
                       const remove::CameraTrack& camera, const Scenes& scenes) {
    std::map<int, std::vector<Point>> found;
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        if (all_frames[i].is_null()) continue;
        const int frame = first_frame + static_cast<int>(i);
        const ArtefactReader facts("background", all_frames[i],
                                   fmt::format("the measurement of frame {}", frame));
        if (!facts.has("match") || !facts.member("match").has("place")) continue;
        const ArtefactReader match = facts.member("match");
        if (match.member("matches").integer(0) < least_matches ||
            match.member("cells").integer(0) < least_cells)
            continue;
        for (const auto& [number, shape] : remove::shapes_of(match.member("place"))) {
            if (shape.points.size() != 4) match.refuse("must have a place with four corners");
            found[frame] = shape.points;
        }
    }
    Shapes keys;
    for (const auto& [frame, corners] : found) {
        if (!keys.empty() && frame < keys.rbegin()->first + key_spacing &&
            scenes.joined(frame, keys.rbegin()->first))
            continue;
        // A second's key lies in its middle, where there is a match.
        const auto middle = found.lower_bound(frame + key_spacing / 2);
        const int key = middle != found.end() && scenes.joined(frame, middle->first) ? middle->first : frame;
        std::array<std::array<std::vector<double>, 2>, 4> places;
        for (auto other = found.lower_bound(key - key_spacing / 2);
             other != found.end() && other->first <= key + key_spacing / 2; ++other) {
            const auto here = carried_to(key, other->first, other->second, camera, scenes);
            if (!here) continue;
            for (std::size_t c = 0; c < 4; ++c)
                for (std::size_t axis = 0; axis < 2; ++axis) places[c][axis].push_back((*here)[c][axis]);
        }
        Shape shape;
        for (auto& corner : places)
            shape.points.push_back({median(std::move(corner[0])), median(std::move(corner[1]))});
        keys[key] = std::move(shape);
    }
    return keys;
}

Shapes carried(const Shapes& keys, int first_frame, int count, const remove::CameraTrack& camera,
               const Scenes& scenes) {
    Shapes all;
    for (int frame = first_frame; frame < first_frame + count; ++frame) {
        const auto after = keys.lower_bound(frame);
        std::optional<std::vector<Point>> by_after, by_before;
        int to_after = 0, to_before = 0;
        if (after != keys.end()) {
            by_after = carried_to(frame, after->first, after->second.points, camera, scenes);
            to_after = after->first - frame;
        }
        if (after != keys.begin()) {
            const auto before = std::prev(after);
            by_before = carried_to(frame, before->first, before->second.points, camera, scenes);
            to_before = frame - before->first;
        }
        if (!by_after && !by_before) continue;
        Shape shape{by_after ? *by_after : *by_before};
        for (std::size_t i = 0; by_after && by_before && i < shape.points.size(); ++i) {
            const double share = static_cast<double>(to_before) / (to_before + to_after);
            for (std::size_t axis = 0; axis < 2; ++axis)
                shape.points[i][axis] = (1 - share) * (*by_before)[i][axis] + share * (*by_after)[i][axis];
        }
        all[frame] = std::move(shape);
    }
    return all;
}

std::vector<Point> filling(const Box& window, const Box& picture) {
    const double wide = picture.x1 - picture.x0 - 1, high = picture.y1 - picture.y0 - 1;
    const double scale = std::max((window.x1 - window.x0 - 1) / wide, (window.y1 - window.y0 - 1) / high);
    const double x = 0.5 * (window.x0 + window.x1 - 1), y = 0.5 * (window.y0 + window.y1 - 1);
    const double a = 0.5 * scale * wide, b = 0.5 * scale * high;
    return {{x - a, y - b}, {x + a, y - b}, {x + a, y + b}, {x - a, y + b}};
}

}  // namespace wetgate::passes::background
