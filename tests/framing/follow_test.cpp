#include "framing/follow.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/error.h"
#include "framing/followed_faces.h"
#include "framing/look.h"
#include "framing/target_tracks.h"

namespace wetgate::tests {
namespace {

using framing::Area;
using framing::follow;
using framing::Target;
using framing::track_targets;
using motion::GrayImage;

constexpr int kWidth = 192;
constexpr int kHeight = 108;
constexpr double kRate = 24;
constexpr double kSide = 24;  // of the thing that is followed, pixels

struct Spot {
    double x, y;  // upper left corner
};

/// A ground with a pattern; a thing with a pattern of its own at `spot`, `by` times its size.
GrayImage scene(std::optional<Spot> spot, double by = 1) {
    GrayImage look{kWidth, kHeight, {}};
    for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
            double level = 110 + 25 * std::sin(0.31 * x + std::sin(0.13 * y)) * std::cos(0.27 * y);
            if (spot) {
                const double u = (x + 0.5 - spot->x) / by;
                const double v = (y + 0.5 - spot->y) / by;
                if (u >= 0 && v >= 0 && u < kSide && v < kSide)
                    level = 160 + 60 * std::sin(0.9 * u + 0.05 * v * v) * std::cos(0.5 * v - 0.2 * u);
            }
            look.pixels.push_back(static_cast<std::uint8_t>(std::lround(level)));
        }
    }
    return look;
}

Area area_at(Spot spot, double by = 1) {
    return {spot.x / kWidth, spot.y / kHeight, (spot.x + by * kSide) / kWidth,
            (spot.y + by * kSide) / kHeight};
}

double off_px(const Area& a, const Area& b) {
    return std::max(std::abs(a.middle_x() - b.middle_x()) * kWidth,
                    std::abs(a.middle_y() - b.middle_y()) * kHeight);
}

/// Goes right by 2.3 px and down by 0.4 px a frame.
Spot walk(int frame) {
    return {15 + 2.3 * frame, 20 + 0.4 * frame};
}

std::vector<GrayImage> walking(int frames) {
    std::vector<GrayImage> looks;
    for (int i = 0; i < frames; ++i) looks.push_back(scene(walk(i)));
    return looks;
}

}  // namespace

TEST_CASE("what walks is followed to less than a pixel, forward and backward") {
    const std::vector<GrayImage> looks = walking(60);
    const auto there = follow(looks, 0, 59, area_at(walk(0)), kRate);
    const auto back = follow(looks, 59, 0, area_at(walk(59)), kRate);
    REQUIRE(there.size() == 60);
    REQUIRE(back.size() == 60);
    for (int i = 0; i < 60; ++i) {
        const auto at = static_cast<std::size_t>(i);
        CHECK(off_px(there[at], area_at(walk(i))) < 1);
        CHECK(off_px(back[59 - at], area_at(walk(i))) < 1);
        CHECK(there[at].width() * kWidth == doctest::Approx(kSide).epsilon(0.12));
    }
    CHECK(follow(looks, 0, 59, area_at(walk(0)), kRate) == there);
}

TEST_CASE("what comes nearer is followed with its size") {
    std::vector<GrayImage> looks;
    const auto size = [](int i) { return 1 + 0.012 * i; };
    for (int i = 0; i < 50; ++i) looks.push_back(scene(Spot{60, 30}, size(i)));
    const auto areas = follow(looks, 0, 49, area_at({60, 30}), kRate);
    REQUIRE(areas.size() == 50);
    CHECK(areas.back().width() * kWidth == doctest::Approx(size(49) * kSide).epsilon(0.1));
}

TEST_CASE("what is hidden for a third of a second is found again, and the gap is straight") {
    std::vector<GrayImage> looks = walking(60);
    for (std::size_t i = 20; i < 28; ++i) looks[i] = scene({});
    looks[40] = {};  // a frame that is not known
    const auto areas = follow(looks, 0, 59, area_at(walk(0)), kRate);
    REQUIRE(areas.size() == 60);
    for (const int i : {19, 24, 28, 40, 59})
        CHECK(off_px(areas[static_cast<std::size_t>(i)], area_at(walk(i))) < 2);
}

TEST_CASE("what is hidden for good, or leaves the picture, is lost on the frame where that happens") {
    std::vector<GrayImage> looks = walking(60);
    for (std::size_t i = 20; i < 60; ++i) looks[i] = scene({});
    const auto hidden = follow(looks, 0, 59, area_at(walk(0)), kRate);
    CHECK(hidden.size() >= 19);
    CHECK(hidden.size() <= 22);

    // Less than two fifths of it are left behind frame 70.
    const auto left = follow(walking(100), 0, 99, area_at(walk(0)), kRate);
    CHECK(left.size() >= 66);
    CHECK(left.size() <= 74);
    CHECK_THROWS_AS(follow(looks, 0, 60, area_at(walk(0)), kRate), Error);
}

