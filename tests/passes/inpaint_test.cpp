#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <limits>

#include "core/error.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/models.h"
#include "support/shot.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

const json ungrained = {{"schema", "wetgate.inpaint/1"}, {"exposure_stops", 0}};

const color::Config& colors() {
    static const color::Config config = color::Config::load("builtin", {});
    return config;
}

passes::PassContext context(const json& params, const nets::JobModels* models, bool has_matte = true) {
    passes::PassContext made;
    made.params = spec::pass_params("inpaint", params);
    made.artefact = ungrained;
    made.color = &colors();
    made.models = models;
    made.has_matte = has_matte;
    return made;
}

/// A soft ramp in light.
at::Tensor ramp() {
    const at::Tensor x = at::arange(160, at::kFloat) / 160;
    const at::Tensor y = at::arange(128, at::kFloat) / 128;
    return (0.1 + 0.3 * x.view({1, 1, 160}) + 0.2 * y.view({1, 128, 1})).expand({3, 128, 160}).clone();
}

at::Tensor wire() {
    at::Tensor matte = at::zeros({1, 128, 160});
    matte.narrow(1, 60, 4).fill_(1);
    return matte;
}

}  // namespace

TEST_CASE("a wire is filled from what surrounds it, and nothing else is touched") {
    const nets::JobModels models = shipped_models();
    for (const std::string engine : {"net", "classical"}) {
        at::Tensor picture = ramp();
        picture.narrow(1, 60, 4).fill_(3.0);
        CAPTURE(engine);
        const auto pass = passes::find_pass("inpaint").make(context({{"engine", engine}}, &models));
        const auto result = pass->run(FakeWindow(picture).with_matte(wire()));
        CHECK(at::equal(result.touch, wire()));
        CHECK(
            at::equal(at::where(wire() > 0, ramp(), result.pixels), at::where(wire() > 0, ramp(), picture)));
        const at::Tensor error = (result.pixels - ramp()).abs().narrow(1, 60, 4) / ramp().narrow(1, 60, 4);
        CHECK(error.mean().item<double>() < 0.05);
        CHECK(result.facts["synthesised"].get<double>() == doctest::Approx(4.0 / 128));
    }
}

TEST_CASE("what is measured of a grainy shot is what the fill takes, grain and all") {
    std::vector<at::Tensor> shot;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        at::manual_seed(seed);
        shot.push_back(ramp() + 0.02 * at::randn({3, 128, 160}));
    }
    const std::vector<at::Tensor> mattes(shot.size(), wire());
    const ShotPass inpaint("inpaint");
    const json params = {{"engine", "classical"}};
    const json artefact = inpaint.solved(shot, params, mattes);
    const auto inside = [](const at::Tensor& picture) {
        return (picture - ramp()).narrow(1, 60, 4).std().item<double>();
    };
    const at::Tensor filled = inpaint.run(shot, 2, artefact, params, mattes).pixels;
    CHECK(at::equal(filled.narrow(1, 0, 60), shot[2].narrow(1, 0, 60)));
    CHECK(inside(filled) == doctest::Approx(0.02).epsilon(0.25));

    json edited = artefact;
    edited.erase("grain");
    CHECK(inside(inpaint.run(shot, 2, edited, params, mattes).pixels) < 0.01);
    edited["exposure_stops"] = "bright";
    CHECK_THROWS_WITH_AS(inpaint.run(shot, 2, edited, params, mattes), doctest::Contains("/exposure_stops"),
                         Error);
}

TEST_CASE("a NaN beside the hole is no surrounding to fill it from") {
    const nets::JobModels models = shipped_models();
    at::Tensor picture = ramp();
    picture.narrow(1, 58, 2).fill_(std::numeric_limits<float>::quiet_NaN());
    for (const std::string engine : {"net", "classical"}) {
        CAPTURE(engine);
        const auto pass = passes::find_pass("inpaint").make(context({{"engine", engine}}, &models));
        const at::Tensor filled = pass->run(FakeWindow(picture).with_matte(wire())).pixels.narrow(1, 60, 4);
        CHECK(at::isfinite(filled).all().item<bool>());
        CHECK((filled - ramp().narrow(1, 60, 4)).abs().mean().item<double>() < 0.02);
    }
}

TEST_CASE("a frame on which the matte is empty keeps its bits") {
    const nets::JobModels models = shipped_models();
    const auto pass = passes::find_pass("inpaint").make(context(json::object(), &models));
    const auto result = pass->run(FakeWindow(ramp()).with_matte(at::zeros({1, 128, 160})));
    CHECK(result.touch.count_nonzero().item<int>() == 0);
    CHECK(at::equal(result.pixels, ramp()));
}

TEST_CASE("inpaint without a matte is refused") {
    CHECK_THROWS_WITH_AS(passes::find_pass("inpaint").make(context(json::object(), nullptr, false)),
                         doctest::Contains("matte"), Error);
}

TEST_CASE("a model for another task is refused") {
    const nets::JobModels models = shipped_models();
    passes::PassContext made = context(json::object(), &models);
    made.model = "sr_x2";
    try {
        passes::find_pass("inpaint").make(made);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Model);
    }
}

}  // namespace wetgate::tests
