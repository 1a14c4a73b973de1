#include "framing/reframe_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "core/error.h"
#include "framing/crop_scene.h"

namespace wetgate::framing {
namespace {

constexpr double target_weight = 4;  // as a face: more would follow it at any cost of jerk
constexpr double evidence_beside_targets = 0.004;
constexpr double grid_weight = 1.4;
constexpr double middle_weight = 0.1;
constexpr double margin = 0.12;  // around a subject, of its size
constexpr double body_margin = 0.2;
constexpr double body_weight = 0.6;    // of the face above it
constexpr double head_weight = 0.3;    // of a person of whom only the head fits beside the first
constexpr double second_weight = 0.1;  // of a subject that does not fit beside the first
constexpr double most_lead = 0.15;     // of the crop

enum class Axis { X, Y };

double low(const Area& area, Axis axis) {
    return axis == Axis::X ? area.left : area.top;
}
double high(const Area& area, Axis axis) {
    return axis == Axis::X ? area.right : area.bottom;
}

/// Share of [from, to] that lies outside of [start, end].
double outside(double from, double to, double start, double end) {
    const double length = to - from;
    if (length <= 0) return 0;
    return std::clamp(1 - (std::min(to, end) - std::max(from, start)) / length, 0.0, 1.0);
}

/// How badly [from, to] is framed by [start, end]: 0 inside, up to 0.3 where its margin is cut, from there
/// to 1.25 where it is split in halves, 1 where it is left out. What does not fit is best held in the middle.
double loss(double from, double to, double start, double end, double margin_share = margin) {
    const double length = to - from;
    if (length > end - start) {
        const double missing = outside(from, to, start, end);
        const double least = 1 - (end - start) / length;
        return least + missing + 0.3 * std::abs(0.5 * (from + to - start - end)) / length;
    }
    const double around = std::min(margin_share * length, 0.5 * (end - start - length));
    const double cut = outside(from, to, start, end);
    const double margin_cut = around > 0 ? outside(from - around, to + around, start, end) : 0.0;
    if (cut <= 0) return 0.3 * std::min(1.0, margin_cut * (length + 2 * around) / std::max(around, 1e-9));
    if (cut >= 1) return 1;
    return std::max(0.5 + 0.5 * cut, 0.5 + 3.0 * cut * (1 - cut));
}

struct Scene {
    std::span<const std::optional<FrameEvidence>> frames;
    std::vector<SceneSubject> subjects;  ///< the one that is kept first
    std::string kept_why;                ///< the word for the first
    double evidence_weight = 1;
};

/// Sum of the grid's weights along an axis, running, [0 .. cells].
std::vector<double> running_weight(const FrameEvidence& evidence, Axis axis) {
    const int cells = axis == Axis::X ? evidence.columns : evidence.rows;
    std::vector<double> running(static_cast<std::size_t>(cells) + 1, 0.0);
    for (int y = 0; y < evidence.rows; ++y) {
        for (int x = 0; x < evidence.columns; ++x) {
            const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(evidence.columns) +
                            static_cast<std::size_t>(x);
            running[static_cast<std::size_t>(axis == Axis::X ? x : y) + 1] += evidence.weights[at];
        }
    }
    for (std::size_t i = 1; i < running.size(); ++i) running[i] += running[i - 1];
    if (running.back() > 0) {
        for (double& sum : running) sum /= running.back();
    }
    return running;
}

double weight_before(const std::vector<double>& running, double share) {
    const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(running.size() - 1);
    const auto cell = std::min(static_cast<std::size_t>(at), running.size() - 2);
    return running[cell] + (at - static_cast<double>(cell)) * (running[cell + 1] - running[cell]);
}

/// Where the subject is going, in shares of the side a second.
double speed_of(const SceneSubject& subject, std::size_t at, Axis axis, double rate) {
    const auto reach = static_cast<std::size_t>(std::max(1.0, std::round(rate / 2)));
    const std::size_t from = at > reach ? at - reach : 0;
    const std::size_t to = std::min(at + reach, subject.areas.size() - 1);
    if (to <= from) return 0;
    const Area& a = subject.areas[from];
    const Area& b = subject.areas[to];
    return 0.5 * (low(b, axis) + high(b, axis) - low(a, axis) - high(a, axis)) /
           static_cast<double>(to - from) * rate;
}

AxisCosts costs_of(const Scene& scene, Axis axis, double length, const ReframeOptions& options) {
    AxisCosts costs;
    costs.rate = options.rate;
    costs.length = length;
    costs.positions = positions_for(length);
    const auto positions = static_cast<std::size_t>(costs.positions);
    costs.cost.assign(scene.frames.size() * positions, 0.0F);
    std::vector<double> running;  // of the last frame that is known: an unknown one looks like it
    for (std::size_t i = 0; i < scene.frames.size(); ++i) {
        if (scene.frames[i]) running = running_weight(*scene.frames[i], axis);
        for (std::size_t p = 0; p < positions; ++p) {
            const double middle = costs.middle(static_cast<double>(p));
            const double start = middle - length / 2;
            const double end = middle + length / 2;
            const double off = (middle - 0.5) / std::max(1 - length, 1e-9);
            double cost = middle_weight * 4 * off * off;
            if (!running.empty()) {
                const double inside = weight_before(running, end) - weight_before(running, start);
                cost += scene.evidence_weight * grid_weight * (1 - inside);
            }
            for (const SceneSubject& subject : scene.subjects) {
                if (i < static_cast<std::size_t>(subject.first)) continue;
                const std::size_t at = i - static_cast<std::size_t>(subject.first);
                if (at >= subject.areas.size()) continue;
                const Area& area = subject.areas[at];
                double from = low(area, axis);
                const double to = high(area, axis);
                if (axis == Axis::Y && subject.is_face)
                    from = std::max(0.0, from - options.headroom * area.height());
                const double lead =
                    std::clamp(options.lead_room_s * speed_of(subject, at, axis, options.rate),
                               -most_lead * length, most_lead * length);
                const double away = (0.5 * (from + to) + lead - middle) / length;
                double lost = loss(from, to, start, end) + 0.1 * std::min(1.0, away * away);
                if (!subject.bodies.empty()) {
                    const Area& body = subject.bodies[at];
                    lost += body_weight * loss(std::clamp(low(body, axis) + lead, 0.0, 1.0),
                                               std::clamp(high(body, axis) + lead, 0.0, 1.0), start, end,
                                               body_margin);
                }
                cost += subject.weight * lost;
            }
            costs.cost[i * positions + p] = static_cast<float>(cost);
        }
    }
    return costs;
}

/// Puts the subject that is kept first, and makes those that do not fit beside it count for less. What is
/// kept, where one worth a word is not.
std::optional<SceneSubject> choose(Scene& scene, double width, double height, const ReframeOptions& options) {
    std::vector<SceneSubject>& subjects = scene.subjects;
    if (subjects.empty()) return std::nullopt;
    const Chosen chosen = chosen_by(options.policy, subjects, width, height, options.rate);
    scene.kept_why = chosen.why;
    const auto kept = subjects.begin() + static_cast<std::ptrdiff_t>(chosen.index);
    kept->weight = std::max(kept->weight, subjects.front().weight);
    kept->notable = std::max(kept->notable, subjects.front().notable);
    std::rotate(subjects.begin(), kept, kept + 1);
    bool has_left_out = false;
    for (std::size_t k = 1; k < subjects.size(); ++k) {
        const Fit fit = fit_together(subjects.front(), subjects[k], width, height);
        if (fit == Fit::Whole) continue;
        subjects[k].weight *= fit == Fit::Heads ? head_weight : second_weight;
        has_left_out |= fit == Fit::Not && subjects[k].notable >= notable_weight * subjects.front().notable;
    }
    if (!has_left_out) return std::nullopt;
    return subjects.front();
}

void report_left_out(const CropScene& path, const Scene& scene, int width, int height,
                     std::vector<LeftOut>& left_out) {
    if (scene.subjects.empty()) return;
    constexpr double tolerance = 0.002;
    const std::string beside = "does not fit beside " + scene.kept_why;
    for (const SceneSubject& subject : scene.subjects) {
        if (subject.notable < notable_weight * scene.subjects.front().notable) continue;
        std::optional<LeftOut> open;
        const auto close = [&] {
            if (open) left_out.push_back(*open);
            open.reset();
        };
        for (std::size_t i = 0; i < subject.areas.size(); ++i) {
            const int frame = path.first + subject.first + static_cast<int>(i);
            const Crop crop = crop_at(path, frame);
            const Area& area = subject.areas[i];
            const bool is_inside = area.left >= crop.x / width - tolerance &&
                                   area.right <= (crop.x + crop.w) / width + tolerance &&
                                   area.top >= crop.y / height - tolerance &&
                                   area.bottom <= (crop.y + crop.h) / height + tolerance;
            if (is_inside) {
                close();
                continue;
            }
            const bool fits = area.width() * width <= crop.w && area.height() * height <= crop.h;
            const char* reason = !fits                                 ? "larger than the crop"
                                 : &subject == &scene.subjects.front() ? "the crop may not move so fast"
                                                                       : beside.c_str();
            if (open && open->reason != reason) close();
            if (!open) open = LeftOut{subject.name, frame, frame, reason};
            open->last = frame;
        }
        close();
    }
}

void check(int width, int height, int first_frame, std::span<const std::optional<FrameEvidence>> frames,
           std::span<const int> cuts, std::span<const Target> targets, const ReframeOptions& options) {
    const auto refuse = [](const std::string& why) { throw Error(ErrorKind::Usage, "reframe: " + why); };
    if (frames.empty() || width < 2 || height < 2) refuse("there is no picture to reframe");
    const auto is_between = [](double value, double least, double most) {
        return value >= least && value <= most;
    };
    if (!is_between(options.aspect, 0.05, 20)) refuse("the aspect is not in 0.05 to 20");
    if (!is_between(options.pixel_aspect, 0.1, 10)) refuse("the pixel aspect is not in 0.1 to 10");
    if (!is_between(options.closer, 1, 16)) refuse("a push-in is by a factor of 1 to 16");
    if (!is_between(options.rate, 1, 1000)) refuse("the rate is not in 1 to 1000 frames a second");
    if (!is_between(options.limits.most_velocity, 1e-3, 100) ||
        !is_between(options.limits.most_acceleration, 1e-3, 1000) ||
        !is_between(options.limits.dead_zone, 0, 1))
        refuse("a limit of the motion is out of range");
    if (!std::is_sorted(cuts.begin(), cuts.end())) refuse("cuts are not in order");
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i].area.width() <= 0 || targets[i].area.height() <= 0)
            refuse(fmt::format("the target on frame {} has no area", targets[i].frame));
        if (i > 0 && targets[i].frame <= targets[i - 1].frame)
            refuse(fmt::format("the target on frame {} does not come later than the one before it",
                               targets[i].frame));
    }
    const auto is_there = [&](const Target& target) {
        return target.frame >= first_frame &&
               target.frame - first_frame < static_cast<std::ptrdiff_t>(frames.size());
    };
    if (!targets.empty() && std::none_of(targets.begin(), targets.end(), is_there))
        refuse("no target lies on a frame of the shot");
}

