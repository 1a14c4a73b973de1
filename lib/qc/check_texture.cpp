#include <fmt/format.h>

#include <algorithm>

#include "qc/check_makers.h"
#include "qc/measure.h"

// Fine structure of what was made, against what came in.

namespace wetgate::qc {
namespace {

/// Output over input of one number; only where the output is another picture.
class RelativeCheck final : public Check {
public:
    using Value = double (*)(const PictureFacts& output, const PictureFacts& input);
    using Message = std::string (*)(double value);
    RelativeCheck(CheckInfo info, Value value, Message message)
        : Check(std::move(info)), value_(value), message_(message) {}

    bool applies(const ShotFacts&, Side side) const override { return side == Side::Output; }
    std::vector<Occurrence> find(const ShotFacts& shot, Side, double threshold) const override {
        return runs_above(
            shot, threshold,
            [&](std::size_t i) -> std::optional<double> {
                const FrameFacts& frame = shot.frames[i];
                if (!frame.input || !frame.output) return std::nullopt;
                // An enlarged picture has smaller steps by nature.
                if (frame.input->window.width() != frame.output->window.width()) return std::nullopt;
                return frame.input == frame.output ? 0.0 : value_(*frame.output, *frame.input);
            },
            [&](const Occurrence& run) { return message_(run.value); });
    }

private:
    Value value_;
    Message message_;
};

double lost(double after, double before) {
    return before > 0 ? 1 - after / before : 0;
}

class Banding final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts& shot, Side side) const override {
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture != nullptr && picture->banding) return true;
        }
        return false;
    }
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> found;
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr || !picture->banding) continue;
            const FrameFacts& frame = shot.frames[i];
            const bool was_measured = frame.input && frame.input->banding;
            const double more =
                side == Side::Output && was_measured ? *picture->banding - *frame.input->banding : 0;
            if (*picture->banding < threshold && more <= most_more) continue;
            const bool goes_on =
                !found.empty() && i - found.back().end < static_cast<std::size_t>(banding_every);
            if (!goes_on) found.push_back({i, i + 1, 0, "", {}});
            Occurrence& run = found.back();
            run.end = i + 1;
            run.value = std::max(run.value, *picture->banding);
            if (more > most_more) run.severity = Severity::Issue;
            run.message = fmt::format("bands: CAMBI {:.1f}{}; the pass 'deband' smooths them", run.value,
                                      run.severity ? ", more than in the source" : "");
        }
        return found;
    }

private:
    static constexpr double most_more = 1;
};

}  // namespace

void add_texture_checks(Checks& checks) {
    checks.push_back(std::make_unique<Banding>(
        CheckInfo{"banding", "Banding", "VIDEO", "Banding", Severity::Fyi,
                  "CAMBI of every 24th frame; an Issue where the output has 1 more than the input. Steps of "
                  "more than four 10-bit codes "
                  "are not seen",
                  "CAMBI (Tandon et al., 2021)", 5, "CAMBI", "5: slightly annoying (libvmaf)"}));
    checks.push_back(std::make_unique<RelativeCheck>(
        CheckInfo{
            "blur", "Softer than the source", "VIDEO", "Focus", Severity::Fyi,
            "share of the mean step between neighbouring pixels that the passes took away, grain included",
            "", 0.05, "share", "5 % (wetgate)"},
        [](const PictureFacts& output, const PictureFacts& input) {
            return lost(output.texture.gradient, input.texture.gradient);
        },
        [](double value) {
            return fmt::format("{:.1f} % of the steps between pixels are gone: detail or grain", 100 * value);
        }));
    checks.push_back(std::make_unique<RelativeCheck>(
        CheckInfo{"aliasing", "Sharper than the source", "VIDEO", "Aliasing", Severity::Fyi,
                  "growth of the mean second difference over that of the mean step", "", 0.1, "share",
                  "10 % (wetgate)"},
        [](const PictureFacts& output, const PictureFacts& input) {
            const double steps = std::max(
                1.0, input.texture.gradient > 0 ? output.texture.gradient / input.texture.gradient : 1.0);
            return input.texture.detail > 0 ? output.texture.detail / input.texture.detail / steps - 1 : 0;
        },
        [](double value) {
            return fmt::format(
                "fine detail stands out {:.0f} % more than in the source: aliasing, ringing or added noise",
                100 * value);
        }));
    checks.push_back(std::make_unique<RelativeCheck>(
        CheckInfo{"blocking", "Blocks", "VIDEO", "Macroblocking", Severity::Fyi,
                  "steps across an 8-pixel grid over steps elsewhere, above the source's",
                  "FFmpeg blockdetect", 0.1, "ratio", "0.1 (wetgate)"},
        [](const PictureFacts& output, const PictureFacts& input) {
            return output.texture.blocking - input.texture.blocking;
        },
        [](double value) {
            return fmt::format("an 8-pixel grid stands out by {:.2f} more than in the source", value);
        }));
}

}  // namespace wetgate::qc
