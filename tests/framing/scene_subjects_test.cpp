#include "framing/scene_subjects.h"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "framing/reframe_path.h"

namespace wetgate::tests {
namespace {

using framing::chosen_by;
using framing::FrameEvidence;
using framing::Policy;
using framing::scene_subjects;
using framing::SceneSubject;
using framing::Subject;
using framing::SubjectKind;
using Frames = std::vector<std::optional<FrameEvidence>>;

constexpr double kRate = 25;
constexpr double kWidth = 0.316;  // of 9:16 in 16:9

Subject face(double middle_x, double size, double confidence, std::optional<double> mouth = {}) {
    return {
        SubjectKind::Face, {middle_x - size / 2, 0.3, middle_x + size / 2, 0.3 + size}, confidence, mouth};
}

Frames still(std::vector<Subject> subjects) {
    FrameEvidence evidence{std::move(subjects), 16, 9, {}};
    evidence.weights.assign(16 * 9, 100);
    return Frames(50, evidence);
}

/// Left edge of who is kept.
double kept(const Frames& frames, Policy policy) {
    const std::vector<SceneSubject> subjects = scene_subjects(frames, {}, kRate);
    return subjects[chosen_by(policy, subjects, kWidth, 1, kRate).index].areas[0].left;
}

TEST_CASE("of two faces that do not fit the surer, the larger or the one who speaks is kept, as asked") {
    // The left one is surer, the middle one larger, the right one speaks; none fits beside another.
    const Frames frames =
        still({face(0.1, 0.12, 0.99, 0.01), face(0.5, 0.13, 0.8, 0.03), face(0.9, 0.11, 0.8, 0.2)});
    CHECK(kept(frames, Policy::Weight) == doctest::Approx(0.04));
    CHECK(kept(frames, Policy::Larger) == doctest::Approx(0.435));
    CHECK(kept(frames, Policy::Speaker) == doctest::Approx(0.845));
}

TEST_CASE("where no mouth moves clearly more than the others, the speaker is whoever has most weight") {
    const auto why = [](std::optional<double> left, std::optional<double> right) {
        const Frames frames = still({face(0.2, 0.12, 0.9, left), face(0.8, 0.12, 0.8, right)});
        const std::vector<SceneSubject> subjects = scene_subjects(frames, {}, kRate);
        return chosen_by(Policy::Speaker, subjects, kWidth, 1, kRate);
    };
    CHECK(why(0.2, 0.21).index == 0);
    CHECK(why({}, {}).index == 0);
    CHECK(why(0.001, 0.01).index == 0);
    CHECK(why({}, {}).why == "the subject of most weight (no mouth moves clearly more)");
    CHECK(why(0.05, 0.2).index == 1);
    CHECK(why(0.05, 0.2).why == "the one whose mouth moves most");
}

TEST_CASE("a face that fits beside the first, or a slight one, does not contend") {
    CHECK(kept(still({face(0.2, 0.05, 0.9, 0.0), face(0.25, 0.05, 0.8, 0.3)}), Policy::Speaker) ==
          doctest::Approx(0.175));
    CHECK(kept(still({face(0.2, 0.16, 0.99, 0.0), face(0.8, 0.05, 0.5, 0.3)}), Policy::Speaker) ==
          doctest::Approx(0.12));
    // What stands out is no rival of a face, however large.
    Frames frames = still({face(0.2, 0.12, 0.9)});
    for (auto& frame : frames)
        frame->subjects.push_back({SubjectKind::Standout, {0.6, 0.1, 0.95, 0.9}, 0.9, {}});
    CHECK(kept(frames, Policy::Larger) == doctest::Approx(0.14));
}

TEST_CASE("the path holds who is kept, and says whom it kept and who is left out, on which frames") {
    const Frames frames = still({face(0.15, 0.12, 0.9, 0.01), face(0.8, 0.12, 0.8, 0.2)});
    framing::ReframeOptions options;
    options.aspect = 9.0 / 16;
    options.rate = kRate;
    const auto by_weight = solve_reframe(1920, 1080, 1001, frames, {}, {}, options);
    CHECK(by_weight.kept == std::vector<framing::Kept>{{"face", 1001, 1050, "the subject of most weight"}});
    CHECK(crop_at(by_weight.path, 1001).x <= 0.09 * 1920);
    options.policy = Policy::Speaker;
    const auto by_speech = solve_reframe(1920, 1080, 1001, frames, {}, {}, options);
    CHECK(by_speech.kept ==
          std::vector<framing::Kept>{{"face", 1001, 1050, "the one whose mouth moves most"}});
    const framing::Crop crop = crop_at(by_speech.path, 1001);
    CHECK(crop.x <= 0.74 * 1920);
    CHECK(crop.x + crop.w >= 0.86 * 1920);
    CHECK(by_speech.left_out ==
          std::vector<framing::LeftOut>{
              {"face", 1001, 1050, "does not fit beside the one whose mouth moves most"}});
    // Where all fit there is nothing to decide.
    options.aspect = 16.0 / 9;
    CHECK(solve_reframe(1920, 1080, 1001, frames, {}, {}, options).kept.empty());
}

}  // namespace
}  // namespace wetgate::tests