/// Where a crop that never moves shows the plate's own pixels: its canvas lies in its middle.
Crop at_whole_pixels(const Crop& crop, int width, int height) {
    const Canvas canvas = canvas_of(crop);
    const auto side = [](double at, double length, int shown, int most) {
        const double beside = 0.5 * (length - shown);
        double whole = std::round(at + beside) - beside;
        if (whole < 0) whole += 1;
        if (whole > most - length) whole -= 1;
        return whole < 0 ? at : whole;  // a crop as long as the plate has no choice
    };
    return {side(crop.x, crop.w, canvas.width, width), side(crop.y, crop.h, canvas.height, height), crop.w,
            crop.h};
}

}  // namespace

Crop crop_size(int width, int height, const ReframeOptions& options) {
    const double aspect = options.aspect / options.pixel_aspect;  // of pixels
    const double w = std::min<double>(width, height * aspect);
    const double h = std::min<double>(height, width / aspect);
    return {0, 0, rounded_px(w / options.closer), rounded_px(h / options.closer)};
}

Canvas canvas_of(const Crop& crop) {
    const auto even = [](double side) { return std::max(2, static_cast<int>(side / 2 + 1e-6) * 2); };
    return {even(crop.w), even(crop.h)};
}

ReframeSolution solve_reframe(int width, int height, int first_frame,
                              std::span<const std::optional<FrameEvidence>> frames, std::span<const int> cuts,
                              std::span<const Target> targets, const ReframeOptions& options,
                              std::span<const motion::GrayImage> looks) {
    check(width, height, first_frame, frames, cuts, targets, options);
    if (!looks.empty() && looks.size() != frames.size())
        throw Error(ErrorKind::Internal, "there is not one small picture a frame");
    ReframeSolution solution;
    solution.path.width = width;
    solution.path.height = height;
    const Crop size = crop_size(width, height, options);
    std::vector<int> starts = {0};
    for (const int cut : cuts) {
        if (cut > starts.back() && cut < static_cast<int>(frames.size())) starts.push_back(cut);
    }
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const int end = i + 1 < starts.size() ? starts[i + 1] : static_cast<int>(frames.size());
        Scene scene;
        scene.frames =
            frames.subspan(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(end - starts[i]));
        const auto scene_looks =
            looks.empty() ? looks : looks.subspan(static_cast<std::size_t>(starts[i]), scene.frames.size());
        const auto tracked =
            track_targets(targets, first_frame + starts[i], end - starts[i], scene_looks, options.rate);
        if (!tracked) {
            scene.subjects = scene_subjects(scene.frames, scene_looks, options.rate);
            const int first = first_frame + starts[i];
            if (const auto kept = choose(scene, size.w / width, size.h / height, options))
                solution.kept.push_back(
                    {kept->name, first + kept->first, first + kept->last(), scene.kept_why});
        } else {
            SceneSubject subject;
            subject.name = "target";
            subject.weight = target_weight;
            subject.areas = tracked->areas;
            scene.subjects = {std::move(subject)};
            scene.evidence_weight = evidence_beside_targets;
        }
        const AxisPath x = search_path(costs_of(scene, Axis::X, size.w / width, options), options.limits);
        const AxisPath y = search_path(costs_of(scene, Axis::Y, size.h / height, options), options.limits);
        solution.path.scenes.push_back(
            joined(x, y, end - starts[i], first_frame + starts[i], size, width, height));
        if (std::vector<CropKey>& keys = solution.path.scenes.back().keys; keys.size() == 1)
            keys[0].crop = at_whole_pixels(keys[0].crop, width, height);
        report_left_out(solution.path.scenes.back(), scene, width, height, solution.left_out);
        if (!tracked) continue;
        for (const TrackedTargets::Lost& lost : tracked->lost) {
            solution.left_out.push_back({"target", first_frame + starts[i] + lost.first,
                                         first_frame + starts[i] + lost.last,
                                         "is not found again: give it a target there"});
        }
    }
    return solution;
}

}  // namespace wetgate::framing
