#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <limits>

#include "passes/enlarge.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/models.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

at::Tensor enlarged(const at::Tensor& picture, const json& params) {
    static const color::Config colors = color::Config::load("builtin", {});
    const nets::JobModels models = shipped_models();
    passes::PassContext context;
    context.params = spec::pass_params("upscale", params);
    context.artefact = {{"schema", "wetgate.exposure/1"}, {"exposure_stops", 0}};
    context.color = &colors;
    context.models = &models;
    const auto result = passes::find_pass("upscale").make(context)->run(FakeWindow(picture));
    CHECK(result.touch.sizes() == result.pixels.slice(0, 0, 1).sizes());
    CHECK(result.touch.min().item<double>() == 1);
    return result.pixels;
}

}  // namespace

TEST_CASE("an enlarged ramp is twice the size and still that ramp") {
    const at::Tensor x = at::arange(48, at::kFloat);
    const at::Tensor small = (0.1 + 0.005 * x).view({1, 1, 48}).expand({3, 32, 48}).clone();
    const at::Tensor position = (at::arange(96, at::kFloat) + 0.5) / 2 - 0.5;  // pixel centres
    const at::Tensor expected = (0.1 + 0.005 * position).view({1, 1, 96}).expand({3, 64, 96});
    for (const char* engine : {"net", "lanczos"}) {
        const at::Tensor large = enlarged(small, {{"engine", engine}});
        REQUIRE(large.sizes() == at::IntArrayRef({3, 64, 96}));
        const at::Tensor inside = ((large - expected).abs() / expected).narrow(1, 8, 48).narrow(2, 8, 80);
        CHECK(inside.max().item<double>() < 0.02);
    }
}

TEST_CASE("lamps, negatives and broken samples give finite pictures, and lamps stay bright") {
    at::Tensor small = at::full({3, 32, 48}, 0.18);
    small.narrow(1, 10, 4).narrow(2, 10, 4).fill_(1e5);
    small[0][20][20] = std::numeric_limits<float>::quiet_NaN();
    small[1][20][30] = std::numeric_limits<float>::infinity();
    small[2][25][25] = -0.3;
    const at::Tensor large = enlarged(small, json::object());
    CHECK(at::isfinite(large).all().item<bool>());
    CHECK(large[0][24][24].item<float>() > 2e4F);
    CHECK(large.narrow(1, 0, 12).max().item<float>() < 0.3F);  // no ring round the lamp
}

TEST_CASE("what a place becomes does not depend on the part that is asked for, and broken samples stay") {
    const nets::JobModels models = shipped_models();
    const color::Config colors = color::Config::load("builtin", {});
    passes::PassContext context;
    context.color = &colors;
    const passes::NetworkEnlarger network(passes::Coding(passes::Coding::Kind::AcesCct, 0, context),
                                          models.load({passes::enlarging_model, passes::enlarging_task}));
    at::Tensor picture = 0.3 + 0.2 * (at::arange(3 * 70 * 470, at::kFloat) * 0.37).sin().view({3, 70, 470});
    picture[1][20][300] = std::numeric_limits<float>::infinity();
    const Box wide{10, 5, 460, 66}, narrow{290, 17, 341, 40};
    const at::Tensor of_wide = network.part(picture, wide), of_narrow = network.part(picture, narrow);
    REQUIRE(of_narrow.sizes() == at::IntArrayRef({3, 46, 102}));
    CHECK(at::equal(of_narrow, of_wide.narrow(1, 24, 46).narrow(2, 560, 102)));
    const at::Tensor broken = at::isinf(of_narrow);
    CHECK(broken.sum().item<int>() == 4);
    CHECK(broken[1].narrow(0, 6, 2).narrow(1, 20, 2).all().item<bool>());
    const at::Tensor whole = network.whole(picture).narrow(1, 10, 122).narrow(2, 20, 900);
    const at::Tensor off = at::where(at::isfinite(of_wide), (of_wide - whole).abs(), at::zeros_like(whole));
    CHECK(off.max().item<float>() < 1e-4F);
}

}  // namespace wetgate::tests
