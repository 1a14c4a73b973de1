// What reframe's numbers are worth on annotated clips, for scripts/bench-reframe, which feeds it.
//   bench_reframe measure WIDTH HEIGHT FACE_NETWORK < bgr24 frames > facts.json
//   bench_reframe score ANNOTATION RATE < facts.json      one line of JSON an aspect
//   bench_reframe follow ANNOTATION RATE < facts.json     the first box, followed, against the others

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "framing/follow.h"
#include "framing/look.h"
#include "framing/reframe_path.h"
#include "framing/subjects.h"
#include "framing/target_tracks.h"

namespace {

using nlohmann::json;
using namespace wetgate::framing;  // NOLINT: a tool of one file

std::string file_bytes(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) throw wetgate::Error(wetgate::ErrorKind::Input, "cannot be read", {name, {}, {}});
    return {std::istreambuf_iterator<char>(file), {}};
}

int measure(int width, int height, const std::string& network) {
    const std::string bytes = file_bytes(network);
    const FaceFinder faces(std::as_bytes(std::span(bytes)));
    ColorPicture picture{width, height, {}};
    picture.pixels.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    std::optional<ColorPicture> before;
    json facts = json::array();
    while (std::cin.read(reinterpret_cast<char*>(picture.pixels.data()),
                         static_cast<std::streamsize>(picture.pixels.size()))) {
        facts.push_back({{"evidence", to_json(find_subjects(picture, before ? &*before : nullptr, &faces))},
                         {"look", look_to_json(look_of(picture))}});
        before = picture;
    }
    std::cout << facts.dump() << '\n';
    return 0;
}

/// The annotation, linear between its keys.
struct Annotation {
    json keys;
    int frames = 0;
    double width = 0, height = 0;

    /// The keys around a frame, and how far it is from the first to the second.
    std::pair<std::size_t, double> around(int frame) const {
        std::size_t at = 0;
        while (at + 2 < keys.size() && keys[at + 1]["frame"].get<int>() <= frame) ++at;
        const double from = keys[at]["frame"];
        const double to = keys[at + 1]["frame"];
        return {at, std::clamp((frame - from) / (to - from), 0.0, 1.0)};
    }
    std::optional<std::vector<double>> box(int frame) const {
        const auto [at, t] = around(frame);
        if (keys[at]["who"] != keys[at + 1]["who"] && t > 0 && t < 1) return std::nullopt;
        const json& one = t < 1 ? keys[at] : keys[at + 1];
        const json& other = t > 0 ? keys[at + 1] : keys[at];
        std::vector<double> box;
        for (std::size_t i = 0; i < 4; ++i) {
            const double a = one["box"][i];
            const double b = other["box"][i];
            box.push_back(a + t * (b - a));
        }
        return box;
    }
    double crop(int frame, const std::string& aspect) const {
        const auto [at, t] = around(frame);
        const double a = keys[at]["crop"][aspect];
        const double b = keys[at + 1]["crop"][aspect];
        return a + t * (b - a);
    }
};

/// Two crops of one length along one side.
double iou(double middle, double other, double length) {
    const double both = std::max(0.0, length - std::abs(middle - other));
    return both / (2 * length - both);
}

struct Scores {
    double iou = 0;
    double inside = 0;
};

/// `middles` in pixels of the annotation, along the axis that moves.
Scores scores_of(const Annotation& annotation, const std::string& aspect, bool is_x, double length,
                 const std::vector<double>& middles) {
    constexpr double tolerance = 4;
    const double side = is_x ? annotation.width : annotation.height;
    Scores scores;
    int boxes = 0;
    for (int frame = 0; frame < annotation.frames; ++frame) {
        const double at = middles[static_cast<std::size_t>(frame)];
        const double asked = std::clamp(annotation.crop(frame, aspect), length / 2, side - length / 2);
        scores.iou += iou(at, asked, length) / annotation.frames;
        const auto box = annotation.box(frame);
        if (!box) continue;
        ++boxes;
        const double low = (*box)[is_x ? 0 : 1] + tolerance;
        const double high = (*box)[is_x ? 2 : 3] - tolerance;
        if (low >= at - length / 2 && high <= at + length / 2) scores.inside += 1;
    }
    scores.inside /= std::max(1, boxes);
    return scores;
}

/// What a tracker sees: the middle of the best box of each frame (a face, else what stands out).
std::vector<double> seen_by_tracker(const std::vector<std::optional<FrameEvidence>>& frames, bool is_x) {
    std::vector<double> middles;
    double last = 0.5;
    for (const auto& frame : frames) {
        if (frame && !frame->subjects.empty()) {
            const Area& area = frame->subjects.front().area;
            last = is_x ? area.middle_x() : area.middle_y();
        }
        middles.push_back(last);
    }
    return middles;
}

