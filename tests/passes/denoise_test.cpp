#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "passes/noise.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/models.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 192;
constexpr int kHeight = 128;

const color::Config& colors() {
    static const color::Config config = color::Config::load("builtin", {});
    return config;
}

passes::PassContext context(const json& params, json artefact = nullptr,
                            const std::string& space = "ACEScg") {
    passes::PassContext made;
    made.params = spec::pass_params("denoise", params);
    made.artefact = std::move(artefact);
    made.color = &colors();
    made.source_space = space;
    return made;
}

/// A landscape in light under a hand-held pan.
at::Tensor clean(int frame) {
    static const Scene scene(kWidth, kHeight);
    const FloatImage image = scene.frame(frame);
    return at::from_blob(const_cast<float*>(image.channel(0)), {3, kHeight, kWidth}, at::kFloat).clone();
}

at::Tensor normal(int frame) {
    at::Tensor noise = at::empty({3, kHeight, kWidth}, at::kFloat);
    float* values = noise.data_ptr<float>();
    for (std::int64_t i = 0; i < noise.numel(); ++i)
        values[i] = static_cast<float>(
            hashed_normal(static_cast<std::uint64_t>(frame), static_cast<std::uint64_t>(i)));
    return noise;
}

/// Shot and read noise: variance a x + b.
at::Tensor noisy(int frame, double a = 4e-4, double b = 9e-6) {
    const at::Tensor light = clean(frame);
    return light + (light * a + b).sqrt() * normal(frame);
}

std::vector<at::Tensor> shot(int frames, double a = 4e-4, double b = 9e-6) {
    std::vector<at::Tensor> pictures;
    for (int frame = 0; frame < frames; ++frame) pictures.push_back(noisy(frame, a, b));
    return pictures;
}

json solved(const std::vector<at::Tensor>& pictures, const std::string& space = "ACEScg") {
    const auto analysis = passes::find_pass("denoise").make_analysis(context(json::object(), nullptr, space));
    std::vector<json> facts;
    for (std::size_t i = 0; i < pictures.size(); ++i)
        facts.push_back(analysis->measure(FakeWindow::of(pictures, static_cast<int>(i), 1)));
    return analysis->solve(facts, 1);
}

/// As a screen shows it: in light a sun outweighs everything else.
double psnr(const at::Tensor& a, const at::Tensor& b) {
    const auto coded = [](const at::Tensor& light) { return light.clamp(0, 1).pow(1 / 2.4); };
    return -10 * std::log10((coded(a) - coded(b)).square().mean().item<double>());
}

at::Tensor denoised(const std::vector<at::Tensor>& pictures, int centre, const json& params,
                    const json& artefact, const nets::JobModels* models = nullptr) {
    passes::PassContext made = context(params, artefact);
    made.models = models;
    return passes::find_pass("denoise").make(made)->run(FakeWindow::of(pictures, centre, 1)).pixels;
}

const json classical = {{"engine", "classical"}};

}  // namespace

TEST_CASE("the noise of a sensor is measured as variance = a x + b of light") {
    const json artefact = solved(shot(6));
    CHECK(artefact["coding"] == "acescct");
    CHECK(artefact["clean"] == false);
    CHECK(artefact["cuts"].empty());
    for (std::size_t c = 0; c < 3; ++c) {
        for (const double level : {0.02, 0.18, 0.8}) {
            const double measured =
                std::sqrt(artefact["a"][c].get<double>() * level + artefact["b"][c].get<double>());
            CHECK(measured == doctest::Approx(std::sqrt(4e-4 * level + 9e-6)).epsilon(0.1));
        }
    }
}

TEST_CASE("noise that came after the coding is measured in the plate's code, clipped parts and all") {
    std::vector<at::Tensor> pictures;
    const auto to_light = colors().transform("sRGB", "ACEScg");
    const double sigma = 25.0 / 255;
    for (int frame = 0; frame < 6; ++frame) {
        const at::Tensor code = (clean(frame).clamp(0, 1).pow(1 / 2.4) + sigma * normal(frame)).clamp(0, 1);
        FloatImage image = make_float_image({0, 0, kWidth, kHeight});
        std::copy_n(((code * 255).round() / 255).contiguous().data_ptr<float>(), code.numel(),
                    image.channel(0));
        to_light->apply(image);
        pictures.push_back(at::from_blob(image.channel(0), {3, kHeight, kWidth}, at::kFloat).clone());
    }
    const json artefact = solved(pictures, "sRGB");
    CHECK(artefact["coding"] == "plate");
    for (std::size_t c = 0; c < 3; ++c) {
        for (const double code : {0.1, 0.5}) {
            const double measured =
                std::sqrt(artefact["a"][c].get<double>() * code + artefact["b"][c].get<double>());
            CHECK(measured == doctest::Approx(sigma).epsilon(0.1));
        }
    }
}

