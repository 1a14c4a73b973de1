#include "framing/view_links.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using framing::joined_steps;
using framing::Similarity;
using framing::ViewLink;
using framing::ViewStep;

constexpr int kWidth = 640;
constexpr int kHeight = 360;

Similarity place(std::size_t i) {
    return Similarity::of(3 * static_cast<double>(i), 5 * std::sin(0.3 * static_cast<double>(i)),
                          hashed_normal(1, i), 1 + 0.002 * hashed_normal(2, i));
}

/// Links of a shot, each off by `error_px` at random.
std::vector<std::vector<ViewLink>> links_of(std::size_t count, double error_px) {
    std::vector<std::vector<ViewLink>> links(count);
    for (std::size_t i = 0; i < count; ++i) {
        for (const int back : framing::link_distances(static_cast<int>(i))) {
            if (static_cast<std::size_t>(back) > i) continue;
            ViewLink link{back, {}};
            link.step.map = place(i - static_cast<std::size_t>(back)).inverse().then(place(i));
            link.step.map.dx += error_px * hashed_normal(10 + static_cast<std::uint64_t>(back), i);
            link.step.map.dy += error_px * hashed_normal(30 + static_cast<std::uint64_t>(back), i);
            link.step.rows.map = link.step.map;
            links[i].push_back(link);
        }
    }
    return links;
}

/// How far the steps lead from the true place of each frame, root mean square.
double drift_px(const std::vector<ViewStep>& steps) {
    Similarity at = place(0);
    double sum = 0;
    for (std::size_t i = 1; i < steps.size(); ++i) {
        at = at.then(steps[i].map);
        sum += std::pow(at.dx - place(i).dx, 2) + std::pow(at.dy - place(i).dy, 2);
    }
    return std::sqrt(sum / static_cast<double>(steps.size()));
}

std::vector<ViewStep> by_single_links(const std::vector<std::vector<ViewLink>>& links) {
    auto single = links;
    for (auto& list : single) std::erase_if(list, [](const ViewLink& link) { return link.back != 1; });
    return joined_steps(single, {}, kWidth, kHeight);
}

}  // namespace

TEST_CASE("long links hold the drift of short ones") {
    const auto links = links_of(300, 0.1);
    const double alone = drift_px(by_single_links(links)),
                 joined = drift_px(joined_steps(links, {}, kWidth, kHeight));
    CHECK(alone > 0.5);
    CHECK(joined < 0.45 * alone);
}

TEST_CASE("single links are kept as they are, and the same links give the same bits") {
    auto links = links_of(50, 0.1);
    const auto steps = by_single_links(links);
    for (std::size_t i = 1; i < steps.size(); ++i) {
        CHECK(steps[i].map.dx == doctest::Approx(links[i][0].step.map.dx).epsilon(1e-6));
        CHECK(steps[i].map.b == doctest::Approx(links[i][0].step.map.b).epsilon(1e-6));
    }
    CHECK(joined_steps(links, {}, kWidth, kHeight) == joined_steps(links, {}, kWidth, kHeight));
}

TEST_CASE("a link that is wrong is outvoted, and one that is missing is bridged") {
    auto links = links_of(60, 0);
    links[30][0].step.map.dx += 20;
    links[40][0].step = {};
    links[40][0].step.problem = motion::TrackProblem::Flat;
    const auto steps = joined_steps(links, {}, kWidth, kHeight);
    CHECK(drift_px(steps) < 1e-3);
    CHECK(steps[40].is_known());
    CHECK(steps[40].points == 0);
}

TEST_CASE("nothing is known across a cut, and frames that nothing links stay unknown") {
    auto links = links_of(40, 0);
    for (std::size_t i = 20; i < 29; ++i)
        for (ViewLink& link : links[i])
            if (i - static_cast<std::size_t>(link.back) < 20) link.step.map.dx += 500;
    const std::size_t cuts[] = {20};
    const auto steps = joined_steps(links, cuts, kWidth, kHeight);
    const Similarity expected = place(24).inverse().then(place(25));
    CHECK(steps[25].map.dx == doctest::Approx(expected.dx).epsilon(1e-6));
    std::vector<std::vector<ViewLink>> none(5);
    for (std::size_t i = 1; i < 5; ++i) CHECK_FALSE(joined_steps(none, {}, kWidth, kHeight)[i].is_known());
    CHECK(joined_steps({}, {}, kWidth, kHeight).empty());
    std::vector<std::vector<ViewLink>> far(100);
    far[80].push_back({70, {}});
    CHECK_THROWS_AS(joined_steps(far, {}, kWidth, kHeight), Error);
    none[1].push_back({2, {}});
    CHECK_THROWS_AS(joined_steps(none, {}, kWidth, kHeight), Error);
}

}  // namespace wetgate::tests
