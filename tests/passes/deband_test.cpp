#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "compute/transfer.h"
#include "core/error.h"
#include "media/source.h"
#include "media/worked.h"
#include "passes/coding.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/refusal.h"
#include "support/shared.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

const color::Config& colors() {
    static const color::Config config = color::Config::load("builtin", {});
    return config;
}

passes::PassContext context(const json& params, const std::string& space = "sRGB") {
    passes::PassContext made;
    made.params = spec::pass_params("deband", params);
    made.color = &colors();
    made.source_space = space;
    return made;
}

passes::Coding coding(const std::string& space = "sRGB") {
    return passes::Coding(passes::Coding::Kind::Plate, 0, context(json::object(), space));
}

/// A plate in the working space from R'G'B' codes [3,H,W].
at::Tensor plate(const at::Tensor& coded) {
    return coding().decode(coded);
}

json artefact_of(const std::vector<at::Tensor>& shot, const passes::PassContext& made) {
    const auto analysis = passes::find_pass("deband").make_analysis(made);
    std::vector<json> facts;
    for (const at::Tensor& frame : shot) facts.push_back(analysis->measure(FakeWindow(frame)));
    return analysis->solve(facts, 1001);
}

passes::PassResult debanded(const at::Tensor& linear, passes::PassContext made, std::uint64_t seed = 1) {
    if (made.artefact.is_null()) made.artefact = artefact_of({linear}, made);
    return passes::find_pass("deband").make(made)->run(FakeWindow(linear, seed));
}

at::Tensor rounded_to(const at::Tensor& coded, int bits) {
    const double codes = std::exp2(bits) - 1;
    return (coded * codes).round() / codes;
}

/// An evening sky: no two rows, columns or channels are the same.
at::Tensor sky(std::int64_t height = 240, std::int64_t width = 320) {
    const at::Tensor y = at::arange(height, at::kFloat).view({height, 1}) / static_cast<double>(height);
    const at::Tensor x = at::arange(width, at::kFloat).view({1, width}) / static_cast<double>(height);
    return at::stack(
        {0.25 + 0.22 * y + 0.05 * x, 0.40 + 0.20 * y + 0.03 * x * x, 0.65 + 0.12 * y - 0.04 * x});
}

at::Tensor noise(const at::Tensor& like, std::uint64_t seed) {
    return at::randn(like.sizes(), at::detail::createCPUGenerator(seed), at::kFloat);
}

double rms(const at::Tensor& difference) {
    return difference.square().mean(at::kDouble).sqrt().item<double>();
}

}  // namespace

TEST_CASE("a sky that was rounded comes back, at each depth") {
    for (const int bits : {5, 6, 7, 8}) {
        CAPTURE(bits);
        const at::Tensor truth = sky();
        const at::Tensor banded = rounded_to(truth, bits);
        const double step = 1 / (std::exp2(bits) - 1);
        CHECK(rms(banded - truth) == doctest::Approx(step / std::sqrt(12.0)).epsilon(0.1));
        const auto result = debanded(plate(banded), context(json::object()));
        const at::Tensor coded = coding().encode(result.pixels);
        CHECK(rms(coded - truth) < 0.5 * rms(banded - truth));
        CHECK((coded - banded).abs().max().item<double>() < 0.501 * step);  // it still rounds to the plate
        CHECK(result.facts["grid"] == "rgb");
    }
}

TEST_CASE("contours go: no step as high as a code is left in a sky") {
    const at::Tensor banded = rounded_to(sky(), 6);
    const at::Tensor coded = coding().encode(debanded(plate(banded), context(json::object())).pixels);
    const auto highest = [](const at::Tensor& picture) {
        return picture.slice(1, 8, -8).slice(2, 8, -8).diff(1, 1).abs().max().item<double>() * 63;
    };
    CHECK(highest(banded) > 0.99);
    CHECK(highest(coded) < 0.25);
}

