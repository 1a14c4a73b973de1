#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "passes/pass.h"
#include "passes/wire_track.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 240;
constexpr int kHeight = 160;
constexpr int kFrames = 7;

const ShotPass wire_pass("wire");
const json classical{{"engine", "classical"}};

/// How much of each pixel [1,H,W] a rope of that width covers, which hangs from (0, left) to (W, right).
at::Tensor rope(double left, double right, double sag, double width) {
    const at::Tensor x = at::arange(kWidth, at::kDouble).view({1, kWidth}) / kWidth;
    const at::Tensor y = at::arange(kHeight, at::kDouble).view({kHeight, 1});
    const at::Tensor middle = left + (right - left) * x + 4 * sag * x * (1 - x);
    const double tilt = std::hypot(1.0, (right - left) / kWidth);
    return (width / 2 + 0.5 - (y - middle).abs() / tilt).clamp(0, 1).to(at::kFloat).unsqueeze(0);
}

at::Tensor scene(double x0, double y0) {
    return texture(kWidth, kHeight, x0, y0, 3, 16);
}

struct Planted {
    std::vector<at::Tensor> truth, shot, mattes;
};

/// A pan with a rope before it that sways on its own: a dark one, or of other light.
Planted planted(double pan_px, double light = 0.01, double width = 5) {
    Planted made;
    for (int i = 0; i < kFrames; ++i) {
        made.truth.push_back(scene(pan_px * i, pan_px * i));
        const at::Tensor cover = rope(40 + 2.0 * i, 110 - 1.0 * i, 12, width);
        made.shot.push_back(made.truth.back() * (1 - cover) + light * cover);
        made.mattes.push_back((cover > 0).to(at::kFloat));
    }
    return made;
}

at::Tensor grown(const at::Tensor& matte) {
    return at::max_pool2d(matte, {7, 7}, {1, 1}, {3, 3}) > 0;
}

}  // namespace

TEST_CASE("under a matte the wire goes, and nothing else is touched") {
    const Planted plates = planted(4);
    const json artefact = wire_pass.solved(plates.shot, classical, plates.mattes);
    CHECK(artefact["wires"].empty());
    const auto made = wire_pass.run(plates.shot, 3, artefact, classical, plates.mattes);
    CHECK(psnr_inside(made.pixels, plates.truth[3], plates.mattes[3]) > 30);
    CHECK(made.facts["copied"].get<double>() > 0.8);
    CHECK(at::equal(at::where(plates.mattes[3] > 0, plates.shot[3], made.pixels), plates.shot[3]));
}

TEST_CASE("a wire that does not go with the scene is found from end to end, dark or bright") {
    for (const double light : {0.005, 6.0}) {
        CAPTURE(light);
        const Planted plates = planted(4, light);
        const json artefact = wire_pass.solved(plates.shot, classical);
        REQUIRE(artefact["wires"].size() == 1);
        for (int i = 0; i < kFrames; i += 3) {
            CAPTURE(i);
            const auto made = wire_pass.run(plates.shot, i, artefact, classical);
            CHECK(share(made.touch > 0.5, plates.mattes[i] > 0) > 0.9);
            CHECK(share(grown(plates.mattes[i]), made.touch > 0) > 0.95);
            CHECK(psnr_inside(made.pixels, plates.truth[i], plates.mattes[i]) >
                  psnr_inside(plates.shot[i], plates.truth[i], plates.mattes[i]) + 10);
            CHECK(made.facts["lines"] == 1);
            CHECK(made.facts["confidence"].get<double>() > 0.6);
        }
        const json other = {
            {"engine", "classical"}, {"detect", "all"}, {"polarity", light > 1 ? "dark" : "bright"}};
        CHECK(wire_pass.solved(plates.shot, other)["wires"].empty());
    }
}

TEST_CASE("a line that goes with the scene stays, unless all are asked for") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i) {
        const at::Tensor cover = rope(40 - 3.0 * i, 110 - 3.0 * i, 0, 5);
        shot.push_back(scene(0, 3.0 * i) * (1 - cover) + 0.02 * cover * (1 + cover));
        // Light that plays along it, as on what stands in the scene.
        shot.back() =
            shot.back() * (1 + 0.6 * cover * (at::arange(kWidth) * 0.08).sin().view({1, 1, kWidth}));
    }
    CHECK(wire_pass.solved(shot, classical)["wires"].empty());
    const json artefact = wire_pass.solved(shot, {{"engine", "classical"}, {"detect", "all"}});
    CHECK(artefact["wires"].size() == 1);
    const auto made = wire_pass.run(shot, 3, artefact, classical);
    CHECK(share(made.touch > 0.5, rope(31, 101, 0, 5) > 0) > 0.9);
}

TEST_CASE("a shot without wires is left alone") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i) shot.push_back(scene(4.0 * i, 0));
    const json artefact = wire_pass.solved(shot, classical);
    CHECK(artefact["wires"].empty());
    const auto made = wire_pass.run(shot, 2, artefact, classical);
    CHECK(at::equal(made.pixels, shot[2]));
    CHECK(made.touch.count_nonzero().item<int>() == 0);
}

