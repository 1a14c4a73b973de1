#include "color/color.h"

#include <OpenColorIO/OpenColorIO.h>
#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include "core/error.h"
#include "support/temp_folder.h"

using wetgate::Box;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::FloatImage;
using wetgate::color::Config;
using wetgate::color::Transform;

namespace {

Config builtin() {
    return Config::load("builtin", ".");
}

FloatImage picture(int width, int height, unsigned seed, double low = -0.01, double high = 100.0) {
    FloatImage image = wetgate::make_float_image({0, 0, width, height});
    std::mt19937 random(seed);
    const double low_root = std::cbrt(low);
    const double step = (std::cbrt(high) - low_root) / 4294967295.0;
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < image.window.area(); ++i) {
            image.channel(c)[i] =
                static_cast<float>(std::pow(low_root + step * static_cast<double>(random()), 3.0));
        }
    }
    return image;
}

FloatImage copy_of(const FloatImage& image) {
    FloatImage copy = wetgate::make_float_image(image.window);
    std::memcpy(copy.data->data(), image.data->data(), image.data->size());
    return copy;
}

std::array<float, 3> through(const Config& config, const char* from, const char* to,
                             std::array<float, 3> rgb) {
    FloatImage image = wetgate::make_float_image({0, 0, 1, 1});
    for (int c = 0; c < 3; ++c) image.channel(c)[0] = rgb[static_cast<std::size_t>(c)];
    config.transform(from, to)->apply(image);
    return {image.channel(0)[0], image.channel(1)[0], image.channel(2)[0]};
}

void check_rgb(const std::array<float, 3>& got, const std::array<double, 3>& expected, double tolerance) {
    for (std::size_t c = 0; c < 3; ++c)
        CHECK(static_cast<double>(got[c]) == doctest::Approx(expected[c]).epsilon(tolerance).scale(1.0));
}

std::string usage_message(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        return error.what();
    }
    FAIL("no error");
    return "";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every built-in space takes ACEScg from -0.01 to 100 and gives it back within 1e-5 of the pixel") {
    const Config config = builtin();
    const FloatImage original = picture(97, 31, 1);
    for (const std::string& space : config.spaces()) {
        CAPTURE(space);
        FloatImage image = copy_of(original);
        config.transform("ACEScg", space)->apply(image);
        config.transform(space, "ACEScg")->apply(image);
        double worst = 0;
        for (std::size_t i = 0; i < image.window.area(); ++i) {
            double largest = 0.01;
            for (int c = 0; c < 3; ++c) {
                largest = std::max(largest, std::abs(static_cast<double>(original.channel(c)[i])));
            }
            for (int c = 0; c < 3; ++c) {
                const double difference =
                    static_cast<double>(image.channel(c)[i]) - static_cast<double>(original.channel(c)[i]);
                const double relative = std::abs(difference) / largest;
                worst = std::max(worst, std::isfinite(relative) ? relative : 1e9);
            }
        }
        CHECK(worst < 1e-5);
    }
}

TEST_CASE("a pixel's result depends neither on its place nor on the picture's size") {
    const Config config = builtin();
    const FloatImage whole = picture(41, 3, 7, -0.05, 20.0);
    for (const std::string& space : config.spaces()) {
        CAPTURE(space);
        const auto transform = config.transform("ACEScg", space);
        FloatImage at_once = copy_of(whole);
        transform->apply(at_once);
        bool same = true;
        for (const int width : {1, 2, 3, 5, 8, 17}) {
            for (int x0 = 0; x0 + width <= 41; x0 += 7) {
                FloatImage piece = wetgate::make_float_image({x0, 0, x0 + width, 3});
                for (int c = 0; c < 3; ++c) {
                    for (int y = 0; y < 3; ++y) {
                        std::copy_n(whole.channel(c) + y * 41 + x0, width, piece.channel(c) + y * width);
                    }
                }
                transform->apply(piece);
                for (int c = 0; c < 3; ++c) {
                    for (int y = 0; y < 3; ++y) {
                        same = same &&
                               std::memcmp(at_once.channel(c) + y * 41 + x0, piece.channel(c) + y * width,
                                           sizeof(float) * static_cast<std::size_t>(width)) == 0;
                    }
                }
            }
        }
        CHECK(same);
    }
}

