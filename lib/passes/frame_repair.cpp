#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/frame_repair_between.h"
#include "passes/pass.h"
#include "passes/scenes.h"

// Frames that are broken as a whole are made anew from those around them. measure() tells of each frame how
// it differs from the ones before it, solve() lists the broken ones, run() makes those.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.frame_repair/1";
constexpr std::size_t most_frames = 1'000'000;

constexpr double least_motion =
    5e-4;  // mean coded difference from frame to frame: an eighth of an 8 bit code
constexpr double duplicate_share = 0.15;  // of the usual difference
constexpr double most_duplicates = 0.3;   // of a shot's frames: beyond, it is how the shot was shot (on twos)
constexpr int usual_over = 6;             // frames to either side
constexpr double flash_stops = 0.35;
constexpr double flash_return = 0.25;   // of the flash, to which the light has to be back behind it
constexpr double corrupt_share = 0.15;  // of the picture, found again from before to after but not within

/// What a frame looks like from the frames before it.
struct FrameFacts {
    bool is_readable = false;
    std::optional<double> difference;  // mean coded, from the frame before
    std::optional<double> light_stops;
    std::map<int, double> agreement;  // share of the picture found again, by frames back
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

Coding coding_of(const PassContext& context, double stops) {
    return {coding_kind(context.params.text("coding"), context), stops, context};
}

class RepairAnalysis final : public ShotAnalysis {
public:
    explicit RepairAnalysis(const PassContext& context)
        : coding_(coding_of(context, 0)), most_gap_(context.params.integer("most_gap")) {
        for (const json& kind : context.params.values().at("detect")) detect_.insert(kind.get<std::string>());
        if (context.params.has("repair")) listed_ = context.params.frames("repair");
    }

    PassReach reach() const override { return {std::max(most_gap_ + 1, links_back), 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_exposure(facts, window[0].pixels);
        add_links(facts, window, reach().before);
        if (window[0].pixels.numel() > 0 && window.is_real(-1)) {
            facts["difference"] =
                rounded((coding_.encode(window[0].pixels) - coding_.encode(window[-1].pixels))
                            .abs()
                            .mean(at::kDouble)
                            .item<double>());
        }
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        const std::vector<FrameFacts> facts = read(all_frames, first_frame);
        std::map<int, std::string> why;
        const auto tell = [&](const char* kind, const auto& is_broken) {
            if (detect_.count(kind) == 0) return;
            for (int i = 0; i < static_cast<int>(facts.size()); ++i) {
                if (is_broken(i)) why.emplace(first_frame + i, kind);
            }
        };
        for (const int frame : listed_) {
            if (frame >= first_frame && frame < first_frame + static_cast<int>(facts.size()))
                why.emplace(frame, "listed");
        }
        tell("missing", [&](int i) { return !facts[static_cast<std::size_t>(i)].is_readable; });
        const std::vector<bool> repeated = duplicates(facts);
        tell("duplicate", [&](int i) { return repeated[static_cast<std::size_t>(i)]; });
        tell("flash", [&](int i) { return is_flash(facts, i); });
        tell("corrupt", [&](int i) { return is_corrupt(facts, i); });
        json frames = json::array();
        for (const auto& [frame, reason] : why) frames.push_back({{"frame", frame}, {"why", reason}});
        return {{"schema", artefact_schema},
                {"about", "frames to make anew; take out what is as it should be, add what was not found"},
                {"frames", frames},
                {"exposure_stops", solved_exposure("frame_repair", all_frames)},
                {"cuts", solved_cuts("frame_repair", all_frames, first_frame)}};
    }

private:
    static std::vector<FrameFacts> read(std::span<const json> all_frames, int first_frame) {
        std::vector<FrameFacts> all;
        for (const json& given : all_frames) {
            const int frame = first_frame + static_cast<int>(all.size());
            FrameFacts& facts = all.emplace_back();
            if (given.is_null()) continue;
            facts.is_readable = true;
            const ArtefactReader reader("frame_repair", given,
                                        fmt::format("the measurement of frame {}", frame));
            if (reader.has("difference")) facts.difference = reader.member("difference").number(0, 1e6);
            if (reader.has("mean_log2")) facts.light_stops = reader.member("mean_log2").number(-1e3, 1e3);
            for (const motion::FrameLink& link : links_of(reader))
                facts.agreement[link.back] = link.agreement;
        }
        return all;
    }

    static std::vector<bool> duplicates(const std::vector<FrameFacts>& facts) {
        std::vector<bool> found(facts.size(), false);
        for (std::size_t i = 0; i < facts.size(); ++i) {
            if (!facts[i].difference) continue;
            std::vector<double> around;
            const std::size_t first = i > usual_over ? i - usual_over : 0;
            for (std::size_t k = first; k < std::min(facts.size(), i + usual_over + 1); ++k) {
                if (k != i && facts[k].difference) around.push_back(*facts[k].difference);
            }
            if (around.empty()) continue;
            const double usual = median(around);
            found[i] = usual >= least_motion && *facts[i].difference <= duplicate_share * usual;
        }
        const auto count = std::count(found.begin(), found.end(), true);
        if (static_cast<double>(count) > most_duplicates * static_cast<double>(facts.size()))
            std::fill(found.begin(), found.end(), false);
        return found;
    }

    static bool is_flash(const std::vector<FrameFacts>& facts, int i) {
        const auto light = [&](int at) -> std::optional<double> {
            if (at < 0 || at >= static_cast<int>(facts.size())) return std::nullopt;
            return facts[static_cast<std::size_t>(at)].light_stops;
        };
        const auto before = light(i - 1), own = light(i), after = light(i + 1);
        if (!before || !own || !after) return false;
        const double up = *own - *before;
        const double down = *own - *after;
        const double least = std::min(std::abs(up), std::abs(down));
        return up * down > 0 && least > flash_stops && std::abs(*before - *after) < flash_return * least;
    }

    static bool is_corrupt(const std::vector<FrameFacts>& facts, int i) {
        if (i == 0 || i + 1 >= static_cast<int>(facts.size())) return false;
        const auto& own = facts[static_cast<std::size_t>(i)].agreement;
        const auto& next = facts[static_cast<std::size_t>(i) + 1].agreement;
        if (own.count(1) == 0 || next.count(1) == 0 || next.count(2) == 0) return false;
        return next.at(2) - std::max(own.at(1), next.at(1)) > corrupt_share;
    }

    Coding coding_;
    int most_gap_;
    std::set<std::string> detect_;
    FrameSet listed_;
};

class RepairPass final : public FramePass {
public:
    explicit RepairPass(const PassContext& context)
        : most_gap_(context.params.integer("most_gap")), grain_(context.params.number("grain")) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const ArtefactReader artefact("frame_repair", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        const ArtefactReader list = artefact.member("frames");
        for (std::size_t i = 0; i < list.size(most_frames); ++i)
            broken_[list.item(i).member("frame").integer()] = list.item(i).member("why").text();
        scenes_ = Scenes(artefact.member("cuts"));
        coding_.emplace(coding_of(context, artefact.member("exposure_stops").number(-16, 16)));
    }

