#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "passes/pass.h"
#include "passes/regions.h"
#include "spec/params.h"
#include "support/fake_window.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr std::int64_t height = 128;
constexpr std::int64_t width = 192;

const color::Config& colors() {
    static const color::Config config = color::Config::load("builtin", {});
    return config;
}

passes::PassContext context(const json& params = json::object(), const json& cuts = json::array()) {
    passes::PassContext made;
    made.params = spec::pass_params("dust", params);
    made.artefact = {{"schema", "wetgate.scenes/1"}, {"exposure_stops", 0}, {"cuts", cuts}};
    made.color = &colors();
    return made;
}

/// Waves of light that pan by `shift_px`.
at::Tensor waves(double shift_px) {
    const at::Tensor x = at::arange(width, at::kFloat).view({1, 1, width}) + shift_px;
    const at::Tensor y = at::arange(height, at::kFloat).view({1, height, 1});
    return (0.3 + 0.1 * at::sin(x * 0.21 + y * 0.05) + 0.1 * at::sin(y * 0.17 - x * 0.08))
        .expand({3, height, width})
        .clone();
}

std::vector<at::Tensor> panning(int frames) {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < frames; ++i) shot.push_back(waves(3.0 * i));
    return shot;
}

at::Tensor spot(std::int64_t y, std::int64_t x, std::int64_t side) {
    at::Tensor mask = at::zeros({1, height, width}, at::kBool);
    mask.narrow(1, y, side).narrow(2, x, side).fill_(true);
    return mask;
}

at::Tensor with(const at::Tensor& picture, const at::Tensor& mask, double value) {
    return at::where(mask, at::full_like(picture, value), picture);
}

double largest(const at::Tensor& difference, const at::Tensor& mask) {
    return difference.abs().masked_select(mask.expand_as(difference)).max().item<double>();
}

}  // namespace

TEST_CASE("a spot that is in one frame only shows what its neighbours show") {
    for (const double value : {0.01, 0.9}) {
        CAPTURE(value);
        std::vector<at::Tensor> shot = panning(5);
        const at::Tensor clean = shot[2].clone();
        const at::Tensor mask = spot(60, 90, 5);
        shot[2] = with(clean, mask, value);
        const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
        CHECK(result.touch.masked_select(mask).min().item<float>() == 1.0F);
        CHECK(largest(result.pixels - clean, mask) < 0.02);
        const at::Tensor far = passes::dilated(mask, 4).logical_not();
        CHECK(result.touch.masked_select(far).sum().item<float>() == 0.0F);
        CHECK(largest(result.pixels - clean, far) == 0.0);
        CHECK(result.facts["spots"] == 1);
    }
}

TEST_CASE("a flickering frame loses its dirt and keeps its light") {
    std::vector<at::Tensor> shot = panning(5);
    shot[2] = shot[2] * 1.3;
    const at::Tensor clean = shot[2].clone();
    const at::Tensor mask = spot(60, 90, 5);
    shot[2] = with(clean, mask, 0.01);
    const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
    CHECK(largest(result.pixels - clean, mask) < 0.03);
    CHECK(largest(result.pixels - clean, mask.logical_not()) < 0.03);
}

TEST_CASE("polarity, size and scene decide what is dirt") {
    std::vector<at::Tensor> shot = panning(5);
    shot[2] = with(shot[2], spot(60, 90, 5), 0.9);
    const auto touched = [&](const json& params, const json& cuts = json::array(), int centre = 2) {
        const auto pass = passes::find_pass("dust").make(context(params, cuts));
        return pass->run(FakeWindow::of(shot, centre)).touch.sum().item<float>() > 0;
    };
    CHECK(touched(json::object()));
    CHECK(touched({{"polarity", "bright"}}));
    CHECK_FALSE(touched({{"polarity", "dark"}}));
    CHECK_FALSE(touched({{"least_px", 60}}));
    CHECK_FALSE(touched({{"most_size", 0.01}}));
    CHECK(touched(json::object(), {1003}));              // two neighbours behind the cut are enough
    CHECK_FALSE(touched(json::object(), {1003, 1004}));  // a scene of one frame has none
    CHECK_FALSE(touched(json::object(), json::array(), 1));
}