TEST_CASE("spaces have the values that their standards give") {
    const Config config = builtin();
    SUBCASE("white is white") {
        for (const char* space : {"Linear Rec.709", "Rec.709", "sRGB", "Gamma 2.4 Rec.709", "Linear P3-D65",
                                  "Rec.2020", "Rec.601-525", "Rec.601-625"}) {
            CAPTURE(space);
            check_rgb(through(config, space, "ACEScg", {1, 1, 1}), {1, 1, 1}, 1e-6);
        }
    }
    SUBCASE("BT.709, sRGB and pure gammas") {
        // BT.709-6: V = 1.099 L^0.45 - 0.099, 4.5 L below 0.018.
        check_rgb(through(config, "Linear Rec.709", "Rec.709", {0.18F, 0.01F, 2.0F}),
                  {1.0992968268 * std::pow(0.18, 0.45) - 0.0992968268, 0.045,
                   1.0992968268 * std::pow(2.0, 0.45) - 0.0992968268},
                  1e-6);
        check_rgb(through(config, "Linear Rec.709", "Rec.709", {-0.18F, -0.01F, 0.0F}),
                  {-(1.0992968268 * std::pow(0.18, 0.45) - 0.0992968268), -0.045, 0.0}, 1e-6);
        check_rgb(through(config, "sRGB", "Linear Rec.709", {0.5F, 0.04F, -0.5F}),
                  {0.2140411, 0.04 / 12.92, -0.2140411}, 1e-6);
        check_rgb(through(config, "Gamma 2.4 Rec.709", "Linear Rec.709", {0.5F, -0.5F, 1.5F}),
                  {std::pow(0.5, 2.4), -std::pow(0.5, 2.4), std::pow(1.5, 2.4)}, 1e-6);
        check_rgb(through(config, "Gamma 2.2 Rec.709", "Linear Rec.709", {0.5F, 0.0F, 1.0F}),
                  {std::pow(0.5, 2.2), 0, 1}, 1e-6);
    }
    SUBCASE("cameras' middle greys") {
        check_rgb(through(config, "ACES2065-1", "LogC3", {0.18F, 0.18F, 0.18F}),
                  {0.391007, 0.391007, 0.391007}, 1e-5);
        check_rgb(through(config, "ACES2065-1", "LogC4", {0.18F, 0.18F, 0.18F}),
                  {0.278395, 0.278395, 0.278395}, 1e-5);
        check_rgb(through(config, "ACES2065-1", "LogC4", {0, 0, 0}), {95.0 / 1023, 95.0 / 1023, 95.0 / 1023},
                  1e-6);
        check_rgb(through(config, "ACES2065-1", "S-Log3", {0.18F, 0.18F, 0.18F}),
                  {420.0 / 1023, 420.0 / 1023, 420.0 / 1023}, 1e-5);
        check_rgb(through(config, "ACES2065-1", "Log3G10", {0.18F, 0.18F, 0.18F}),
                  {1.0 / 3, 1.0 / 3, 1.0 / 3}, 1e-5);
        check_rgb(through(config, "ACES2065-1", "V-Log", {0.18F, 0.18F, 0.18F}),
                  {0.423311, 0.423311, 0.423311}, 1e-5);
        check_rgb(through(config, "ACEScg", "ACEScct", {0.18F, 0.18F, 0.18F}),
                  {0.4135884, 0.4135884, 0.4135884}, 1e-6);
    }
    SUBCASE("HDR diffuse white") {
        check_rgb(through(config, "Rec.2100-HLG", "ACEScg", {0.75F, 0.75F, 0.75F}), {1, 1, 1}, 1e-5);
        check_rgb(through(config, "ACEScg", "Rec.2100-PQ", {1, 1, 1}), {0.580689, 0.580689, 0.580689}, 1e-5);
    }
}

