#include <fmt/format.h>

#include <algorithm>

#include "qc/check_makers.h"

// What the stored values of one picture say.

namespace wetgate::qc {
namespace {

/// A check of one number a frame.
class LevelCheck final : public Check {
public:
    using Value = std::optional<double> (*)(const PictureFacts&);
    using Applies = bool (*)(const ShotFacts&);
    using Message = std::string (*)(double greatest);
    LevelCheck(CheckInfo info, Value value, Message message, Applies shots = nullptr)
        : Check(std::move(info)), value_(value), message_(message), applies_(shots) {}

    bool applies(const ShotFacts& shot, Side) const override { return applies_ == nullptr || applies_(shot); }
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        return runs_above(shot, threshold, of_pictures(shot, side, value_),
                          [&](const Occurrence& run) { return message_(run.value); });
    }

private:
    Value value_;
    Message message_;
    Applies applies_;
};

constexpr double tiny = 1e-9;  // "any"

}  // namespace

void add_level_checks(Checks& checks) {
    checks.push_back(std::make_unique<LevelCheck>(
        CheckInfo{"negatives", "Negative values", "COLOR-TRANSFORM", "Color Space", Severity::Fyi,
                  "share of the samples of R, G and B below zero; runs of frames", "", 0.001, "share",
                  "0.1 % (wetgate)"},
        [](const PictureFacts& facts) -> std::optional<double> { return facts.levels.negative; },
        [](double most) {
            return fmt::format(
                "{:.2f} % of the samples are negative: a colour outside the space's primaries, or a "
                "filter's undershoot; they are kept",
                100 * most);
        }));
    checks.push_back(std::make_unique<LevelCheck>(
        CheckInfo{"over_half", "Values at the top of half float", "VIDEO", "Pixel Error", Severity::Fyi,
                  "samples of 65504 or more, the greatest that half float holds", "OpenEXR", tiny, "samples",
                  "any"},
        [](const PictureFacts& facts) -> std::optional<double> {
            return static_cast<double>(facts.levels.over_half);
        },
        [](double most) {
            return fmt::format("{:.0f} samples are at or above 65504, the end of half float", most);
        }));
    checks.push_back(std::make_unique<LevelCheck>(
        CheckInfo{"clipped", "Clipped highlights", "VIDEO", "Video Levels", Severity::Fyi,
                  "greatest share, over the channels, of samples at that channel's maximum (a flat top)", "",
                  0.005, "share", "0.5 % (wetgate)"},
        [](const PictureFacts& facts) -> std::optional<double> { return facts.levels.at_top; },
        [](double most) {
            return fmt::format("{:.2f} % of a channel lies at its maximum: highlights are clipped",
                               100 * most);
        }));
    checks.push_back(std::make_unique<LevelCheck>(
        CheckInfo{"gamut", "Out of Rec.709", "COLOR-TRANSFORM", "Color Space", Severity::Fyi,
                  "share of the pixels with a component below -0.001 in linear Rec.709; pictures coded for a "
                  "display",
                  "EBU R 103", 0.01, "share", "1 % (EBU R 103)"},
        [](const PictureFacts& facts) -> std::optional<double> { return facts.light.out_of_gamut; },
        [](double most) {
            return fmt::format("{:.2f} % of the pixels have colours outside Rec.709", 100 * most);
        },
        [](const ShotFacts& shot) { return shot.is_display_coded; }));
    checks.push_back(std::make_unique<LevelCheck>(
        CheckInfo{"legal_range", "Illegal video levels", "VIDEO", "Video Levels", Severity::Issue,
                  "share of the codes of a narrow-range movie outside 16-235 (luma) and 16-240 (chroma), in "
                  "8-bit terms",
                  "ITU-R BT.709; EBU QC 0051B", 0.01, "share", "1 % (QCTools BRNG, EBU R 103)"},
        [](const PictureFacts& facts) { return facts.levels.illegal; },
        [](double most) {
            return fmt::format("{:.2f} % of the codes lie outside the legal range", 100 * most);
        },
        [](const ShotFacts& shot) {
            return std::any_of(shot.frames.begin(), shot.frames.end(), [](const FrameFacts& frame) {
                return frame.input && frame.input->levels.illegal.has_value();
            });
        }));
}

}  // namespace wetgate::qc
