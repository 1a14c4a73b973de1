#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <chrono>
#include <limits>

#include "core/error.h"
#include "passes/pass.h"
#include "support/fake_window.h"

using nlohmann::json;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::passes::PassContext;
using wetgate::passes::PassResult;
using wetgate::tests::FakeWindow;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

PassResult sanitized(const at::Tensor& pixels, const json& given = json::object(), int x0 = 0, int y0 = 0) {
    PassContext context;
    context.params = wetgate::spec::pass_params("sanitize", given);
    const auto pass = wetgate::passes::find_pass("sanitize").make(context);
    CHECK(pass->reach() == wetgate::passes::PassReach{});
    return pass->run(FakeWindow({wetgate::tests::device_frame(pixels, 1001, x0, y0)}));
}

at::Tensor ramp(std::int64_t height, std::int64_t width) {
    return (at::arange(3 * height * width, at::kFloat) / 100 - 1).view({3, height, width});
}

void put(at::Tensor& pixels, int c, int y, int x, float value) {
    pixels[c][y][x] = value;
}
float get(const at::Tensor& pixels, int c, int y, int x) {
    return pixels[c][y][x].item<float>();
}

}  // namespace

TEST_CASE("a clean frame is handed on as it is and nothing is touched") {
    const at::Tensor pixels = ramp(20, 30);
    const PassResult result = sanitized(pixels);
    CHECK(result.pixels.data_ptr() == pixels.data_ptr());
    CHECK(result.touch.sum().item<float>() == 0.0F);
    CHECK(result.facts.empty());
}

TEST_CASE(
    "a lone NaN becomes the mean of its sound neighbours in its channel, and only that sample changes") {
    at::Tensor pixels = ramp(9, 11);
    const at::Tensor original = pixels.clone();
    put(pixels, 1, 4, 5, nan_value);
    const PassResult result = sanitized(pixels);
    // On a ramp the mean of the eight neighbours is the value itself.
    CHECK(get(result.pixels, 1, 4, 5) == doctest::Approx(get(original, 1, 4, 5)).epsilon(1e-6));
    at::Tensor expected = original.clone();
    expected[1][4][5] = get(result.pixels, 1, 4, 5);
    CHECK(at::equal(result.pixels, expected));
    CHECK(result.touch.sum().item<float>() == 1.0F);
    CHECK(result.touch[0][4][5].item<float>() == 1.0F);
    CHECK(std::isnan(get(pixels, 1, 4, 5)));  // the input is not written to
}

TEST_CASE("NaN at a corner and beside infinities uses what is sound") {
    at::Tensor pixels = at::full({3, 4, 4}, 2.0F);
    put(pixels, 0, 0, 0, nan_value);
    put(pixels, 0, 0, 1, inf);
    put(pixels, 0, 1, 0, 8.0F);
    const PassResult result = sanitized(pixels);
    CHECK(get(result.pixels, 0, 0, 0) == 5.0F);  // (8 + 2) / 2: the infinity does not count
    CHECK(get(result.pixels, 0, 0, 1) == 3.5F);  // (2 + 8 + 2 + 2) / 4
}

TEST_CASE("holes of any size are filled from around, an all-NaN channel becomes black") {
    at::Tensor pixels = at::full({3, 70, 131}, 0.25F);
    pixels[0].slice(0, 3, 66).slice(1, 2, 120).fill_(nan_value);
    pixels[2].fill_(nan_value);
    const PassResult result = sanitized(pixels);
    CHECK(at::isfinite(result.pixels).all().item<bool>());
    CHECK((result.pixels[0] - 0.25F).abs().max().item<float>() < 1e-6F);
    CHECK(result.pixels[2].abs().max().item<float>() == 0.0F);
    CHECK(at::equal(result.pixels[1], pixels[1]));
}

