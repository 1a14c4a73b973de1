#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "motion/between.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/refusal.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 192;
constexpr int kHeight = 128;
constexpr int kFrames = 12;

passes::PassContext context(const json& params, json artefact = nullptr) {
    static const color::Config colors = color::Config::load("builtin", {});
    passes::PassContext made;
    made.params = spec::pass_params("frame_repair", params);
    made.artefact = std::move(artefact);
    made.color = &colors;
    return made;
}

/// A landscape in light under a hand-held pan.
at::Tensor clean(int frame) {
    static const Scene scene(kWidth, kHeight);
    const FloatImage image = scene.frame(frame);
    return at::from_blob(const_cast<float*>(image.channel(0)), {3, kHeight, kWidth}, at::kFloat).clone();
}

std::vector<at::Tensor> shot() {
    std::vector<at::Tensor> pictures;
    for (int frame = 0; frame < kFrames; ++frame) pictures.push_back(clean(frame));
    return pictures;
}

/// The artefact of a shot whose first frame is 1; frames at `unreadable` cannot be read.
json solved(const std::vector<at::Tensor>& pictures, const json& params = json::object(),
            const std::set<int>& unreadable = {}) {
    const auto analysis = passes::find_pass("frame_repair").make_analysis(context(params));
    std::vector<json> facts;
    for (int i = 0; i < static_cast<int>(pictures.size()); ++i) {
        if (unreadable.count(i) != 0) {
            facts.emplace_back();
            continue;
        }
        FakeWindow window = FakeWindow::of(pictures, i, 1);
        for (const int other : unreadable) window.without(other - i);
        facts.push_back(analysis->measure(window));
    }
    return analysis->solve(facts, 1);
}

json frames_of(const json& artefact) {
    json frames = json::array();
    for (const json& entry : artefact["frames"]) frames.push_back({entry["frame"], entry["why"]});
    return frames;
}

passes::PassResult repaired(const std::vector<at::Tensor>& pictures, int centre, const json& artefact,
                            const json& params = json::object()) {
    return passes::find_pass("frame_repair")
        .make(context(params, artefact))
        ->run(FakeWindow::of(pictures, centre, 1));
}

/// As a screen shows it.
double psnr(const at::Tensor& a, const at::Tensor& b) {
    const auto coded = [](const at::Tensor& light) { return light.clamp(0, 1).pow(1 / 2.4); };
    return -10 * std::log10((coded(a) - coded(b)).square().mean().item<double>());
}

json listing(const json& frames, const json& cuts = json::array()) {
    return {{"schema", "wetgate.frame_repair/1"}, {"frames", frames}, {"exposure_stops", 0}, {"cuts", cuts}};
}

}  // namespace

TEST_CASE(
    "flow between two frames is that of the scene, and names the frame that shows what the other hides") {
    constexpr int size = 32;
    motion::FlowField still{size, size, std::vector<float>(2 * size * size, 0)};
    motion::FlowField forward = still, backward = still;
    for (std::size_t i = 0; i < size * size; ++i) {
        forward.vectors[2 * i] = 4;
        backward.vectors[2 * i] = -4;
    }
    const motion::FlowBetween pan = motion::flow_between(forward, backward, 0.25);
    for (std::size_t i = 0; i < size * size; ++i) CHECK(pan.flow.dx(i) == doctest::Approx(4));
    // At a quarter of the way the first frame is 1 px behind at the left, the second 3 px at the right.
    CHECK(pan.from_first[16 * size + 16] == doctest::Approx(0.5));
    CHECK(pan.from_first[16 * size] == doctest::Approx(0));
    CHECK(pan.from_first[16 * size + size - 1] == doctest::Approx(1));
}

TEST_CASE("a made frame of a grainy shot has as much of its neighbours' grain as is asked") {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
    std::vector<at::Tensor> pictures;
    for (int frame = 0; frame < kFrames; ++frame)
        pictures.push_back(0.3 + 0.01 * at::randn({3, kHeight, kWidth}, generator));
    const json artefact = listing({{{"frame", 6}, {"why", "listed"}}});
    const auto grain_power = [&](double grain) {
        return repaired(pictures, 5, artefact, {{"grain", grain}}).pixels.var().item<double>() / 1e-4;
    };
    CHECK(grain_power(0) < 0.01);
    CHECK(grain_power(1) == doctest::Approx(1).epsilon(0.1));
    CHECK(grain_power(0.5) == doctest::Approx(0.25).epsilon(0.1));
}

TEST_CASE("a frame made between two is nearer the truth than either, and than their mean") {
    const auto pictures = shot();
    for (const int frame : {3, 6, 9}) {
        std::vector<at::Tensor> broken = pictures;
        broken[static_cast<std::size_t>(frame)] = at::zeros_like(pictures[0]);
        const json artefact = listing({{{"frame", frame + 1}, {"why", "listed"}}});
        const auto made = repaired(broken, frame, artefact);
        const at::Tensor& before = pictures[static_cast<std::size_t>(frame) - 1];
        const at::Tensor& after = pictures[static_cast<std::size_t>(frame) + 1];
        const at::Tensor& truth = pictures[static_cast<std::size_t>(frame)];
        CHECK(psnr(made.pixels, truth) > psnr((before + after) / 2, truth) + 0.5);
        CHECK(psnr(made.pixels, truth) > psnr(before, truth) + 3);
        CHECK(made.touch.eq(1).all().item<bool>());
        CHECK(made.facts["made_from"] == json{frame, frame + 2});
    }
}

