#include "framing/scene_path.h"

#include <algorithm>
#include <cmath>
#include <tuple>

// Note [The path's program]
// A view W takes places of the made picture to the plate, both from their centres. What the viewer sees move
// between two frames is W[i]^-1 F[i] W[i-1], F the step of the plate. It stands still where r[i] = W[i] -
// F[i] W[i-1] is 0, moves evenly where r does not change, and so on (Grundmann, Kwatra, Essa: "Auto-Directed
// Video Stabilization with Robust L1 Optimal Camera Paths", CVPR 2011, with steps the other way round). Of a
// similarity all this is linear in W's four numbers, as is that a corner of the view stays in the plate: the
// crop is a limit of the program and not a correction of its result.
// Measured on hand-held clips at equal crop: Grundmann's absolute values of all three differences give paths
// of straight pieces, which are perfect where the camera should stand still, but left 40 % more fast
// motion on a pan that the crop binds than squares of the second difference do; squares alone never quite
// stand still. So: squares of the second and third difference, and a small price on the size of the first.
// Where the crop binds, little is left to win: a path that may break off at the limits (a steady path of its
// own, and the view as near to it as the plate allows), tuned on the measure itself, leaves 2, 5, 8 and 15 %
// less fast motion on four hand-held clips that the crop binds, and 1.6 to 2.2 times the acceleration.

