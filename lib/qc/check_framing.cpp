#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "qc/check_makers.h"
#include "qc/series.h"

// Windows, edges, and the look of the whole shot against its reference.

namespace wetgate::qc {
namespace {

class Geometry final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const bool has_free_windows = has_free_window(shot, side);
        const PictureFacts* usual = nullptr;  // the first picture's
        return runs_above(
            shot, threshold,
            [&](std::size_t i) -> std::optional<double> {
                const PictureFacts* picture = shot.picture(side, i);
                if (picture == nullptr) return std::nullopt;
                if (usual == nullptr) usual = picture;
                const bool is_same = picture->display == usual->display &&
                                     picture->pixel_aspect == usual->pixel_aspect &&
                                     (has_free_windows || picture->window == usual->window);
                return is_same ? 0.0 : 1.0;
            },
            [&](const Occurrence& run) {
                const PictureFacts& picture = *shot.picture(side, run.first);
                return fmt::format("{} x {}, pixel aspect {:.4g}, where the shot begins with {} x {}, {:.4g}",
                                   picture.display.width(), picture.display.height(), picture.pixel_aspect,
                                   usual->display.width(), usual->display.height(), usual->pixel_aspect);
            });
    }

private:
    /// Data windows that follow the picture (a render's bounding box) change as a matter of course.
    static bool has_free_window(const ShotFacts& shot, Side side) {
        std::size_t changes = 0;
        const PictureFacts* last = nullptr;
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr) continue;
            changes += last != nullptr && picture->window != last->window ? 1 : 0;
            last = picture;
        }
        return 4 * changes > shot.frames.size();
    }
};

class BlackEdges final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        static constexpr std::array<const char*, 4> names = {"top", "right", "bottom", "left"};
        std::vector<Occurrence> found;
        for (std::size_t edge = 0; edge < names.size(); ++edge) {
            for (Occurrence& run : runs_above(
                     shot, threshold,
                     of_pictures(shot, side,
                                 [edge](const PictureFacts& picture) { return picture.border[edge]; }),
                     [&](const Occurrence& run) {
                         return fmt::format("{:.0f} black lines at the {} edge while the picture is lit",
                                            run.value, names[edge]);
                     })) {
                run.subject = names[edge];
                found.push_back(std::move(run));
            }
        }
        return found;
    }
};

/// The middle of the shot's light and colour against its reference's.
class Mismatch final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts& shot, Side) const override { return !shot.references.empty(); }
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::array<std::vector<double>, 3> stops;
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr || picture->light.grid.size() == 0) continue;
            for (std::size_t c = 0; c < 3; ++c) stops[c].push_back(picture->light.median_stops[c]);
        }
        std::vector<Occurrence> found;
        for (const ReferenceFacts& reference : shot.references) {
            std::array<double, 3> apart{};
            double most = 0;
            for (std::size_t c = 0; c < 3; ++c) {
                const auto middle = median_of(stops[c]);
                if (!middle) return {};
                apart[c] = *middle - reference.picture.light.median_stops[c];
                most = std::max(most, std::abs(apart[c]));
            }
            if (most < threshold) continue;
            found.push_back(
                {0,
                 shot.frames.size(),
                 most,
                 fmt::format(
                     "the shot's middle tones lie {:+.2f} {:+.2f} {:+.2f} stop (R G B) from reference '{}'",
                     apart[0], apart[1], apart[2], reference.name),
                 {},
                 reference.name});
        }
        return found;
    }
};

}  // namespace

void add_framing_checks(Checks& checks) {
    checks.push_back(std::make_unique<Geometry>(CheckInfo{
        "geometry", "Size, aspect or window changes", "VIDEO", "Framing Error", Severity::Blocker,
        "display window, data window (unless it follows the picture) and pixel aspect are the first frame's",
        "", 1, "frames", "any"}));
    checks.push_back(std::make_unique<BlackEdges>(
        CheckInfo{"black_edges", "Black lines at an edge", "VIDEO", "Framing Error", Severity::Issue,
                  "rows or columns at an edge that are black from end to end, next to one that is lit",
                  "Netflix Framing Error", 1, "lines", "1 (wetgate)"}));
    checks.push_back(std::make_unique<Mismatch>(
        CheckInfo{"shot_mismatch", "Unlike its reference", "VIDEO", "Color Mistiming", Severity::Fyi,
                  "medians of R, G and B over the shot against those of each reference of the shot",
                  "Netflix Color Mistiming", 0.15, "stop", "0.15 stop (wetgate)"}));
}

}  // namespace wetgate::qc
