#include "framing/view_links.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "framing/banded_program.h"
#include "framing/quantile.h"
#include "framing/view_numbers.h"

namespace wetgate::framing {
namespace {

constexpr std::size_t numbers = 4;  // of a similarity
constexpr int farthest_back = 64;   // frames: a band is as wide
constexpr double held = 1e6;        // per px^2: how surely the first frame of an island is where it is
constexpr int square_rounds = 3;
constexpr double believed = 3;       // times what links are missed by, by the median
constexpr double least_miss = 0.1;   // of what a link is trusted to: below it all are believed
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

/// A link as an equation: place_i - step . place_(i - back) has the numbers of the step.
struct Equation {
    std::size_t from, to;
    std::array<ViewNumbers, numbers> before;
    ViewNumbers right;
    double trust;  // per px

    /// Adds the four rows to a program, of absolute values or of squares.
    void add_to(BandedProgram& program, bool squared, double weight) const {
        std::vector<double> coefficients;
        for (std::size_t row = 0; row < numbers; ++row) {
            coefficients.assign(numbers * (to - from + 1), 0.0);
            for (std::size_t k = 0; k < numbers; ++k) coefficients[k] = -before[row][k];
            coefficients[numbers * (to - from) + row] = 1;
            if (squared) {
                program.add_square(numbers * from, coefficients, right[row], weight);
            } else {
                program.add_absolute(numbers * from, coefficients, right[row], weight);
            }
        }
    }
    /// How far, in units of what it is trusted to, it is missed.
    double missed(const std::vector<double>& places) const {
        double sum = 0;
        for (std::size_t row = 0; row < numbers; ++row) {
            double miss = places[numbers * to + row] - right[row];
            for (std::size_t k = 0; k < numbers; ++k) miss -= before[row][k] * places[numbers * from + k];
            sum += miss * miss;
        }
        return std::sqrt(sum) * trust;
    }
};

// Note [How links agree]
// Absolute values find which links to believe, but then follow some of them to the letter and put all that
// the others say otherwise into one frame, which jumps. Squares spread it over all. So: absolute values
// first, then squares of what those believe, weighed by how far each is missed (Geman and McClure).
/// A scene's steps from its links; links[i] of frame i, none of which leads before the scene.
void join(std::span<ViewStep> steps, std::span<const std::vector<ViewLink>> links, double radius_px) {
    const std::size_t count = steps.size();
    std::size_t farthest = 1;
    Islands islands(count);
    std::vector<Equation> equations;
    std::vector<Similarity> places(count);
    std::vector<double> solved;
    for (std::size_t i = 0; i < count; ++i) {
        for (const ViewLink& link : links[i]) {
            const auto back = static_cast<std::size_t>(link.back);
            if (back > i || !link.step.is_known()) continue;
            if (back == 1) places[i] = places[i - 1].then(link.step.map);
            farthest = std::max(farthest, back);
            islands.join(i - back, i);
            equations.push_back({i - back, i, matrix_of(link.step.map), numbers_of(link.step.map, radius_px),
                                 1 / std::max(trusted_px, link.step.residual_px)});
        }
        if (i > 0 && places[i] == Similarity{}) places[i] = places[i - 1];
        const ViewNumbers now = numbers_of(places[i], radius_px);
        solved.insert(solved.end(), now.begin(), now.end());
    }
    for (int round = 0; round <= square_rounds; ++round) {
        BandedProgram program(numbers * count, numbers * (farthest + 1));
        // Links say nothing of where the first frame is, and all would be missed by less if everything were
        // smaller.
        const double one = 1;
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t k = 0; k < numbers && islands.of(i) == i; ++k)
                program.add_square(numbers * i + k, {&one, 1}, solved[numbers * i + k], held);
        std::vector<double> missed;
        for (const Equation& equation : equations) missed.push_back(equation.missed(solved));
        const double usual = std::max(least_miss, median(missed));
        for (std::size_t k = 0; k < equations.size(); ++k) {
            const double share = missed[k] / (believed * usual), trust = equations[k].trust;
            const double weight = trust * trust / ((1 + share * share) * (1 + share * share));
            equations[k].add_to(program, round > 0, round > 0 ? weight : trust);
        }
        solved = program.solve(std::move(solved)).values;
    }
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

std::vector<int> link_distances(int frame) {
    const int past = ((frame % farthest_link) + farthest_link) % farthest_link;
    if (past == 1) return {1};
    return {1, past == 0 ? farthest_link : past};
}

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