TEST_CASE("a camera's linear gamut is the one of its log space") {
    const Config config = builtin();
    const std::array<const char*, 2> pairs[] = {{"LogC3", "Linear ARRI Wide Gamut 3"},
                                                {"S-Log3 S-Gamut3", "Linear S-Gamut3"},
                                                {"S-Log3 S-Gamut3.Cine", "Linear S-Gamut3.Cine"},
                                                {"Log3G10", "Linear REDWideGamutRGB"},
                                                {"V-Log", "Linear V-Gamut"}};
    for (const auto& [coding, linear] : pairs) {
        const char* coded = coding;
        CAPTURE(coded);
        // A curve works channel by channel: equal in, equal out, if the gamuts are the same.
        const std::array<float, 3> light = through(config, linear, coded, {0.5F, 0.02F, 0.5F});
        const std::array<float, 3> grey = through(config, linear, coded, {0.5F, 0.5F, 0.5F});
        CHECK(light[0] == doctest::Approx(grey[0]).epsilon(1e-3));
        CHECK(light[2] == doctest::Approx(grey[2]).epsilon(1e-3));
    }
    // Canon's matrix is ours; OCIO's built-in has it too, with a table for the curve.
    auto canon = OCIO_NAMESPACE::BuiltinTransform::Create();
    canon->setStyle("CANON_CLOG3-CGAMUT_to_ACES2065-1");
    std::array<float, 3> expected = {0.6F, 0.3F, 0.45F};
    OCIO_NAMESPACE::Config::CreateRaw()->getProcessor(canon)->getDefaultCPUProcessor()->applyRGB(
        expected.data());
    const std::array<float, 3> got = through(config, "CanonLog3", "ACES2065-1", {0.6F, 0.3F, 0.45F});
    for (std::size_t c = 0; c < 3; ++c) CHECK(got[c] == doctest::Approx(expected[c]).epsilon(1e-3));
}

TEST_CASE(
    "a transform to the same space, by any of its names, and to data is an identity that changes no bit") {
    const Config config = builtin();
    CHECK(config.transform("ACEScg", "ap1")->is_identity());
    CHECK(config.transform("Rec.2100-PQ", "PQ")->is_identity());
    CHECK(config.transform("scene_linear", "ACEScg")->is_identity());
    CHECK(config.transform("ACEScg", "Raw")->is_identity());
    CHECK(config.transform("PQ", "data")->is_identity());
    CHECK_FALSE(config.transform("ACEScg", "ACEScct")->is_identity());
    CHECK_FALSE(config.transform("Rec.2100-PQ", "Linear Rec.2020")->is_identity());
    CHECK_FALSE(config.transform("Rec.2100-PQ", "Rec.2100-PQ 100 nits")->is_identity());
    FloatImage image = picture(5, 2, 3);
    const FloatImage before = copy_of(image);
    config.transform("PQ", "data")->apply(image);
    CHECK(std::memcmp(image.data->data(), before.data->data(), before.data->size()) == 0);
}

TEST_CASE("an unknown space is refused with its near matches") {
    const Config config = builtin();
    CHECK(config.resolve("acescg") == "ACEScg");
    CHECK(config.resolve("scene_linear") == "ACEScg");
    CHECK(contains(usage_message([&] { config.resolve("ACESgc"); }), "ACEScg"));
    CHECK(contains(usage_message([&] { config.resolve("rec 709"); }), "Rec.709"));
    CHECK(contains(usage_message([&] { config.transform("ACEScg", "LogC5"); }), "LogC4"));
    CHECK(contains(usage_message([&] { config.resolve(""); }), "no colour space ''"));
    CHECK_FALSE(config.has("ACESgc"));
}

