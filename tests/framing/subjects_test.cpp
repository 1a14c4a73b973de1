#include "framing/subjects.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "framing/subject_tracks.h"

namespace wetgate::tests {
namespace {

using framing::Area;
using framing::ColorPicture;
using framing::find_subjects;
using framing::FrameEvidence;
using framing::Subject;
using framing::SubjectKind;

constexpr int kWidth = 320;
constexpr int kHeight = 180;

/// A grey wall with a pattern, seen `pan` pixels further right, with a red square of 40 px whose corner is at
/// (left, top).
ColorPicture wall(double pan, int left, int top) {
    ColorPicture picture{kWidth, kHeight, {}};
    for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
            const double u = x + pan;
            const double level = 120 + 20 * std::sin(0.31 * u + std::sin(0.13 * y)) * std::cos(0.27 * y) +
                                 15 * std::sin(0.73 * u) * std::sin(0.61 * y + 0.05 * u);
            const auto gray = static_cast<std::uint8_t>(std::lround(level));
            const bool is_square = x >= left && x < left + 40 && y >= top && y < top + 40;
            const auto shade = static_cast<std::uint8_t>(gray / 4);
            if (is_square) {
                picture.pixels.insert(picture.pixels.end(), {shade, shade, 220});
            } else {
                picture.pixels.insert(picture.pixels.end(), {gray, gray, gray});
            }
        }
    }
    return picture;
}

const Subject* first_of(const FrameEvidence& evidence, SubjectKind kind) {
    const auto found = std::find_if(evidence.subjects.begin(), evidence.subjects.end(),
                                    [&](const Subject& subject) { return subject.kind == kind; });
    return found == evidence.subjects.end() ? nullptr : &*found;
}

TEST_CASE("a red square on a grey wall stands out, and most of the grid's weight lies on it") {
    const FrameEvidence evidence = find_subjects(wall(0, 200, 70), nullptr, nullptr);
    CHECK(evidence.columns == 16);
    CHECK(evidence.rows == 9);
    const Subject* square = first_of(evidence, SubjectKind::Standout);
    REQUIRE(square != nullptr);
    CHECK(square->area.left == doctest::Approx(200.0 / kWidth).epsilon(0.06));
    CHECK(square->area.right == doctest::Approx(240.0 / kWidth).epsilon(0.06));
    CHECK(square->area.top == doctest::Approx(70.0 / kHeight).epsilon(0.12));
    CHECK(square->area.bottom == doctest::Approx(110.0 / kHeight).epsilon(0.12));
    const auto heaviest = std::max_element(evidence.weights.begin(), evidence.weights.end());
    const auto cell = static_cast<int>(heaviest - evidence.weights.begin());
    CHECK(*heaviest == 255);
    CHECK(cell % 16 >= 9);
    CHECK(cell % 16 <= 12);
}

TEST_CASE("what moves against a still camera is found, a moving camera's picture is not") {
    const ColorPicture before = wall(0, 100, 70);
    const FrameEvidence moved = find_subjects(wall(0, 106, 70), &before, nullptr);
    const Subject* square = first_of(moved, SubjectKind::Moving);
    REQUIRE(square != nullptr);
    CHECK(std::abs(square->area.middle_x() * kWidth - 126) < 16);
    CHECK(std::abs(square->area.middle_y() * kHeight - 90) < 16);
    // The square moves with the wall: all of it is the camera.
    const FrameEvidence panned = find_subjects(wall(6, 94, 70), &before, nullptr);
    CHECK(first_of(panned, SubjectKind::Moving) == nullptr);
}

TEST_CASE("a picture without structure has no subject") {
    ColorPicture flat{kWidth, kHeight, std::vector<std::uint8_t>(3 * kWidth * kHeight, 90)};
    const FrameEvidence evidence = find_subjects(flat, &flat, nullptr);
    CHECK(evidence.subjects.empty());
    CHECK(std::all_of(evidence.weights.begin(), evidence.weights.end(),
                      [](auto weight) { return weight == 0; }));
}

TEST_CASE("pictures of unlike sizes are refused") {
    const ColorPicture before = wall(0, 10, 10);
    ColorPicture small{10, 10, std::vector<std::uint8_t>(300, 1)};
    CHECK_THROWS_AS(find_subjects(small, &before, nullptr), Error);
    CHECK_THROWS_AS(find_subjects(ColorPicture{}, nullptr, nullptr), Error);
}

TEST_CASE("what is no face detector is refused as a model") {
    const std::string text = "no network";
    try {
        const framing::FaceFinder faces(std::as_bytes(std::span(text)));
        CHECK(false);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Model);
    }
}

TEST_CASE("evidence is the same after its JSON, rounded to a ten-thousandth") {
    FrameEvidence evidence = find_subjects(wall(0, 200, 70), nullptr, nullptr);
    evidence = framing::evidence_from_json(framing::to_json(evidence));
    CHECK(framing::evidence_from_json(framing::to_json(evidence)) == evidence);
    nlohmann::json bad = framing::to_json(evidence);
    bad["weights"].erase(3);
    CHECK_THROWS_AS(framing::evidence_from_json(bad), Error);
    bad = framing::to_json(evidence);
    bad["subjects"][0]["area"][0] = -0.1;
    CHECK_THROWS_AS(framing::evidence_from_json(bad), Error);
}

TEST_CASE("sights of one subject become one track with its gaps filled; passing faults are left out") {
    std::vector<std::optional<FrameEvidence>> scene;
    for (int i = 0; i < 48; ++i) {
        FrameEvidence evidence;
        evidence.columns = evidence.rows = 1;
        evidence.weights = {1};
        const double x = 0.2 + 0.005 * i;
        if (i < 20 || i >= 26) evidence.subjects.push_back({SubjectKind::Face, {x, 0.4, x + 0.1, 0.6}, 0.8});
        if (i >= 30 && i < 33) evidence.subjects.push_back({SubjectKind::Face, {0.8, 0.1, 0.9, 0.2}, 0.9});
        scene.emplace_back(evidence);
    }
    scene[10].reset();
    const auto tracks = framing::follow_subjects(scene, 24);
    REQUIRE(tracks.size() == 1);
    CHECK(tracks[0].first == 0);
    CHECK(tracks[0].areas.size() == 48);
    CHECK(tracks[0].seen == 41);
    for (std::size_t i = 0; i < 48; ++i)
        CHECK(tracks[0].areas[i].left == doctest::Approx(0.2 + 0.005 * static_cast<double>(i)));
}

}  // namespace
}  // namespace wetgate::tests