TEST_CASE("texture and edges keep their bits beside a sky that is mended") {
    at::Tensor truth = sky();
    truth.narrow(1, 160, 80) += 0.1 * noise(truth.narrow(1, 160, 80), 7);
    truth.narrow(2, 100, 4) += 0.3;  // a mast
    const at::Tensor banded = rounded_to(truth.clamp(0, 1), 7);
    const at::Tensor linear = plate(banded);
    const auto result = debanded(linear, context(json::object()));
    CHECK(result.touch.narrow(1, 0, 150).mean().item<double>() > 0.7);
    CHECK(result.touch.narrow(1, 163, 77).mean().item<double>() < 0.01);
    CHECK(result.touch.narrow(2, 100, 4).max().item<double>() == 0);
    CHECK(at::equal(at::where(result.touch > 0, linear, result.pixels), linear));
}

TEST_CASE(
    "grain that was rounded with its sky is no band: the picture comes nearer to the truth, never further") {
    for (const double steps : {0.1, 0.2, 0.3, 0.5, 0.8, 1.2}) {
        CAPTURE(steps);
        const at::Tensor truth = sky() + noise(sky(), 3) * steps / 127;
        const at::Tensor banded = rounded_to(truth, 7);
        const at::Tensor coded = coding().encode(debanded(plate(banded), context(json::object())).pixels);
        CHECK(rms(coded - truth) < 1.005 * rms(banded - truth));
        if (steps <= 0.3) CHECK(rms(coded - truth) < 0.85 * rms(banded - truth));
    }
}

TEST_CASE("the grid is read through the file's own rounding, and a frame alone need not show it all") {
    const at::Tensor truth = sky();
    for (const int bits : {6, 7}) {
        CAPTURE(bits);
        const at::Tensor in_a_byte = rounded_to(rounded_to(truth, bits), 8);
        const json artefact = artefact_of({plate(in_a_byte.slice(1, 0, 120)), plate(in_a_byte.slice(1, 120))},
                                          context(json::object()));
        CHECK(artefact["axes"] == "rgb");
        for (const json& step : artefact["step"])
            CHECK(step.get<double>() == doctest::Approx(1 / (std::exp2(bits) - 1)).epsilon(0.01));
    }
}

TEST_CASE("a movie's grid is read in its luma") {
    const at::Tensor rgb = sky();
    const at::Tensor luma = ((rgb[0] * 0.2126 + rgb[1] * 0.7152 + rgb[2] * 0.0722) * 219).round() / 219;
    const at::Tensor cb = (rgb[2] - luma) / 1.8556;  // as if enlarged from a coarser grid
    const at::Tensor cr = (rgb[0] - luma) / 1.5748;
    const at::Tensor red = luma + 1.5748 * cr;
    const at::Tensor blue = luma + 1.8556 * cb;
    const at::Tensor coded = at::stack({red, (luma - 0.2126 * red - 0.0722 * blue) / 0.7152, blue});
    const passes::PassContext made = context(json::object());
    const json artefact = artefact_of({plate(coded)}, made);
    CHECK(artefact["axes"] == "ycbcr");
    CHECK(artefact["luma_weights"] == json::parse("[0.2126, 0.0722]"));
    CHECK(artefact["step"][0].get<double>() == doctest::Approx(1.0 / 219).epsilon(1e-4));
    CHECK(artefact["step"][1].get<double>() == doctest::Approx(1.0 / 224).epsilon(1e-4));
    const at::Tensor mended = coding().encode(debanded(plate(coded), made).pixels);
    CHECK(rms(mended[1] - rgb[1]) < 0.6 * rms(coded[1] - rgb[1]));
}

