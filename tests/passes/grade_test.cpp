#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "color/cdl.h"
#include "core/error.h"
#include "passes/pass.h"
#include "support/fake_window.h"
#include "support/temp_folder.h"

using nlohmann::json;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::passes::PassContext;
using wetgate::passes::PassResult;
using wetgate::tests::FakeWindow;
using wetgate::tests::TempFolder;

namespace {

PassResult graded(const at::Tensor& pixels, const json& given) {
    const auto config = wetgate::color::Config::load("builtin", ".");
    PassContext context;
    context.params = wetgate::spec::pass_params("grade", given, "/shots/0/passes/0");
    context.color = &config;
    const auto pass = wetgate::passes::find_pass("grade").make(context);
    CHECK(pass->reach() == wetgate::passes::PassReach{});
    return pass->run(FakeWindow(pixels));
}

at::Tensor pixel(float r, float g, float b) {
    return at::tensor({r, g, b}, at::kFloat).view({3, 1, 1});
}

void check_pixel(const at::Tensor& pixels, double r, double g, double b, double tolerance = 1e-6) {
    const double expected[] = {r, g, b};
    for (int c = 0; c < 3; ++c) {
        CHECK(pixels[c][0][0].item<float>() == doctest::Approx(expected[c]).epsilon(tolerance).scale(1.0));
    }
}

at::Tensor spread() {  // values from -1 to 12 in every channel
    return (at::arange(3 * 8 * 16, at::kFloat) * 0.0339F - 1.0F).view({3, 8, 16});
}

}  // namespace

TEST_CASE("a neutral grade touches nothing, in any space") {
    const at::Tensor pixels = spread();
    for (const json& given :
         {json::object(), json{{"space", "ACEScct"}}, json{{"saturation", 1.0}, {"space", "Rec.709"}},
          json{{"transform", {{"from", "ACEScg"}, {"to", "ap1"}}}, {"space", "LogC3"}}}) {
        const PassResult result = graded(pixels, given);
        CHECK(at::equal(result.pixels, pixels));
        CHECK(result.touch.sum().item<float>() == 0.0F);
    }
}

TEST_CASE("slope, offset and power work as ASC CDL v1.2 has them, past 0 and 1 too") {
    const json cdl = {{"slope", {2, 1, 0.5}}, {"offset", {0.1, -0.2, 0}}, {"power", {0.5, 2, 1}}};
    check_pixel(graded(pixel(0.2F, 0.9F, 0.6F), cdl).pixels, std::sqrt(0.5), 0.49, 0.3);
    check_pixel(graded(pixel(8.0F, 3.2F, 20.0F), cdl).pixels, std::sqrt(16.1), 9.0, 10.0);
    // A base below 0 is not raised to a power: it stays.
    check_pixel(graded(pixel(-1.0F, 0.1F, -4.0F), cdl).pixels, -1.9, -0.1, -2.0);
}

TEST_CASE("saturation turns about Rec.709 luma") {
    const double luma = 0.2126 * 1.0 + 0.7152 * 0.5 + 0.0722 * 0.25;
    check_pixel(graded(pixel(1.0F, 0.5F, 0.25F), {{"saturation", 0}}).pixels, luma, luma, luma);
    check_pixel(graded(pixel(1.0F, 0.5F, 0.25F), {{"saturation", 2}}).pixels, 2 - luma, 1 - luma, 0.5 - luma);
}

TEST_CASE("clamp asc clamps before the power and after the saturation, none does not") {
    const json cdl = {{"slope", {2, 2, 2}}, {"power", {2, 2, 2}}, {"clamp", "asc"}};
    check_pixel(graded(pixel(0.75F, -0.5F, 0.25F), cdl).pixels, 1, 0, 0.25);
    check_pixel(graded(pixel(2.0F, -0.5F, 0.25F), {{"clamp", "asc"}}).pixels, 1, 0, 0.25);
}

TEST_CASE(
    "only pixels that the grade changes are touched, the others keep their bits through space and back") {
    at::Tensor pixels = at::full({3, 2, 2}, 0.5F);
    pixels.select(2, 1).fill_(0.0F);
    const PassResult linear = graded(pixels, {{"slope", {2, 2, 2}}});
    CHECK(at::equal(linear.touch[0], at::tensor({1.0F, 0.0F, 1.0F, 0.0F}).view({2, 2})));
    // In a mirrored gamma space black is black as well.
    const PassResult video = graded(pixels, {{"slope", {2, 2, 2}}, {"space", "Gamma 2.4 Rec.709"}});
    CHECK(at::equal(video.touch, linear.touch));
    CHECK(at::equal(video.pixels.select(2, 1), pixels.select(2, 1)));
}

TEST_CASE("an offset in ACEScct is an exposure change above its toe") {
    // One stop is 1 / 17.52 in ACEScct.
    const double stop = 1.0 / 17.52;
    const PassResult result =
        graded(pixel(0.18F, 4.0F, 0.5F), {{"offset", {stop, stop, -stop}}, {"space", "ACEScct"}});
    check_pixel(result.pixels, 0.36, 8.0, 0.25, 2e-6);
}

TEST_CASE("a CDL file, a LUT and a transform are applied in the space, LUT after CDL") {
    const TempFolder folder;
    wetgate::color::Cdl cdl;
    cdl.slope = {2, 1, 1};
    std::ofstream(folder / "a.cc") << wetgate::color::to_cc_xml(cdl);
    std::ofstream(folder / "half.spi1d")
        << "Version 1\nFrom 0.0 16.0\nLength 2\nComponents 1\n{\n0.0\n8.0\n}\n";
    check_pixel(graded(pixel(0.25F, 0.5F, 1.0F), {{"cdl", (folder / "a.cc").string()}}).pixels, 0.5, 0.5,
                1.0);
    check_pixel(graded(pixel(1.0F, 2.0F, 3.0F),
                       {{"cdl", (folder / "a.cc").string()}, {"lut", (folder / "half.spi1d").string()}})
                    .pixels,
                1.0, 1.0, 1.5, 1e-5);
    // Footage read as linear that was sRGB-coded: the transform undoes the mistake.
    const PassResult mended =
        graded(pixel(0.5F, 0.5F, 0.5F),
               {{"space", "Linear Rec.709"}, {"transform", {{"from", "sRGB"}, {"to", "Linear Rec.709"}}}});
    check_pixel(mended.pixels, 0.2140411, 0.2140411, 0.2140411, 1e-5);
}

TEST_CASE("a grade that makes no sense is a usage error") {
    const TempFolder folder;
    std::ofstream(folder / "a.cc") << wetgate::color::to_cc_xml({});
    const auto kind = [](const json& given) {
        try {
            graded(pixel(1, 1, 1), given);
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::Internal;
    };
    CHECK(kind({{"space", "no such space"}}) == ErrorKind::Usage);
    CHECK(kind({{"slope", {1, 1}}}) == ErrorKind::Usage);
    CHECK(kind({{"slope", {-1, 1, 1}}}) == ErrorKind::Usage);
    CHECK(kind({{"power", {0, 1, 1}}}) == ErrorKind::Usage);
    CHECK(kind({{"cdl", (folder / "a.cc").string()}, {"saturation", 0.5}}) == ErrorKind::Usage);
    CHECK(kind({{"lut", "x.cube"}, {"transform", {{"from", "sRGB"}, {"to", "ACEScg"}}}}) == ErrorKind::Usage);
    CHECK(kind({{"cdl", (folder / "absent.cc").string()}}) == ErrorKind::Input);
}