TEST_CASE("a thing that moves against the picture is no dirt") {
    for (const int step : {4, 9}) {
        CAPTURE(step);
        std::vector<at::Tensor> shot = panning(5);
        for (int i = 0; i < 5; ++i)
            shot[static_cast<std::size_t>(i)] =
                with(shot[static_cast<std::size_t>(i)], spot(60, 80 - step * (i - 2), 7), 0.9);
        const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
        CHECK(result.touch.sum().item<float>() == 0.0F);
    }
}

TEST_CASE("the ends of a shot are judged by two neighbours on one side") {
    for (const int end : {0, 4}) {
        CAPTURE(end);
        std::vector<at::Tensor> shot = panning(5);
        const at::Tensor clean = shot[static_cast<std::size_t>(end)].clone();
        const at::Tensor mask = spot(60, 90, 5);
        shot[static_cast<std::size_t>(end)] = with(clean, mask, 0.9);
        const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, end));
        CHECK(result.touch.masked_select(mask).min().item<float>() == 1.0F);
        CHECK(largest(result.pixels - clean, mask) < 0.03);
    }
}

TEST_CASE("what was dirt has grain of its own, as much as the frame around it") {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
    std::vector<at::Tensor> shot;
    for (int i = 0; i < 5; ++i) shot.push_back(waves(0) + 0.01 * at::randn({3, height, width}, generator));
    const at::Tensor mask = spot(50, 80, 30);
    const at::Tensor clean = shot[2].clone();
    shot[2] = with(clean, mask, 0.001);
    const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
    const auto grain = [&](const at::Tensor& picture) {
        return (picture - waves(0)).masked_select(mask.expand_as(picture)).std().item<double>();
    };
    CHECK(grain(result.pixels) == doctest::Approx(grain(clean)).epsilon(0.15));
    for (const std::size_t neighbour : {1U, 3U})
        CHECK((result.pixels - shot[neighbour]).masked_select(mask.expand_as(clean)).std().item<double>() >
              0.01);
}

TEST_CASE("what is not finite, negative or very bright stays finite where it is touched") {
    std::vector<at::Tensor> shot = panning(5);
    shot[1] = with(shot[1], spot(20, 20, 9), std::numeric_limits<float>::infinity());
    shot[2] = with(shot[2], spot(40, 40, 9), std::numeric_limits<float>::quiet_NaN());
    shot[2] = with(shot[2], spot(60, 90, 5), 1e5);
    shot[3] = with(shot[3], spot(80, 120, 9), -3.0);
    const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
    const at::Tensor touched = (result.touch > 0).expand_as(result.pixels);
    CHECK(touched.any().item<bool>());
    CHECK(at::isfinite(result.pixels.masked_select(touched)).all().item<bool>());
}

TEST_CASE("pictures of a few pixels are left alone or cleaned, and nothing breaks") {
    for (const std::int64_t side : {1, 2, 3, 7}) {
        CAPTURE(side);
        std::vector<at::Tensor> shot;
        for (int i = 0; i < 5; ++i) shot.push_back(at::full({3, side, side}, 0.2));
        shot[2][0][0][0] = 1;
        const auto result = passes::find_pass("dust").make(context())->run(FakeWindow::of(shot, 2));
        CHECK(result.pixels.sizes() == shot[2].sizes());
    }
}

TEST_CASE("dust measures cuts and exposure") {
    const auto analysis = passes::find_pass("dust").make_analysis(context());
    CHECK(analysis->reach() == passes::PassReach{2, 0});
    auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
    const at::Tensor other = at::rand({3, height, width}, generator) * 2;
    std::vector<at::Tensor> shot = panning(4);
    for (int i = 0; i < 4; ++i) shot.push_back(other);
    std::vector<json> facts;
    for (int i = 0; i < 8; ++i) facts.push_back(analysis->measure(FakeWindow::of(shot, i)));
    const json artefact = analysis->solve(facts, 1001);
    CHECK(artefact["cuts"] == json{1005});
    CHECK(artefact["exposure_stops"].is_number());
}

}  // namespace wetgate::tests