TEST_CASE("continuous values have no grid, and keep their bits") {
    for (const at::Tensor& linear :
         {plate(sky()), plate(at::rand({3, 64, 64}, at::detail::createCPUGenerator(5))),
          at::full({3, 40, 40}, 0.18), at::zeros({3, 1, 1})}) {
        const passes::PassContext made = context(json::object());
        CHECK(artefact_of({linear}, made)["axes"] == "none");
        const auto result = debanded(linear, made);
        CHECK(result.touch.count_nonzero().item<int>() == 0);
        CHECK(at::equal(result.pixels, linear));
        CHECK(result.facts["grid"] == "none");
    }
}

TEST_CASE("bits say what can no longer be read") {
    const at::Tensor truth = sky();
    const at::Tensor blurred = rounded_to(truth, 6) + noise(truth, 9) * 0.15 / 63;  // as a codec leaves it
    CHECK(debanded(plate(blurred), context(json::object())).touch.max().item<double>() == 0);
    const auto result = debanded(plate(blurred), context({{"bits", 6}}));
    CHECK(rms(coding().encode(result.pixels) - truth) < 0.7 * rms(blurred - truth));
}

TEST_CASE("a plate in light that was rounded in another space is mended in that space") {
    const at::Tensor truth = sky();
    const at::Tensor banded = rounded_to(truth, 7);
    const at::Tensor half = plate(banded).to(at::kHalf).to(at::kFloat);  // an ACEScg EXR
    CHECK(debanded(half, context(json::object(), "ACEScg")).facts["grid"] == "none");
    const auto result = debanded(half, context({{"space", "sRGB"}}, "ACEScg"));
    CHECK(result.facts["grid"] == "rgb");
    CHECK(rms(coding().encode(result.pixels) - truth) < 0.5 * rms(banded - truth));
    CHECK(refusal(ErrorKind::Usage, [] {
              passes::find_pass("deband").make_analysis(context({{"space", "sRBG"}}));
          }).find("sRGB") != std::string::npos);
}

TEST_CASE("dither is of the size asked for, white, and always the same for a frame") {
    const at::Tensor linear = plate(rounded_to(sky(), 6));
    const auto clean = debanded(linear, context(json::object()));
    const auto once = debanded(linear, context({{"dither", 1}}), 11);
    CHECK(at::equal(once.pixels, debanded(linear, context({{"dither", 1}}), 11).pixels));
    CHECK_FALSE(at::equal(once.pixels, debanded(linear, context({{"dither", 1}}), 12).pixels));
    CHECK(at::equal(once.touch, clean.touch));
    const at::Tensor added = (coding().encode(once.pixels) - coding().encode(clean.pixels)) * 63;
    CHECK(rms(added) == doctest::Approx(1 / std::sqrt(6.0)).epsilon(0.05));  // triangular, +-1
    CHECK(std::abs(added.mean().item<double>()) < 0.01);
    // Rounded to the plate's depth again, the sky has its mean and no bands: without dither it had them all.
    const at::Tensor truth = sky();
    const auto bands = [&](const at::Tensor& pixels) {
        const at::Tensor error = rounded_to(coding().encode(pixels), 6) - truth;
        return rms(at::avg_pool2d(error, {8, 8}));
    };
    CHECK(bands(once.pixels) < 0.5 * bands(clean.pixels));
}

TEST_CASE("what is not finite, negative or far above white does no harm") {
    at::Tensor linear = plate(rounded_to(sky(), 6));
    linear[0][20][20] = std::numeric_limits<float>::quiet_NaN();
    linear[1][60][100] = std::numeric_limits<float>::infinity();
    linear.narrow(1, 100, 30).narrow(2, 10, 30).fill_(1e5F);
    linear.narrow(1, 100, 30).narrow(2, 60, 30).fill_(-0.2F);
    const auto result = debanded(linear, context(json::object()));
    const at::Tensor touched = (result.touch > 0).expand_as(linear);
    CHECK(at::isfinite(result.pixels.masked_select(touched)).all().item<bool>());
    CHECK(result.touch[0][20][20].item<float>() == 0);
    CHECK(result.touch[0][60][100].item<float>() == 0);
    CHECK(result.touch.narrow(1, 100, 30).narrow(2, 10, 30).max().item<float>() == 0);
    CHECK(result.touch.mean().item<double>() > 0.6);
    const at::Tensor moved = (result.pixels - linear).abs().masked_select(touched);
    CHECK(moved.max().item<double>() < 0.03);
}