    // A frame is made from sound ones up to most_gap frames away and the ones behind those.
    PassReach reach() const override { return {most_gap_ + 1, most_gap_ + 1}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        const auto found = broken_.find(window[0].number);
        const at::Tensor untouched = at::zeros_like(linear.slice(0, 0, 1));
        if (found == broken_.end() || linear.numel() == 0) return {linear, untouched};
        const int before = nearest(window, -1);
        const int after = nearest(window, 1);
        if (before == 0 || after == 0) {
            return {linear,
                    untouched,
                    {{"why", found->second},
                     {"not_repaired", fmt::format("no sound frame of its scene within {} frames {} it",
                                                  most_gap_, before == 0 ? "before" : "after")}}};
        }
        const auto coded = [&](int k) { return coding_->encode(window[k].pixels); };
        const auto further = [&](int k) { return is_sound(window, k) ? coded(k) : at::Tensor(); };
        const at::Tensor made = frame_repair::made_between({.before = coded(before),
                                                            .after = coded(after),
                                                            .further_before = further(before - 1),
                                                            .further_after = further(after + 1),
                                                            .gap = after - before,
                                                            .place = -before},
                                                           grain_);
        const int number = window[0].number;
        return {coding_->decode(made),
                at::ones_like(untouched),
                {{"why", found->second}, {"made_from", {number + before, number + after}}}};
    }

private:
    bool is_sound(const FrameWindow& window, int k) const {
        return scenes_.reaches(window, k) && broken_.count(window[0].number + k) == 0;
    }
    /// Where the next sound frame of the scene is, in steps of `step`; 0: nowhere near.
    int nearest(const FrameWindow& window, int step) const {
        for (int k = step; std::abs(k) <= most_gap_; k += step) {
            if (is_sound(window, k)) return k;
        }
        return 0;
    }

    int most_gap_;
    double grain_;
    std::map<int, std::string> broken_;
    Scenes scenes_;
    std::optional<Coding> coding_;
};

}  // namespace

PassEntry frame_repair_entry() {
    return {"frame_repair", [](const PassContext& context) { return std::make_unique<RepairPass>(context); },
            [](const PassContext& context) { return std::make_unique<RepairAnalysis>(context); },
            /*model_use=*/nullptr,
            /*working_planes=*/48};
}

}  // namespace wetgate::passes
