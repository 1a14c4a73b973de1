#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "core/error.h"
#include "passes/move.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

passes::PassContext context_of(const json& params, const json& artefact = nullptr) {
    passes::PassContext context;
    context.params = spec::pass_params("stabilise", params);
    context.artefact = artefact;
    return context;
}

// A texture that never repeats, seen by a camera that lies at (x, y).
at::Tensor seen_from(double x, double y) {
    constexpr int height = 120, width = 192;
    const at::Tensor columns = at::arange(width, at::kDouble).view({1, width}) + x;
    const at::Tensor rows = at::arange(height, at::kDouble).view({height, 1}) + y;
    at::Tensor picture = at::zeros({height, width}, at::kDouble);
    for (int k = 1; k <= 9; ++k) {
        const double turn = 0.7 * k;
        const at::Tensor along = columns * std::cos(turn) + rows * std::sin(turn);
        picture = picture + (along * (0.11 * std::sqrt(k)) + 1.3 * k).sin() * (along * 0.031 * k).cos();
    }
    return (0.25 + 0.04 * picture)
        .clamp_min(0.01)
        .to(at::kFloat)
        .unsqueeze(0)
        .expand({3, height, width})
        .clone();
}

// A pan, further than the crop could hold still, with a planted shake.
double pan(int i) {
    return 2.0 * i;
}
double shake_x(int i) {
    return 2.5 * std::sin(2.1 * i) + 1.2 * std::cos(3.7 * i);
}
double shake_y(int i) {
    return 1.8 * std::cos(1.7 * i);
}

json solved(const json& params, int frames) {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < frames; ++i) shot.push_back(seen_from(pan(i) + shake_x(i), shake_y(i)));
    const auto analysis = passes::find_pass("stabilise").make_analysis(context_of(params));
    std::vector<json> facts;
    for (int i = 0; i < frames; ++i) facts.push_back(analysis->measure(FakeWindow::of(shot, i)));
    return analysis->solve(facts, 1001);
}

const passes::MovingPass& moving(const std::unique_ptr<passes::FramePass>& pass) {
    return dynamic_cast<const passes::MovingPass&>(*pass);
}

// How the middle of the made picture moves through the scene.
double seen_x(const passes::MovingPass& pass, int i) {
    return pan(i) + shake_x(i) + pass.move(1001 + i, {192, 120}).to_before.at(95.5, 59.5).x;
}

}  // namespace

TEST_CASE("a planted shake goes, the pan stays, and no view leaves the plate") {
    constexpr int frames = 30;
    const auto pass =
        passes::find_pass("stabilise").make(context_of(json::object(), solved(json::object(), frames)));
    const passes::MovingPass& move = moving(pass);
    CHECK(move.canvas({192, 120}) == framing::Canvas{192, 120});
    double before = 0, after = 0;
    for (int i = 1; i + 1 < frames; ++i) {
        const auto plate = [](int k) { return pan(k) + shake_x(k); };
        before += std::pow(plate(i + 1) - 2 * plate(i) + plate(i - 1), 2);
        after += std::pow(seen_x(move, i + 1) - 2 * seen_x(move, i) + seen_x(move, i - 1), 2);
        for (const auto& [x, y] : {std::pair{0, 0}, {191, 0}, {0, 119}, {191, 119}}) {
            const framing::Point corner = move.move(1001 + i, {192, 120}).to_before.at(x, y);
            CHECK(corner.x > -0.01);
            CHECK(corner.x < 191.01);
            CHECK(corner.y > -0.01);
            CHECK(corner.y < 119.01);
        }
    }
    CHECK(std::sqrt(after / before) < 0.1);
    CHECK(seen_x(move, frames - 1) - seen_x(move, 0) == doctest::Approx(pan(frames - 1)).epsilon(0.4));
}