TEST_CASE("black and white that were clipped stay so") {
    const at::Tensor y = at::arange(240, at::kFloat).view({1, 240, 1}).expand({3, 240, 200});
    const at::Tensor truth = ((y - 60) / 1200).clamp(0, 1);
    const at::Tensor banded = rounded_to(truth, 6);
    const at::Tensor coded = coding().encode(debanded(plate(banded), context(json::object())).pixels);
    CHECK(coded.min().item<double>() > -1e-5);
    CHECK(rms(coded - truth) < 0.7 * rms(banded - truth));
}

TEST_CASE("pictures of any size pass, also those smaller than any kernel") {
    for (const auto& [height, width] :
         std::vector<std::pair<int, int>>{{1, 1}, {1, 300}, {300, 1}, {3, 5}, {0, 0}}) {
        CAPTURE(height);
        const at::Tensor linear =
            plate(rounded_to(at::rand({3, height, width}, at::detail::createCPUGenerator(2)), 6));
        const auto result = debanded(linear, context({{"bits", 6}}));
        CHECK(result.pixels.sizes() == linear.sizes());
        CHECK(at::isfinite(result.pixels).all().item<bool>());
    }
}

TEST_CASE("a person edits the artefact: a channel with step 0 is left alone, nonsense is refused") {
    const at::Tensor linear = plate(rounded_to(sky(), 6));
    passes::PassContext made = context(json::object());
    const json read = artefact_of({linear}, made);
    made.artefact = read;
    made.artefact["step"][2] = 0;
    const auto result = debanded(linear, made);
    const at::Tensor change = (coding().encode(result.pixels) - coding().encode(linear)).abs().amax({1, 2});
    CHECK(change[0].item<double>() > 1e-3);
    CHECK(change[2].item<double>() < 1e-6);
    for (const auto& [key, value] :
         {std::pair<const char*, json>{"axes", "xyz"}, {"step", {0.1, -1, 0.1}}, {"offset", "a"}}) {
        made.artefact = read;
        made.artefact[key] = value;
        CHECK(refusal(ErrorKind::Usage, [&] { passes::find_pass("deband").make(made); }).find(key) !=
              std::string::npos);
    }
}

TEST_CASE("skies of real footage gain, and its texture loses nothing") {
    const auto clip = shared("footage/clips/ax_valley_hdr.mp4");
    if (!clip) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    media::SourceRequest request;
    request.display_name = clip->string();
    request.path_of = [&](int) { return *clip; };
    const HostFrame frame = media::open_source(request, silent_log())->read(5);
    const compute::DeviceFrame coded = compute::upload(media::read_worked(frame), 5, at::kCPU);
    const at::Tensor truth = coded.pixels.slice(1, 300, 700).slice(2, 700, 1300).clone();
    for (const int bits : {6, 7}) {
        CAPTURE(bits);
        const double step = 1 / (std::exp2(bits) - 1);
        const at::Tensor banded = rounded_to(truth, bits);
        const at::Tensor mended = coding().encode(debanded(plate(banded), context(json::object())).pixels);
        const at::Tensor range = (at::max_pool2d(banded, {9, 9}, {1, 1}, {4, 4}) +
                                  at::max_pool2d(-banded, {9, 9}, {1, 1}, {4, 4})) /
                                 step;
        const auto error = [&](const at::Tensor& picture, const at::Tensor& where) {
            return rms((picture - truth).masked_select(where));
        };
        CHECK(error(mended, range < 1.5) < 0.8 * error(banded, range < 1.5));  // 2 dB
        CHECK(error(mended, range > 3.5) < 1.005 * error(banded, range > 3.5));
    }
}

}  // namespace wetgate::tests