TEST_CASE("infinities and values past half are clamped, or taken from the neighbours where asked") {
    at::Tensor pixels = at::full({3, 5, 5}, 1.0F);
    put(pixels, 0, 2, 2, inf);
    put(pixels, 1, 2, 2, -inf);
    put(pixels, 2, 2, 2, 70000.0F);
    put(pixels, 2, 0, 0, -1e9F);
    put(pixels, 2, 4, 4, 65504.0F);
    const PassResult clamped = sanitized(pixels, {{"inf", "clamp"}}, 100, 50);
    CHECK(get(clamped.pixels, 0, 2, 2) == 65504.0F);
    CHECK(get(clamped.pixels, 1, 2, 2) == -65504.0F);
    CHECK(get(clamped.pixels, 2, 2, 2) == 65504.0F);
    CHECK(get(clamped.pixels, 2, 0, 0) == -65504.0F);
    CHECK(clamped.touch.sum().item<float>() == 2.0F);  // two pixels; 65504 itself is sound
    CHECK(clamped.facts["positive_inf"] == 1);
    CHECK(clamped.facts["negative_inf"] == 1);
    CHECK(clamped.facts["above_max"] == 1);
    CHECK(clamped.facts["below_minus_max"] == 1);
    CHECK(clamped.facts["nan"] == 0);
    REQUIRE(clamped.facts["first"].size() == 4);
    CHECK(clamped.facts["first"][0] == json{{"channel", "R"}, {"x", 102}, {"y", 52}});
    const PassResult filled = sanitized(pixels, {{"max", 10}});
    CHECK(get(filled.pixels, 0, 2, 2) == 1.0F);
    CHECK(get(filled.pixels, 1, 2, 2) == 1.0F);
    CHECK(get(filled.pixels, 2, 4, 4) == 10.0F);
}

TEST_CASE("negatives stay unless they are to be clamped") {
    at::Tensor pixels = at::full({3, 3, 3}, 1.0F);
    put(pixels, 0, 0, 0, -0.25F);
    put(pixels, 1, 1, 1, -inf);
    CHECK(get(sanitized(pixels).pixels, 0, 0, 0) == -0.25F);
    const PassResult zero = sanitized(pixels, {{"negatives", "clamp"}, {"inf", "clamp"}});
    CHECK(get(zero.pixels, 0, 0, 0) == 0.0F);
    CHECK(get(zero.pixels, 1, 1, 1) == 0.0F);
    CHECK(zero.facts["negative"] == 1);
    CHECK(get(sanitized(pixels, {{"negatives", "clamp"}, {"min", -0.1}}).pixels, 0, 0, 0) == -0.1F);
    CHECK(get(sanitized(pixels, {{"negatives", "clamp"}, {"min", -0.5}}).pixels, 0, 0, 0) == -0.25F);
}

TEST_CASE("black and error do what they say, the error with the frame and the place") {
    at::Tensor pixels = at::full({3, 3, 3}, 1.0F);
    put(pixels, 2, 1, 2, nan_value);
    CHECK(get(sanitized(pixels, {{"nan", "black"}}).pixels, 2, 1, 2) == 0.0F);
    CHECK_NOTHROW(sanitized(pixels, {{"inf", "error"}}));
    try {
        sanitized(pixels, {{"nan", "error"}}, 10, 20);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(error.context().frame == 1001);
        CHECK(error.message().find("(12, 21)") != std::string::npos);
    }
    CHECK_THROWS_AS(sanitized(pixels, {{"nan", "maybe"}}), Error);
    CHECK_THROWS_AS(sanitized(pixels, {{"nann", "black"}}), Error);
}

TEST_CASE("at most eight coordinates are told, and a second run finds nothing") {
    at::Tensor pixels = at::full({3, 10, 10}, 1.0F);
    pixels[1].fill_(nan_value);
    const PassResult result = sanitized(pixels);
    CHECK(result.facts["first"].size() == 8);
    CHECK(result.facts["nan"] == 100);
    CHECK(sanitized(result.pixels).facts.empty());
}