TEST_CASE("a channel censored on one side is given back its variance") {
    const at::Tensor grey = at::full({3, 256, 256}, 0.05);
    at::Tensor noise = at::empty({3, 256, 256}, at::kFloat);
    for (std::int64_t i = 0; i < noise.numel(); ++i)
        noise.data_ptr<float>()[i] = static_cast<float>(hashed_normal(5, static_cast<std::uint64_t>(i)));
    const at::Tensor clipped = (grey + 0.1 * noise).clamp(0, 1);  // 31 % of the samples at 0
    const auto fit = passes::fit_noise(std::vector{passes::measure_noise(clipped, {}, false)});
    CHECK(std::sqrt(fit.model.b[0] + 0.1 * fit.model.a[0]) == doctest::Approx(0.1).epsilon(0.05));
}

TEST_CASE("a shot without noise is left alone, bit for bit") {
    std::vector<at::Tensor> pictures;
    for (int frame = 0; frame < 5; ++frame) pictures.push_back(clean(frame));
    const json artefact = solved(pictures);
    CHECK(artefact["clean"] == true);
    const auto pass = passes::find_pass("denoise").make(context(classical, artefact));
    const auto result = pass->run(FakeWindow::of(pictures, 2, 1));
    CHECK(result.touch.count_nonzero().item<int>() == 0);
    CHECK(at::equal(result.pixels, pictures[2]));
}

TEST_CASE("both engines gain over the plate, and shadows keep their mean") {
    const auto pictures = shot(5, 1e-3, 2.5e-5);
    const json artefact = solved(pictures);
    const nets::JobModels models = shipped_models();
    const double before = psnr(pictures[2], clean(2));
    const at::Tensor by_filter = denoised(pictures, 2, classical, artefact);
    const at::Tensor by_net = denoised(pictures, 2, {{"quality", "normal"}}, artefact, &models);
    CHECK(psnr(by_filter, clean(2)) > before + 8);
    CHECK(psnr(by_net, clean(2)) > before + 8);
    const at::Tensor shadow = clean(2) < 0.05;
    for (const at::Tensor& made : {by_filter, by_net}) {
        const double mean = made.masked_select(shadow).mean().item<double>();
        CHECK(mean == doctest::Approx(clean(2).masked_select(shadow).mean().item<double>()).epsilon(0.005));
    }
}

TEST_CASE("NaN, infinities, negatives and highlights neither spread nor change") {
    auto pictures = shot(5);
    const json artefact = solved(pictures);
    for (at::Tensor& picture : pictures) picture = picture.clone();
    auto pixels = pictures[2].accessor<float, 3>();
    pixels[0][20][20] = std::numeric_limits<float>::quiet_NaN();
    pixels[1][20][40] = std::numeric_limits<float>::infinity();
    pixels[2][20][60] = -0.5F;
    for (int c = 0; c < 3; ++c) pixels[c][20][80] = 1e5F;
    const nets::JobModels models = shipped_models();
    for (const json& params : {classical, json{{"quality", "normal"}}}) {
        passes::PassContext made = context(params, artefact);
        made.models = &models;
        const auto result = passes::find_pass("denoise").make(made)->run(FakeWindow::of(pictures, 2, 1));
        const auto touch = result.touch.accessor<float, 3>();
        CHECK(touch[0][20][20] == 0);  // the framework puts the plate's bits back
        CHECK(touch[0][20][40] == 0);
        CHECK(touch[0][20][80] == 0);
        const at::Tensor touched = result.pixels.masked_select((result.touch > 0).expand_as(result.pixels));
        CHECK(at::isfinite(touched).all().item<bool>());
        CHECK(result.pixels[2][20][60].item<float>() < 0.5F);
    }
}

TEST_CASE("no window reaches across a cut") {
    auto pictures = shot(6);
    json artefact = solved(pictures);
    artefact["cuts"] = {4};  // frames 1..3 and 4..6
    const at::Tensor whole = denoised(pictures, 2, classical, artefact);
    for (std::size_t i = 3; i < 6; ++i) pictures[i] = at::rand_like(pictures[i]);
    CHECK(at::equal(denoised(pictures, 2, classical, artefact), whole));
}

TEST_CASE("grain that is put back has the measured size and is the same in every run") {
    const auto pictures = shot(5);
    const json artefact = solved(pictures);
    json with = classical;
    with["regrain"] = 1.0;
    const at::Tensor smooth = denoised(pictures, 2, classical, artefact);
    const at::Tensor grained = denoised(pictures, 2, with, artefact);
    CHECK(at::equal(grained, denoised(pictures, 2, with, artefact)));
    const double wanted = (clean(2) * 4e-4 + 9e-6).mean().sqrt().item<double>();
    CHECK((grained - smooth).square().mean().sqrt().item<double>() == doctest::Approx(wanted).epsilon(0.1));
}

TEST_CASE("an artefact that makes no sense is refused with the place") {
    json artefact = solved(shot(5));
    artefact["a"] = {1, 2};
    try {
        passes::find_pass("denoise").make(context(classical, artefact));
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        CHECK(std::string(error.what()).find("/a of the artefact") != std::string::npos);
    }
}

}  // namespace wetgate::tests