std::vector<double> smoothed(const std::vector<double>& raw, double sigma_frames) {
    if (sigma_frames <= 0) return raw;
    std::vector<double> smooth;
    const auto count = static_cast<int>(raw.size());
    const auto reach = static_cast<int>(4 * sigma_frames);
    for (int i = 0; i < count; ++i) {
        double sum = 0;
        double weights = 0;
        for (int k = -reach; k <= reach; ++k) {
            const double weight = std::exp(-0.5 * k * k / sigma_frames / sigma_frames);
            sum += weight * raw[static_cast<std::size_t>(std::clamp(i + k, 0, count - 1))];
            weights += weight;
        }
        smooth.push_back(sum / weights);
    }
    return smooth;
}

/// The least jerk of a tracker's Gaussian-smoothed path that has this IoU: null where no smoothing of it
/// reaches that. From no smoothing to a path that stands nearly still, linear in between.
template <class Iou>
json tracker_jerk(const std::vector<double>& seen, double side, double length, double wanted,
                  const Iou& iou_of) {
    std::vector<double> raw;
    for (const double middle : seen) raw.push_back(std::clamp(middle * side, length / 2, side - length / 2));
    std::optional<double> least;
    const auto take = [&](double jerk) { least = std::min(least.value_or(jerk), jerk); };
    double last_iou = 0;
    double last_jerk = 0;
    for (double sigma = 0; sigma < 2 * static_cast<double>(raw.size());
         sigma = sigma < 0.5 ? 0.5 : 1.2 * sigma) {
        const std::vector<double> path = smoothed(raw, sigma);
        const double iou = iou_of(path);
        const double jerk = motion_of(path).mean_jerk;
        if (iou >= wanted) take(jerk);
        if (sigma > 0 && (iou >= wanted) != (last_iou >= wanted))
            take(last_jerk + (jerk - last_jerk) * (wanted - last_iou) / (iou - last_iou));
        last_iou = iou;
        last_jerk = jerk;
    }
    return least ? json(*least) : json(nullptr);
}