TEST_CASE("H.273 tags and spaces name each other") {
    const Config config = builtin();
    const auto space = [&](int primaries, int transfer, int matrix) {
        return config
            .space_of_tags(
                {.primaries = primaries, .transfer = transfer, .matrix = matrix, .full_range = false})
            .value_or("none");
    };
    CHECK(space(1, 1, 1) == "Rec.709");
    CHECK(space(9, 16, 9) == "Rec.2100-PQ");
    CHECK(space(9, 18, 9) == "Rec.2100-HLG");
    CHECK(space(9, 14, 9) == "Rec.2020");
    CHECK(space(1, 13, 0) == "sRGB");
    CHECK(space(5, 6, 5) == "Rec.601-625");
    CHECK(space(6, 6, 6) == "Rec.601-525");
    CHECK(space(2, 2, 2) == "none");
    CHECK(space(1, 2, 1) == "none");
    const wetgate::ColorInfo tags = config.tags_of_space("BT.709");
    CHECK(tags.primaries == 1);
    CHECK(tags.transfer == 1);
    CHECK(tags.matrix == 1);
    CHECK(config.tags_of_space("HLG").transfer == 18);
    CHECK(config.tags_of_space("ACEScct").primaries == 2);
    for (const char* tagged :
         {"Rec.709", "sRGB", "Rec.601-525", "Rec.601-625", "Rec.2020", "Rec.2100-PQ", "Rec.2100-HLG"}) {
        CHECK(config.space_of_tags(config.tags_of_space(tagged)) == std::string(tagged));
    }
}

TEST_CASE("linear spaces have EXR chromaticities, others none") {
    const Config config = builtin();
    const auto ap1 = config.chromaticities("ACEScg");
    REQUIRE(ap1);
    CHECK((*ap1)[0] == 0.713F);
    CHECK((*ap1)[7] == 0.33767F);
    CHECK(config.chromaticities("ACES2065-1"));
    CHECK_FALSE(config.chromaticities("ACEScct"));
    CHECK_FALSE(config.chromaticities("Raw"));
    CHECK_FALSE(config.chromaticities("CIE XYZ-D65"));
    CHECK_FALSE(config.chromaticities("no such"));
}

TEST_CASE("a config file is loaded by path and by $OCIO, and a bad one is refused with its name") {
    const wetgate::tests::TempFolder folder;
    std::ofstream(folder / "show.ocio")
        << "ocio_profile_version: 2\nroles:\n  default: lin\n  scene_linear: lin\n"
           "displays:\n  d:\n    - !<View> {name: v, colorspace: lin}\n"
           "colorspaces:\n  - !<ColorSpace>\n    name: lin\n"
           "  - !<ColorSpace>\n    name: half\n    to_scene_reference: "
           "!<MatrixTransform> {matrix: [2,0,0,0, 0,2,0,0, 0,0,2,0, 0,0,0,1]}\n";
    std::ofstream(folder / "broken.ocio") << "ocio_profile_version: 2\ncolorspaces: [\n";
    const Config config = Config::load("show.ocio", folder.path());
    check_rgb(through(config, "half", "scene_linear", {0.5F, 1, -1}), {1, 2, -2}, 1e-7);
    CHECK_FALSE(config.space_of_tags({.primaries = 1, .transfer = 1, .matrix = 1, .full_range = false}));
    CHECK_FALSE(config.chromaticities("lin"));
    setenv("OCIO", (folder / "show.ocio").c_str(), 1);
    CHECK(Config::load("$OCIO", "/").has("half"));
    unsetenv("OCIO");
    CHECK(contains(usage_message([] { Config::load("$OCIO", "/"); }), "not set"));
    CHECK(contains(usage_message([&] { Config::load("broken.ocio", folder.path()); }), "broken.ocio"));
    CHECK(contains(usage_message([&] { Config::load("absent.ocio", folder.path()); }), "absent.ocio"));
}

TEST_CASE("a LUT file is applied, and a broken one is an input error with its name") {
    const wetgate::tests::TempFolder folder;
    std::ofstream(folder / "double.cube") << "LUT_1D_SIZE 2\n0 0 0\n2 2 2\n";
    std::ofstream(folder / "broken.cube") << "LUT_1D_SIZE 2\n0 0 zero\n";
    const Config config = builtin();
    FloatImage image = wetgate::make_float_image({0, 0, 1, 1});
    for (int c = 0; c < 3; ++c) image.channel(c)[0] = 0.25F;
    const auto lut = config.file_transform(folder / "double.cube");
    CHECK_FALSE(lut->is_identity());
    lut->apply(image);
    CHECK(image.channel(1)[0] == doctest::Approx(0.5F));
    for (const char* name : {"broken.cube", "absent.cube"}) {
        try {
            config.file_transform(folder / name);
            FAIL("no error");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            CHECK(contains(error.what(), name));
        }
    }
}