TEST_CASE("a target on one frame of a scene is known on all of them, and a scene without one has none") {
    const std::vector<GrayImage> looks = walking(60);
    const std::vector<Target> targets = {{1030, area_at(walk(30))}, {2000, area_at(walk(0))}};
    const auto tracked = track_targets(targets, 1000, 60, looks, kRate);
    REQUIRE(tracked);
    CHECK(tracked->lost.empty());
    for (int i = 0; i < 60; ++i)
        CHECK(off_px(tracked->areas[static_cast<std::size_t>(i)], area_at(walk(i))) < 1);
    CHECK(!track_targets(targets, 1100, 60, looks, kRate));
}

TEST_CASE("targets are where they were put, on whatever lies between them") {
    // The second is somewhere else: the way from the one fades into the way from the other.
    const std::vector<GrayImage> looks = walking(41);
    const Spot other{150, 70};
    const auto tracked =
        track_targets(std::vector<Target>{{0, area_at(walk(0))}, {40, area_at(other)}}, 0, 41, looks, kRate);
    REQUIRE(tracked);
    CHECK(off_px(tracked->areas[0], area_at(walk(0))) < 1e-9);
    CHECK(off_px(tracked->areas[40], area_at(other)) < 1e-9);
    for (std::size_t i = 1; i < 41; ++i) CHECK(off_px(tracked->areas[i], tracked->areas[i - 1]) < 12);
}

TEST_CASE("without pictures targets are linear between their frames and held beyond them") {
    const std::vector<Target> targets = {{10, area_at({10, 10})}, {20, area_at({30, 10})}};
    const auto tracked = track_targets(targets, 0, 30, {}, kRate);
    REQUIRE(tracked);
    CHECK(tracked->lost.empty());
    CHECK(tracked->areas[0] == targets[0].area);
    CHECK(tracked->areas[15].left == doctest::Approx(20.0 / kWidth));
    CHECK(tracked->areas[29] == targets[1].area);
}

TEST_CASE("a target that is lost is held, and the frames are told") {
    std::vector<GrayImage> looks = walking(60);
    for (std::size_t i = 20; i < 60; ++i) looks[i] = scene({});
    const auto tracked = track_targets(std::vector<Target>{{0, area_at(walk(0))}}, 0, 60, looks, kRate);
    REQUIRE(tracked);
    REQUIRE(tracked->lost.size() == 1);
    CHECK(tracked->lost[0].first == doctest::Approx(20).epsilon(0.1));
    CHECK(tracked->lost[0].last == 59);
    CHECK(tracked->areas[59] == tracked->areas[static_cast<std::size_t>(tracked->lost[0].first) - 1]);
}

TEST_CASE("a face that turns away is followed to its scene's ends, and is one person when it turns back") {
    const std::vector<GrayImage> looks = walking(60);
    const auto face_at = [](int i) -> Area {  // in the upper half of the thing
        const Spot spot = walk(i);
        return {(spot.x + 6) / kWidth, (spot.y + 3) / kHeight, (spot.x + 18) / kWidth,
                (spot.y + 13) / kHeight};
    };
    const auto seen = [&](int first, int last) {
        framing::SubjectTrack track;
        track.first = first;
        for (int i = first; i <= last; ++i) track.areas.push_back(face_at(i));
        track.confidence = 0.9;
        track.seen = last - first + 1;
        return track;
    };
    const auto tracks = framing::with_followed_faces({seen(5, 20), seen(40, 52)}, looks, kRate);
    REQUIRE(tracks.size() == 1);
    CHECK(tracks[0].first == 0);
    REQUIRE(tracks[0].areas.size() == 60);
    CHECK(tracks[0].seen == 29);
    for (int i = 0; i < 60; ++i) CHECK(off_px(tracks[0].areas[static_cast<std::size_t>(i)], face_at(i)) < 2);

    // One that was hardly seen is left as it is.
    CHECK(framing::with_followed_faces({seen(5, 9)}, looks, kRate)[0].areas.size() == 5);
}

TEST_CASE("a small picture goes through JSON unchanged, and nonsense is refused") {
    const GrayImage look = scene(walk(3));
    const nlohmann::json written = framing::look_to_json(look);
    CHECK(framing::look_from_json(written).pixels == look.pixels);
    for (const char* broken :
         {R"({})", R"({"size": [2, 2], "pixels": "AAA="})", R"({"size": [100000, 1], "pixels": ""})",
          R"({"size": [1, 1], "pixels": 7})", R"({"size": [1], "pixels": "AA=="})"})
        CHECK_THROWS_AS(framing::look_from_json(nlohmann::json::parse(broken)), Error);
    framing::ColorPicture grey{400, 200, std::vector<std::uint8_t>(3 * 400 * 200, 77)};
    CHECK(framing::look_of(grey).width == 192);
    CHECK(framing::look_of(grey).pixels[5] == 77);
    CHECK(framing::fitted(grey, 100).height == 50);
    CHECK(framing::fitted(grey, 100).pixels[7] == 77);
    CHECK(framing::fitted(grey, 500).width == 400);
}

}  // namespace wetgate::tests
