#include "motion/cuts.h"

#include <doctest/doctest.h>

using wetgate::motion::find_cuts;
using wetgate::motion::FrameLink;
using wetgate::motion::GrayImage;
using wetgate::motion::histogram_distance;

namespace {

/// Links of `count` frames to the four before each; `agree(t, earlier)` says how well two frames go together.
template <class Agree>
std::vector<std::vector<FrameLink>> shot(int count, const Agree& agree, double distance = 0.3) {
    std::vector<std::vector<FrameLink>> links(static_cast<std::size_t>(count));
    for (int t = 0; t < count; ++t) {
        for (int back = 1; back <= 4 && back <= t; ++back) {
            const double agreement = agree(t, t - back);
            links[static_cast<std::size_t>(t)].push_back(
                {back, agreement, agreement > 0.1 ? 0.02 : distance});
        }
    }
    return links;
}

}  // namespace

TEST_CASE("a cut is where nothing is found again") {
    const auto links = shot(12, [](int t, int earlier) { return (t >= 5) == (earlier >= 5) ? 0.6 : 0.03; });
    CHECK(find_cuts(links) == std::vector<int>{5});
}

TEST_CASE("a steady shot has no cut, however poor its flow") {
    CHECK(find_cuts(shot(12, [](int, int) { return 0.12; })).empty());
    // Hardly any agreement, but the same histogram: a whip pan.
    CHECK(find_cuts(shot(
                        12, [](int, int) { return 0.04; }, 0.03))
              .empty());
}

TEST_CASE("one odd frame is no cut, since its neighbours agree over it") {
    const auto links = shot(12, [](int t, int earlier) { return t == 6 || earlier == 6 ? 0.0 : 0.5; });
    CHECK(find_cuts(links).empty());
}

TEST_CASE("two cuts one frame apart are two cuts") {
    const auto scene = [](int t) { return t < 4 ? 0 : (t < 5 ? 1 : 2); };
    const auto links = shot(9, [&](int t, int earlier) { return scene(t) == scene(earlier) ? 0.5 : 0.01; });
    // Frame 4 alone belongs to neither side; both its borders are cuts.
    CHECK(find_cuts(links) == std::vector<int>{4, 5});
}

TEST_CASE("nothing is known across a run of unreadable frames") {
    auto links = shot(14, [](int, int) { return 0.5; });
    for (std::size_t t = 5; t < 9; ++t) links[t].clear();
    for (std::size_t t = 9; t < 14; ++t) {
        std::erase_if(links[t], [&](const FrameLink& link) { return static_cast<int>(t) - link.back < 9; });
    }
    const auto cuts = find_cuts(links);
    CHECK(!cuts.empty());
    CHECK(cuts.front() == 5);
    CHECK(cuts.back() == 9);
}

TEST_CASE("no frames and one frame have no cut") {
    CHECK(find_cuts({}).empty());
    CHECK(find_cuts(shot(1, [](int, int) { return 0.5; })).empty());
}

TEST_CASE("the distance of histograms is 0 for the same and 1 for strangers") {
    const GrayImage dark{2, 2, {10, 10, 12, 12}};
    const GrayImage bright{2, 2, {200, 200, 210, 210}};
    const GrayImage half{2, 2, {10, 10, 210, 210}};
    CHECK(histogram_distance(dark, dark) == 0.0);
    CHECK(histogram_distance(dark, bright) == 1.0);
    CHECK(histogram_distance(dark, half) == doctest::Approx(0.5));
}