TEST_CASE("a rough path on two key frames finds the wire beside it") {
    const Planted plates = planted(4);
    const auto key = [](int frame, double left, double right) {
        return json{
            {"frame", frame},
            {"width_px", 3},
            {"points", {{4, left + 7}, {kWidth / 2, (left + right) / 2 + 12 + 7}, {kWidth - 4, right + 7}}}};
    };
    json params = classical;
    params["keys"] = {key(1, 40, 110), key(kFrames, 40 + 2.0 * (kFrames - 1), 110 - 1.0 * (kFrames - 1))};
    const json artefact = wire_pass.solved(plates.shot, params);
    REQUIRE(artefact["wires"].size() == 1);
    CHECK(artefact["wires"][0]["frames"].size() == kFrames);
    const auto made = wire_pass.run(plates.shot, 3, artefact, params);
    CHECK(share(made.touch > 0.5, plates.mattes[3] > 0) > 0.9);
    CHECK(psnr_inside(made.pixels, plates.truth[3], plates.mattes[3]) > 24);

    params["snap_px"] = 0;  // the path itself, wherever the wire is
    const json as_given = wire_pass.solved(plates.shot, params)["wires"][0]["frames"][0];
    CHECK(as_given["points"] == params["keys"][0]["points"]);
    CHECK(as_given["width_px"] == 3);
}

TEST_CASE("a path that shows no wire is kept and said to be unsure") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < 3; ++i) shot.push_back(at::full({3, kHeight, kWidth}, 0.2F));
    json params = classical;
    params["keys"] = {{{"frame", 1}, {"points", {{10, 20}, {200, 90}}}}};
    const json artefact = wire_pass.solved(shot, params);
    const auto made = wire_pass.run(shot, 2, artefact, params);
    CHECK(made.facts["confidence"] == 0);
    CHECK(made.touch.sum().item<double>() > 100);
}

TEST_CASE("a wire's matte lies where the plate's coordinates say, and a hand-edited one moves it") {
    const Planted plates = planted(4);
    json artefact = wire_pass.solved(plates.shot, classical);
    for (json& frame : artefact["wires"][0]["frames"]) frame["points"] = {{10, 100}, {60, 100}};
    artefact["wires"][0]["frames"][3]["width_px"] = 4;
    const auto made = wire_pass.run(plates.shot, 3, artefact, classical);
    const at::Tensor rows = made.touch[0].amax(1);
    CHECK(rows[100].item<float>() == 1);
    CHECK(rows[98].item<float>() == 1);
    CHECK(rows[92].item<float>() == 0);
    CHECK(rows[108].item<float>() == 0);
    const passes::wire::Wires wires{{"w", {{5, {{{1010, 504}, {1020, 504}}, 3, 1}}}}};
    const at::Tensor matte = passes::wire::matte_of(wires, 5, {1000, 500, 1030, 510});
    CHECK(matte[0][4][15].item<float>() == 1);
    CHECK(matte[0][4][2].item<float>() == 0);
    CHECK(matte[0][0].sum().item<float>() == 0);
    CHECK(passes::wire::matte_of(wires, 6, {1000, 500, 1030, 510}).sum().item<float>() == 0);
}

TEST_CASE("frames with NaN, Inf and light far above 1, and pictures of any size, are looked at") {
    Planted plates = planted(4);
    plates.shot[2][0].narrow(0, 20, 30).narrow(1, 40, 30).fill_(std::numeric_limits<float>::quiet_NaN());
    plates.shot[3][1].narrow(0, 60, 10).fill_(std::numeric_limits<float>::infinity());
    plates.shot[4].narrow(1, 0, 10).fill_(-1e5F);
    plates.shot[5].narrow(1, 0, 10).fill_(1e5F);
    const json artefact = wire_pass.solved(plates.shot, classical);
    const auto made = wire_pass.run(plates.shot, 6, artefact, classical);
    CHECK(made.pixels.isfinite().all().item<bool>());
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 33}, {90, 9}}) {
        std::vector<at::Tensor> shot;
        for (int i = 0; i < 3; ++i) shot.push_back(texture(width, height, 2.0 * i, 0));
        const json small = wire_pass.solved(shot, classical);
        CHECK(at::equal(wire_pass.run(shot, 1, small, classical).pixels, shot[1]));
    }
}

TEST_CASE("parameters and artefacts that make no sense are refused by their place") {
    const auto problem = [](const json& params, const json& artefact = nullptr, bool has_matte = false) {
        return refusal(ErrorKind::Usage, [&] {
            const auto given = wire_pass.context(params, artefact, has_matte);
            passes::find_pass("wire").make(given);
            passes::find_pass("wire").make_analysis(given);
        });
    };
    json keys = {{{"frame", 1}, {"points", {{0, 0}, {9, 9}}}}};
    CHECK(problem({{"keys", keys}}, nullptr, true).find("not both") != std::string::npos);
    keys.push_back({{"frame", 3}, {"points", {{0, 0}, {9, 9}, {0, 9}}}});
    CHECK(problem({{"keys", keys}}).find("same number of points") != std::string::npos);
    CHECK(problem({{"least_width_px", 9}, {"most_width_px", 8}}).find("least_width_px") != std::string::npos);
    const Planted plates = planted(4);
    json artefact = wire_pass.solved(plates.shot, classical);
    artefact["wires"][0]["frames"][1]["points"][0] = {1, 2, 3};
    CHECK(problem(json::object(), artefact).find("/wires/0/frames/1/points/0") != std::string::npos);
}

}  // namespace wetgate::tests