int score(const std::string& file, double rate) {
    const json read = json::parse(file_bytes(file));
    Annotation annotation{read["keys"], read["frames"], read["size"][0], read["size"][1]};
    const json facts = json::parse(std::cin);
    std::vector<std::optional<FrameEvidence>> frames;
    std::vector<wetgate::motion::GrayImage> looks;
    for (const json& fact : facts) {
        frames.emplace_back(evidence_from_json(fact.at("evidence")));
        looks.push_back(look_from_json(fact.at("look")));
    }
    if (static_cast<int>(frames.size()) != annotation.frames)
        throw wetgate::Error(wetgate::ErrorKind::Input, "the clip has not the annotation's number of frames",
                             {file, {}, {}});
    const auto width = static_cast<int>(annotation.width);
    const auto height = static_cast<int>(annotation.height);
    for (const auto& [aspect, unused] : annotation.keys[0]["crop"].items()) {
        ReframeOptions options;
        options.aspect = aspect == "9:16" ? 9.0 / 16 : 1.0;
        options.rate = rate;
        const ReframeSolution solution = solve_reframe(width, height, 0, frames, {}, {}, options, looks);
        std::vector<Target> targets;
        for (const json& key : annotation.keys) {
            const json& box = key["box"];
            targets.push_back({key["frame"],
                               {box[0].get<double>() / width, box[1].get<double>() / height,
                                box[2].get<double>() / width, box[3].get<double>() / height}});
        }
        const ReframeSolution directed = solve_reframe(width, height, 0, frames, {}, targets, options, looks);
        // As little as a person may give: one box, on the first frame.
        const std::span<const Target> one(targets.data(), 1);
        const ReframeSolution followed = solve_reframe(width, height, 0, frames, {}, one, options, looks);
        const Crop size = crop_size(width, height, options);
        const bool is_x = size.w < width - 0.5;
        const double length = is_x ? size.w : size.h;
        const double side = is_x ? width : height;
        const auto middles_of = [&](const CropPath& path) {
            std::vector<double> middles;
            for (int frame = 0; frame < annotation.frames; ++frame) {
                const Crop crop = crop_at(path, frame);
                middles.push_back((is_x ? crop.x : crop.y) + length / 2);
            }
            return middles;
        };
        const std::vector<double> path = middles_of(solution.path);
        const std::vector<double> by_target = middles_of(directed.path);
        const std::vector<double> by_one = middles_of(followed.path);
        const Scores ours = scores_of(annotation, aspect, is_x, length, path);
        const Scores told = scores_of(annotation, aspect, is_x, length, by_target);
        const Scores pointed = scores_of(annotation, aspect, is_x, length, by_one);
        const Scores centre =
            scores_of(annotation, aspect, is_x, length, std::vector<double>(path.size(), side / 2));
        const PathMotion motion = motion_of(path);
        const PathMotion told_motion = motion_of(by_target);
        const auto iou_of = [&](const std::vector<double>& middles) {
            return scores_of(annotation, aspect, is_x, length, middles).iou;
        };
        // For the path that is told what to hold, the tracker is told it too.
        std::vector<double> told_seen;
        const auto tracked = track_targets(targets, 0, annotation.frames, looks, rate);
        for (const Area& area : tracked->areas) told_seen.push_back(is_x ? area.middle_x() : area.middle_y());
        const json tracker = tracker_jerk(seen_by_tracker(frames, is_x), side, length, ours.iou, iou_of);
        const json told_tracker = tracker_jerk(told_seen, side, length, told.iou, iou_of);
        const auto of_motion = [&](const PathMotion& of) -> json {
            return {{"velocity", of.most_velocity * rate / side},
                    {"acceleration", of.most_acceleration * rate * rate / side},
                    {"jerk", of.mean_jerk},
                    {"moves", of.moves},
                    {"smallest", of.smallest_move / side}};
        };
        const json line = {{"clip", read["clip"]},
                           {"aspect", aspect},
                           {"iou", ours.iou},
                           {"inside", ours.inside},
                           {"centre_iou", centre.iou},
                           {"centre_inside", centre.inside},
                           {"target_iou", told.iou},
                           {"target_inside", told.inside},
                           {"one_iou", pointed.iou},
                           {"one_inside", pointed.inside},
                           {"one_motion", of_motion(motion_of(by_one))},
                           {"motion", of_motion(motion)},
                           {"target_motion", of_motion(told_motion)},
                           {"first", path.front()},
                           {"last", path.back()},
                           {"left_out", solution.left_out.size()},
                           {"tracker_jerk", tracker},
                           {"told_tracker_jerk", told_tracker}};
        std::cout << line.dump() << '\n';
    }
    return 0;
}

int follow_first(const std::string& file, double rate) {
    const json read = json::parse(file_bytes(file));
    const Annotation annotation{read["keys"], read["frames"], read["size"][0], read["size"][1]};
    std::vector<wetgate::motion::GrayImage> looks;
    for (const json& fact : json::parse(std::cin)) looks.push_back(look_from_json(fact.at("look")));
    const auto area_of = [&](const json& box) -> Area {
        return {box[0].get<double>() / annotation.width, box[1].get<double>() / annotation.height,
                box[2].get<double>() / annotation.width, box[3].get<double>() / annotation.height};
    };
    const std::vector<Area> areas =
        follow(looks, 0, looks.size() - 1, area_of(annotation.keys[0]["box"]), rate);
    json overlaps = json::array();
    for (const json& key : annotation.keys) {
        const auto frame = key["frame"].get<std::size_t>();
        if (key["who"] != annotation.keys[0]["who"] || frame >= areas.size()) break;
        const Area a = areas[frame];
        const Area b = area_of(key["box"]);
        const double off = std::max(std::abs(a.middle_x() - b.middle_x()) / b.width(),
                                    std::abs(a.middle_y() - b.middle_y()) / b.height());
        overlaps.push_back({frame, overlap(a, b), off});
    }
    std::cout << json{{"clip", read["clip"]},
                      {"followed", areas.size()},
                      {"of", looks.size()},
                      {"iou_and_offset_at", overlaps}}
                     .dump()
              << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> arguments(argv + 1, argv + argc);
        if (arguments.size() == 4 && arguments[0] == "measure")
            return measure(std::stoi(arguments[1]), std::stoi(arguments[2]), arguments[3]);
        if (arguments.size() == 3 && arguments[0] == "score")
            return score(arguments[1], std::stod(arguments[2]));
        if (arguments.size() == 3 && arguments[0] == "follow")
            return follow_first(arguments[1], std::stod(arguments[2]));
        std::cerr << "bench_reframe measure WIDTH HEIGHT FACE_NETWORK | score|follow ANNOTATION RATE\n";
        return 2;
    } catch (const std::exception& problem) {
        std::cerr << "bench_reframe: " << problem.what() << '\n';
        return 1;
    }
}