TEST_CASE("two frames in a row are each made at their own time") {
    const auto pictures = shot();
    std::vector<at::Tensor> broken = pictures;
    broken[5] = broken[6] = at::ones_like(pictures[0]);
    const json artefact = listing({{{"frame", 6}, {"why", "listed"}}, {{"frame", 7}, {"why", "listed"}}});
    for (const int frame : {5, 6}) {
        const at::Tensor made = repaired(broken, frame, artefact).pixels;
        const double own = psnr(made, pictures[static_cast<std::size_t>(frame)]);
        CHECK(own > 28);
        CHECK(own > psnr(made, pictures[frame == 5 ? 6 : 5]) + 3);
    }
    CHECK(repaired(broken, 5, artefact, {{"most_gap", 1}}).facts.contains("not_repaired"));
}

TEST_CASE("each kind of broken frame is found, and nothing in a sound shot") {
    CHECK(frames_of(solved(shot())).empty());
    std::vector<at::Tensor> pictures = shot();
    pictures[4] = pictures[3];
    pictures[8] = pictures[8] * 3;
    CHECK(frames_of(solved(pictures)) == json{{5, "duplicate"}, {9, "flash"}});
    pictures = shot();
    at::Tensor torn = pictures[6].clone();  // rows of the lower half slip, each by another way
    for (int y = kHeight / 3; y < kHeight; ++y)
        torn.select(1, y).copy_(pictures[6].select(1, y).roll(17 * y % kWidth, 1));
    pictures[6] = torn;
    CHECK(frames_of(solved(pictures)) == json{{7, "corrupt"}});
    CHECK(frames_of(solved(shot(), json::object(), {5})) == json{{6, "missing"}});
    CHECK(frames_of(solved(shot(), {{"detect", json::array()}}, {5})).empty());
    CHECK(frames_of(solved(shot(), {{"repair", "3,7-8,99"}})) ==
          json{{3, "listed"}, {7, "listed"}, {8, "listed"}});
}

TEST_CASE("what is shot on twos, or does not move, has no duplicates") {
    std::vector<at::Tensor> twos, still;
    for (int frame = 0; frame < kFrames; ++frame) {
        twos.push_back(clean(frame / 2));
        still.push_back(clean(0));
    }
    CHECK(frames_of(solved(twos)).empty());
    CHECK(frames_of(solved(still)).empty());
}

TEST_CASE("a missing frame is bridged, and so are two") {
    for (const std::set<int>& missing : {std::set<int>{5}, std::set<int>{5, 6}}) {
        const json artefact = solved(shot(), json::object(), missing);
        CHECK(artefact["cuts"].empty());
        std::vector<at::Tensor> pictures = shot();
        for (const int frame : missing) pictures[static_cast<std::size_t>(frame)] = pictures[4];  // held
        CHECK(psnr(repaired(pictures, 5, artefact).pixels, clean(5)) > psnr(clean(4), clean(5)) + 3);
    }
}

TEST_CASE("nothing is made across a cut, at the shot's ends, or of frames that are not listed") {
    std::vector<at::Tensor> pictures = shot();
    for (int frame = 6; frame < kFrames; ++frame) {  // another scene: stripes
        const at::Tensor wave = (at::arange(kWidth, at::kFloat) * 0.7 + frame).sin();
        pictures[static_cast<std::size_t>(frame)] =
            (0.1 + 2 * wave.square()).expand({3, kHeight, kWidth}).contiguous();
    }
    pictures[6] = pictures[5].clone();  // the first frame of the second scene shows the last of the first
    const json artefact = solved(pictures, {{"repair", "7"}});
    const auto at_cut = repaired(pictures, 6, artefact);
    CHECK(at_cut.touch.eq(0).all().item<bool>());
    CHECK(at_cut.facts.contains("not_repaired"));
    CHECK(repaired(shot(), 0, listing({{{"frame", 1}, {"why", "listed"}}})).touch.eq(0).all().item<bool>());
    const auto other = repaired(shot(), 4, listing({{{"frame", 9}, {"why", "listed"}}}));
    CHECK(other.touch.eq(0).all().item<bool>());
    CHECK(other.facts.empty());
}

TEST_CASE("neighbours with NaN, Inf, negative and far too bright light give finite frames") {
    std::vector<at::Tensor> pictures = shot();
    pictures[4][0][10][10] = std::numeric_limits<float>::quiet_NaN();
    pictures[4][1][20][20] = std::numeric_limits<float>::infinity();
    pictures[6][2][30][30] = -5;
    pictures[6][2][40][40] = 1e5F;
    const auto made = repaired(pictures, 5, listing({{{"frame", 6}, {"why", "listed"}}}));
    CHECK(at::isfinite(made.pixels).all().item<bool>());
}

TEST_CASE("pictures of any size are made") {
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 33}, {70, 9}}) {
        std::vector<at::Tensor> pictures;
        for (int i = 0; i < 5; ++i)
            pictures.push_back(clean(i).narrow(1, 0, height).narrow(2, 0, width).contiguous());
        const auto made = repaired(pictures, 2, listing({{{"frame", 3}, {"why", "listed"}}}));
        CHECK(made.pixels.sizes() == pictures[2].sizes());
        CHECK(at::isfinite(made.pixels).all().item<bool>());
    }
}

TEST_CASE("an artefact that makes no sense is refused by its place") {
    const auto problem = [](const json& artefact) {
        return refusal(ErrorKind::Usage,
                       [&] { passes::find_pass("frame_repair").make(context(json::object(), artefact)); });
    };
    CHECK(problem({{"schema", "other"}}).find("schema") != std::string::npos);
    json bad = listing({{{"frame", "x"}, {"why", "listed"}}});
    CHECK(problem(bad).find("/frames/0/frame") != std::string::npos);
    CHECK(refusal(ErrorKind::Usage, [] {
              passes::find_pass("frame_repair").make_analysis(context({{"repair", "3-1x"}}));
          }).find("/repair") != std::string::npos);
}

}  // namespace wetgate::tests
