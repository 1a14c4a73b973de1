#include "framing/view_links.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "framing/banded_program.h"
#include "framing/view_numbers.h"

namespace wetgate::framing {
namespace {

constexpr std::size_t numbers = 4;   // of a similarity
constexpr int farthest_back = 64;    // frames: a band is as wide
constexpr double trusted_px = 0.05;  // below which a residual says nothing of how good a link is

/// Which frames are led to each other by links.
class Islands {
public:
    explicit Islands(std::size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), 0U); }
    std::size_t of(std::size_t i) {
        while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
        return i;
    }
    void join(std::size_t a, std::size_t b) { parents_[std::max(of(a), of(b))] = std::min(of(a), of(b)); }

private:
    std::vector<std::size_t> parents_;
};

/// A scene's steps from its links; links[i] of frame i, none of which leads before the scene.
void join(std::span<ViewStep> steps, std::span<const std::vector<ViewLink>> links, double radius_px) {
    const std::size_t count = steps.size();
    std::size_t farthest = 1;
    Islands islands(count);
    for (std::size_t i = 0; i < count; ++i) {
        for (const ViewLink& link : links[i]) {
            const auto back = static_cast<std::size_t>(link.back);
            if (back > i || !link.step.is_known()) continue;
            farthest = std::max(farthest, back);
            islands.join(i - back, i);
        }
    }
    // places[i] takes the scene's first frame to frame i; place_i - step . place_(i - back) is what a link
    // misses.
    BandedProgram program(numbers * count, numbers * (farthest + 1));
    std::vector<Similarity> places(count);
    std::vector<double> coefficients, start;
    for (std::size_t i = 0; i < count; ++i) {
        for (const ViewLink& link : links[i]) {
            const auto back = static_cast<std::size_t>(link.back);
            if (back > i || !link.step.is_known()) continue;
            if (back == 1) places[i] = places[i - 1].then(link.step.map);
            const auto before = matrix_of(link.step.map);
            const ViewNumbers right = numbers_of(link.step.map, radius_px);
            const double weight = 1 / std::max(trusted_px, link.step.residual_px);
            for (std::size_t row = 0; row < numbers; ++row) {
                coefficients.assign(numbers * (back + 1), 0.0);
                for (std::size_t k = 0; k < numbers; ++k) coefficients[k] = -before[row][k];
                coefficients[numbers * back + row] = 1;
                program.add_absolute(numbers * (i - back), coefficients, right[row], weight);
            }
        }
        if (i > 0 && places[i] == Similarity{}) places[i] = places[i - 1];
        const ViewNumbers now = numbers_of(places[i], radius_px);
        start.insert(start.end(), now.begin(), now.end());
    }
    const std::vector<double> solved = program.solve(std::move(start)).values;
    for (std::size_t i = 0; i < count; ++i) {
        places[i] = similarity_of(solved.data() + numbers * i, radius_px);
    }
    for (std::size_t i = 1; i < count; ++i) {
        if (islands.of(i) != islands.of(i - 1)) continue;
        const Similarity map = places[i - 1].inverse().then(places[i]);
        const Similarity by_rows = steps[i].map.inverse().then(map);  // what joining changed
        steps[i].rows.map = steps[i].is_known() ? steps[i].rows.map.then(by_rows) : map;
        steps[i].map = map;
        steps[i].problem = motion::TrackProblem::None;
    }
}

}  // namespace

std::vector<ViewStep> joined_steps(std::span<const std::vector<ViewLink>> links,
                                   std::span<const std::size_t> cuts, int width, int height) {
    std::vector<ViewStep> steps(links.size());
    for (std::size_t i = 0; i < links.size(); ++i) {
        if (i > 0) steps[i].problem = motion::TrackProblem::FewMatches;
        for (const ViewLink& link : links[i]) {
            if (link.back < 1 || link.back > farthest_back || static_cast<std::size_t>(link.back) > i)
                throw Error(ErrorKind::Internal, "a link that leads before the shot, or too far back");
            if (link.back == 1) steps[i] = link.step;
        }
    }
    const double radius_px = 0.5 * std::hypot(width, height);
    for (std::size_t k = 0; k <= cuts.size() && !links.empty(); ++k) {
        const std::size_t first = k == 0 ? 0 : cuts[k - 1], last = k < cuts.size() ? cuts[k] : links.size();
        join(std::span(steps).subspan(first, last - first), links.subspan(first, last - first), radius_px);
    }
    return steps;
}

}  // namespace wetgate::framing
