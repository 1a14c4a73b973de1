#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "passes/pass.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 200;
constexpr int kHeight = 160;
constexpr int kFrames = 7;

const ShotPass scratch_pass("scratch");
const json classical{{"engine", "classical"}};

/// How much of each pixel [1,H,W] an upright line of that width covers, `tilt` px from its top to its bottom.
at::Tensor upright(double middle, double tilt, double width) {
    const at::Tensor x = at::arange(kWidth, at::kDouble).view({1, kWidth});
    const at::Tensor y = at::arange(kHeight, at::kDouble).view({kHeight, 1}) / kHeight - 0.5;
    return (width / 2 + 0.5 - (x - middle - tilt * y).abs()).clamp(0, 1).to(at::kFloat).unsqueeze(0);
}

at::Tensor scene(double x0, double y0) {
    return texture(kWidth, kHeight, x0, y0, 3, 8);
}

}  // namespace

TEST_CASE("a scratch that a picture shows through is found in a pan and goes, and nothing else") {
    for (const double light : {0.01, 2.0}) {
        CAPTURE(light);
        std::vector<at::Tensor> truth, shot, covers;
        for (int i = 0; i < kFrames; ++i) {
            truth.push_back(scene(3.0 * i, 1.0 * i));
            covers.push_back(upright(90 + 0.5 * std::sin(i), 5, 2.5));
            shot.push_back(truth.back() * (1 - 0.6 * covers.back()) + 0.6 * light * covers.back());
        }
        const json artefact = scratch_pass.solved(shot, classical);
        REQUIRE(artefact["scratches"].size() == 1);
        CHECK(artefact["scratches"][0]["frames"].size() == kFrames);
        const auto made = scratch_pass.run(shot, 3, artefact, classical);
        CHECK(share(made.touch > 0.5, covers[3] > 0.5) > 0.98);
        const at::Tensor near = at::max_pool2d((covers[3] > 0).to(at::kFloat), {7, 7}, {1, 1}, {3, 3});
        CHECK(share(near > 0, made.touch > 0) > 0.98);
        CHECK(psnr_inside(made.pixels, truth[3], covers[3]) > psnr_inside(shot[3], truth[3], covers[3]) + 8);
        CHECK(at::equal(at::where(made.touch > 0, shot[3], made.pixels), shot[3]));
        CHECK(made.facts["lines"] == 1);
    }
}

TEST_CASE("a faint scratch is found in grain before a still camera") {
    at::manual_seed(1);
    const at::Tensor truth = texture(kWidth, kHeight, 0, 0, 4, 30);
    std::vector<at::Tensor> shot;
    for (int i = 0; i < 5; ++i) {
        const at::Tensor grain = (0.06 * at::randn({3, kHeight, kWidth})).exp();
        shot.push_back(truth * grain * (1 - 0.2 * upright(60 + 0.3 * i, 0, 2)));
    }
    const json artefact = scratch_pass.solved(shot, classical);
    REQUIRE(artefact["scratches"].size() == 1);
    const json frame = artefact["scratches"][0]["frames"][2];
    CHECK(frame["frame"] == 3);
    CHECK(std::abs(frame["points"][0][0].get<double>() - 60.6) < 1);
    CHECK(frame["width_px"].get<double>() < 4);
}

TEST_CASE("a pole that goes with the scene stays, unless all lines are asked for") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i) {
        const at::Tensor pole = upright(120 - 3.0 * i, 0, 3);
        shot.push_back(scene(3.0 * i, 0) * (1 - pole) + 0.02 * pole);
    }
    CHECK(scratch_pass.solved(shot, classical)["scratches"].empty());
    json params = classical;
    params["detect"] = "all";
    CHECK(scratch_pass.solved(shot, params)["scratches"].size() == 1);
    params["polarity"] = "bright";
    CHECK(scratch_pass.solved(shot, params)["scratches"].empty());
}

TEST_CASE("a line on two frames only, or of half the height before a still camera, is none") {
    std::vector<at::Tensor> brief(kFrames, scene(0, 0)), half = brief;
    for (std::size_t i = 2; i < 4; ++i) brief[i] = brief[i] * (1 - 0.8 * upright(80, 0, 3));
    CHECK(scratch_pass.solved(brief, classical)["scratches"].empty());
    for (at::Tensor& picture : half) {
        picture = picture.clone();
        picture.narrow(1, 0, kHeight / 2).mul_(1 - 0.8 * upright(80, 0, 3).narrow(1, 0, kHeight / 2));
    }
    CHECK(scratch_pass.solved(half, classical)["scratches"].empty());
    CHECK(scratch_pass.solved(half, {{"engine", "classical"}, {"detect", "all"}})["scratches"].size() == 1);
}

TEST_CASE("a shot without scratches, with values of any kind and of any size, is left alone") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i) shot.push_back(scene(4.0 * i, 0));
    shot[2][0].narrow(0, 20, 30).narrow(1, 40, 30).fill_(std::numeric_limits<float>::quiet_NaN());
    shot[3][1].narrow(0, 60, 10).fill_(std::numeric_limits<float>::infinity());
    shot[4].narrow(1, 0, 10).fill_(-1e5F);
    const json artefact = scratch_pass.solved(shot, classical);
    CHECK(artefact["scratches"].empty());
    CHECK(at::equal(scratch_pass.run(shot, 1, artefact, classical).pixels, shot[1]));
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 33}, {9, 90}, {90, 9}}) {
        std::vector<at::Tensor> small;
        for (int i = 0; i < 3; ++i) small.push_back(texture(width, height, 2.0 * i, 0));
        const json solved = scratch_pass.solved(small, classical);
        CHECK(at::equal(scratch_pass.run(small, 1, solved, classical).pixels, small[1]));
    }
}

TEST_CASE("widths and artefacts that make no sense are refused") {
    CHECK(refusal(ErrorKind::Usage, [] {
              const auto given = scratch_pass.context({{"least_width_px", 9}, {"most_width_px", 8}});
              passes::find_pass("scratch").make_analysis(given);
          }).find("least_width_px") != std::string::npos);
    json artefact = scratch_pass.solved({scene(0, 0)}, classical);
    artefact["scratches"] = {{{"name", "a"}, {"frames", {{{"frame", 1}, {"points", {{1, 2}}}}}}}};
    CHECK(refusal(ErrorKind::Usage, [&] {
              passes::find_pass("scratch").make(scratch_pass.context(classical, artefact));
          }).find("/scratches/0/frames/0/points") != std::string::npos);
}

}  // namespace wetgate::tests