TEST_CASE("an edited view is shown as it is written, and a frame that has none is refused") {
    json artefact = solved(json::object(), 8);
    artefact["views"][3]["dx"] = 5.0;
    artefact["views"][3]["dy"] = 0.0;
    artefact["views"][3]["rotation"] = 0.0;
    artefact["views"][3]["scale"] = 1.0;
    artefact["scenes"][0]["zoom"] = 1.0;
    const auto pass = passes::find_pass("stabilise").make(context_of(json::object(), artefact));
    CHECK(moving(pass).move(1004, {192, 120}).to_before.at(10, 20).x == doctest::Approx(15));
    CHECK(moving(pass).move(1004, {192, 120}).to_before.at(10, 20).y == doctest::Approx(20));
    CHECK_THROWS_AS(moving(pass).move(2000, {192, 120}), Error);
    artefact["views"][3]["frame"] = 7;
    CHECK_THROWS_AS(passes::find_pass("stabilise").make(context_of(json::object(), artefact)), Error);
}

TEST_CASE("edges are filled from the frames around, each where it shows what the frame would have shown") {
    constexpr int frames = 12;
    const json params = {{"edges", "fill"}, {"fill_reach", 3}};
    json artefact = solved(params, frames);
    const auto check = [&](int frame, const std::vector<int>& expected) {
        const auto pass = passes::find_pass("stabilise").make(context_of(params, artefact));
        CHECK(pass->reach() == passes::PassReach{3, 3});
        const auto neighbours = moving(pass).fill_from(1001 + frame);
        REQUIRE(neighbours);
        std::vector<int> found;
        for (const passes::MoveNeighbour& one : *neighbours) {
            found.push_back(one.frame - 1001);
            const int there = found.back();
            const auto [x, y] = one.to_it.at(120, 30);
            CHECK(x == doctest::Approx(120 + pan(frame) + shake_x(frame) - pan(there) - shake_x(there))
                           .epsilon(0.002));
            CHECK(y == doctest::Approx(30 + shake_y(frame) - shake_y(there)).epsilon(0.005));
        }
        CHECK(found == expected);
    };
    check(6, {5, 7, 4, 8, 3, 9});
    check(0, {1, 2, 3});
    check(11, {10, 9, 8});
    artefact["views"][8].erase("step");  // a cut, or a step that could not be followed
    check(6, {5, 7, 4, 3});
    check(8, {9, 10, 11});
    const auto cropped = passes::find_pass("stabilise").make(context_of(json::object(), artefact));
    CHECK_FALSE(moving(cropped).fill_from(1004));
    CHECK(cropped->reach() == passes::PassReach{});
}

TEST_CASE("a locked view neither shakes nor drifts: links to frames farther back hold it") {
    constexpr int frames = 40;
    std::vector<at::Tensor> shot;
    for (int i = 0; i < frames; ++i) shot.push_back(seen_from(0.7 * shake_x(i), 0.7 * shake_y(i)));
    const json params = {{"mode", "lock"}};
    const auto analysis = passes::find_pass("stabilise").make_analysis(context_of(params));
    CHECK(analysis->reach() == passes::PassReach{16, 0});
    std::vector<json> facts;
    for (int i = 0; i < frames; ++i) {
        facts.push_back(analysis->measure(FakeWindow::of(shot, i)));
        CHECK(facts.back().contains("far_step") == (i > 1 && (1001 + i) % 16 != 1));
    }
    const json artefact = analysis->solve(facts, 1001);
    CHECK(artefact["scenes"][0]["locked"] == true);
    const auto pass = passes::find_pass("stabilise").make(context_of(params, artefact));
    double sum = 0, squares = 0;
    for (int i = 0; i < frames; ++i) {
        const double x = 0.7 * shake_x(i) + moving(pass).move(1001 + i, {192, 120}).to_before.at(150, 30).x;
        sum += x / frames, squares += x * x / frames;
    }
    CHECK(std::sqrt(squares - sum * sum) < 0.05);
}

TEST_CASE("a view that is the plate's own moves nothing at all") {
    json artefact = solved({{"mode", "bump"}}, 8);  // the shake is no jolt
    const auto pass = passes::find_pass("stabilise").make(context_of({{"mode", "bump"}}, artefact));
    for (int frame = 1001; frame < 1009; ++frame)
        CHECK(moving(pass).move(frame, {192, 120}).to_before.is_identity());
}

}  // namespace wetgate::tests