namespace wetgate::framing {
namespace {

constexpr std::size_t numbers = 4;
constexpr double homesick = 1e-7;  // per px^2: of views that nothing else decides
constexpr double near_px = 0.01;
constexpr double binomial[3][3] = {{1, 0, 0}, {1, -1, 0}, {1, -2, 1}};

}  // namespace

ScenePathProblem::ScenePathProblem(std::vector<Similarity> steps, const ViewLimits& limits)
    : steps_(std::move(steps)),
      limits_(limits),
      radius_px_(std::hypot(limits.outer_width, limits.outer_height)) {}

/// The difference of order 1 to 3 that ends at frame `end`, sum over k of (-1)^k C(order - 1, k) r[end - k],
/// as a term of the free frames; what the fixed ones contribute is known.
void ScenePathProblem::add_difference(BandedProgram& program, std::size_t end, std::size_t order,
                                      std::size_t first_free, std::size_t last_free,
                                      const std::vector<Similarity>& fixed,
                                      const PathWeights& weights) const {
    const double unit_px = 2 * radius_px_ / 1000;
    const std::size_t begin = end - order;
    for (std::size_t row = 0; row < numbers; ++row) {
        std::array<double, 4 * numbers> all{};  // of frames begin .. end
        double right = 0;
        for (std::size_t k = 0; k < order; ++k) {
            const double share = binomial[order - 1][k];
            const Similarity& step = steps_[end - k];
            const auto before = matrix_of(step);
            const std::size_t here = numbers * (order - k);
            all[here + row] += share;
            for (std::size_t i = 0; i < numbers; ++i) all[here - numbers + i] -= share * before[row][i];
            right += share * numbers_of(step, radius_px_)[row];
        }
        const std::size_t from = std::max(begin, first_free), to = std::min(end + 1, last_free);
        for (std::size_t frame = begin; frame <= end; ++frame) {
            if (frame >= from && frame < to) continue;
            const ViewNumbers known = numbers_of(fixed[frame], radius_px_);
            for (std::size_t i = 0; i < numbers; ++i) right -= all[numbers * (frame - begin) + i] * known[i];
        }
        const std::span<const double> free(all.data() + numbers * (from - begin), numbers * (to - from));
        const std::size_t first = numbers * (from - first_free);
        program.add_absolute(first, free, right, weights.by_size[order - 1] / unit_px);
        program.add_square(first, free, right, weights.by_square[order - 1] / (unit_px * unit_px));
    }
}

std::vector<std::pair<ViewNumbers, double>> ScenePathProblem::limit_rows() const {
    std::vector<std::pair<ViewNumbers, double>> rows;
    for (const double sx : {-1.0, 1.0}) {
        for (const double sy : {-1.0, 1.0}) {
            const double x = sx * limits_.half_width, y = sy * limits_.half_height;
            // (1 + alpha / R) x - beta / R y + dx, and its like for y: within the outer rectangle.
            const ViewNumbers across = {1, 0, x / radius_px_, -y / radius_px_};
            const ViewNumbers down = {0, 1, y / radius_px_, x / radius_px_};
            for (const auto& [row, at, outer] :
                 {std::tuple(across, x, limits_.outer_width), std::tuple(down, y, limits_.outer_height)}) {
                ViewNumbers minus = row;
                for (double& value : minus) value = -value;
                rows.emplace_back(row, -outer - at);
                rows.emplace_back(minus, at - outer);
            }
        }
    }
    rows.emplace_back(ViewNumbers{0, 0, 1, 0}, radius_px_ * (limits_.least_scale - 1));
    return rows;
}

double ScenePathProblem::start_scale() const {
    const double most =
        std::min(limits_.outer_width / limits_.half_width, limits_.outer_height / limits_.half_height);
    return 0.5 * (limits_.least_scale + most);
}

std::vector<Similarity> ScenePathProblem::smooth(const PathWeights& weights) const {
    std::vector<Similarity> views(size(), {start_scale(), 0, 0, 0});
    repair(views, 0, size(), weights, true);
    return views;
}

void ScenePathProblem::repair(std::vector<Similarity>& views, std::size_t first, std::size_t last,
                              const PathWeights& weights, bool is_limited) const {
    BandedProgram program(numbers * (last - first), 4 * numbers);
    for (std::size_t order = 1; order <= 3; ++order) {
        for (std::size_t end = std::max(first, order); end < std::min(size(), last + order); ++end)
            add_difference(program, end, order, first, last, views, weights);
    }
    const auto rows = limit_rows();
    const double unit_px = 2 * radius_px_ / 1000;
    const double home = std::max(homesick, weights.away / (unit_px * unit_px));
    std::vector<double> start;
    for (std::size_t i = first; i < last; ++i) {
        for (std::size_t k = 0; k < numbers; ++k) {
            const double one = 1;
            program.add_square(numbers * (i - first) + k, {&one, 1}, 0, home);
        }
        if (is_limited)
            for (const auto& [row, right] : rows) program.add_limit(numbers * (i - first), row, right);
        const ViewNumbers now = numbers_of(views[i], radius_px_);
        start.insert(start.end(), now.begin(), now.end());
    }
    const std::vector<double> solved = program.solve(std::move(start)).values;
    for (std::size_t i = first; i < last; ++i)
        views[i] = similarity_of(solved.data() + numbers * (i - first), radius_px_);
}

std::optional<std::vector<Similarity>> ScenePathProblem::locked() const {
    // The view of the middle frame, carried to all others; `room` is how far inside the limits all of them
    // are.
    std::vector<Similarity> ways(size());
    const std::size_t middle_frame = size() / 2;
    for (std::size_t i = middle_frame + 1; i < size(); ++i) ways[i] = ways[i - 1].then(steps_[i]);
    for (std::size_t i = middle_frame; i-- > 0;) ways[i] = ways[i + 1].then(steps_[i + 1].inverse());

    BandedProgram program(numbers + 1, numbers + 1);
    const double start_of = start_scale();
    double least_room = 0;
    std::vector<std::pair<std::array<double, numbers + 1>, double>> all;
    for (const Similarity& way : ways) {
        const double a = way.a, b = way.b;
        const ViewNumbers shift = numbers_of(way, radius_px_);
        for (const auto& [row, right] : limit_rows()) {
            // way . view has the numbers M w + shift.
            const std::array<double, numbers + 1> carried = {a * row[0] + b * row[1], a * row[1] - b * row[0],
                                                             a * row[2] + b * row[3], a * row[3] - b * row[2],
                                                             -1};
            double rest = right;
            for (std::size_t i = 0; i < numbers; ++i) rest -= row[i] * shift[i];
            all.emplace_back(carried, rest);
            least_room = std::min(least_room, carried[2] * radius_px_ * (start_of - 1) - rest);
        }
    }
    for (const auto& [row, right] : all) program.add_limit(0, row, right);
    const double one = 1;
    for (std::size_t i = 0; i < numbers; ++i) program.add_square(i, {&one, 1}, 0, homesick);
    program.add_square(numbers, {&one, 1}, 1, 1);  // a pixel of room
    const auto solution = program.solve({0, 0, radius_px_ * (start_of - 1), 0, least_room - 1}).values;
    if (!(solution[numbers] > 0)) return std::nullopt;
    const Similarity view = similarity_of(solution.data(), radius_px_);
    std::vector<Similarity> views;
    for (const Similarity& way : ways) views.push_back(view.then(way));
    return views;
}

bool ScenePathProblem::is_held_back(const Similarity& view) const {
    const ViewNumbers w = numbers_of(view, radius_px_);
    const auto rows = limit_rows();
    return std::any_of(rows.begin(), rows.end(), [&](const auto& limit) {
        const auto& [row, right] = limit;
        return row[0] * w[0] + row[1] * w[1] + row[2] * w[2] + row[3] * w[3] - right < near_px;
    });
}

}  // namespace wetgate::framing
