#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "core/error.h"
#include "passes/pass.h"
#include "support/fake_window.h"

using nlohmann::json;
using wetgate::Error;
using wetgate::passes::find_pass;
using wetgate::passes::PassContext;
using wetgate::passes::PassReach;
using wetgate::passes::PassResult;
using wetgate::tests::FakeWindow;

namespace {

constexpr int first_frame = 1001;
using Gains = std::array<double, 3>;  // natural logarithm, R,G,B

/// A textured pan of (1.5, -0.5) px a frame with a bright disc crossing it, closed form, highlights up to
/// about 3.
at::Tensor picture(int t, const Gains& gains, int scene = 0, int width = 240, int height = 136) {
    at::Tensor pixels = at::empty({3, height, width}, at::kFloat);
    float* out = pixels.data_ptr<float>();
    for (int c = 0; c < 3; ++c) {
        const double gain = std::exp(gains[static_cast<std::size_t>(c)]);
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                const double u = x - 1.5 * t + 1000.0 * scene;
                const double v = y + 0.5 * t + (scene == 0 ? 0.0 : 0.7 * u);
                double value = 0.25 +
                               0.1 * std::sin(0.21 * u + 0.7 * std::sin(0.09 * v)) * std::cos(0.17 * v) +
                               0.1 * std::sin(0.55 * u + 0.3 * v) * std::sin(0.47 * v - 0.1 * u) +
                               0.05 * std::sin(0.05 * u + c) * std::sin(0.04 * v);
                const double dx = x - 40.0 - 4.0 * t;
                const double dy = y - 70.0;
                if (scene != 0) value = 2.0 * value * value;
                if (dx * dx + dy * dy < 400.0) value = 2.5 + 0.5 * std::sin(0.4 * dx) * std::sin(0.4 * dy);
                *out++ = static_cast<float>(value * gain);
            }
        }
    }
    return pixels;
}

/// White noise of mean 0 and deviation 1 that is the same everywhere: twelve uniform numbers from an integer
/// hash.
double noise(int t, int which) {
    double sum = -6.0;
    for (int k = 0; k < 12; ++k) {
        auto state = static_cast<std::uint32_t>(t * 1009 + which * 101 + k) * 2654435761U + 40503U;
        state = (state ^ (state >> 16)) * 2246822519U;
        state = (state ^ (state >> 13)) * 3266489917U;
        state ^= state >> 16;
        sum += static_cast<double>(state) / 4294967296.0;
    }
    return sum;
}

std::vector<Gains> flicker(int count, double exposure = 0.12, double color = 0.02) {
    std::vector<Gains> gains;
    for (int t = 0; t < count; ++t) {
        const double common = exposure * noise(t, 0);
        gains.push_back(
            {common + color * noise(t, 1), common + color * noise(t, 2), common + color * noise(t, 3)});
    }
    return gains;
}

PassContext context(const json& params = json::object(), json artefact = nullptr) {
    PassContext made;
    made.params = wetgate::spec::pass_params("deflicker", params);
    made.artefact = std::move(artefact);
    return made;
}

std::vector<json> measured(const std::vector<at::Tensor>& shot, const json& params = json::object()) {
    const auto analysis = find_pass("deflicker").make_analysis(context(params));
    std::vector<json> facts;
    for (int t = 0; t < static_cast<int>(shot.size()); ++t) {
        facts.push_back(analysis->measure(FakeWindow::of(shot, t, first_frame)));
    }
    return facts;
}

json solved(const std::vector<json>& facts, const json& params = json::object()) {
    return find_pass("deflicker").make_analysis(context(params))->solve(facts, first_frame);
}

/// Standard deviation over [first, end) and all channels of what is left of the planted gains, in natural
/// log.
double left_over(const json& artefact, const std::vector<Gains>& planted, std::size_t first,
                 std::size_t end) {
    double power = 0.0;
    for (std::size_t c = 0; c < 3; ++c) {
        double mean = 0.0;
        const auto rest = [&](std::size_t t) {
            return planted[t][c] + artefact["frames"][t]["stops"][c].get<double>() * std::log(2.0);
        };
        for (std::size_t t = first; t < end; ++t) mean += rest(t) / static_cast<double>(end - first);
        for (std::size_t t = first; t < end; ++t) power += (rest(t) - mean) * (rest(t) - mean);
    }
    return std::sqrt(power / static_cast<double>(3 * (end - first)));
}

double largest_stops(const json& artefact) {
    double largest = 0.0;
    for (const json& row : artefact["frames"]) {
        for (const json& stops : row["stops"]) largest = std::max(largest, std::abs(stops.get<double>()));
    }
    return largest;
}

std::vector<at::Tensor> shot_of(const std::vector<Gains>& gains, int cut_at = 1000000) {
    std::vector<at::Tensor> shot;
    for (int t = 0; t < static_cast<int>(gains.size()); ++t) {
        shot.push_back(picture(t, gains[static_cast<std::size_t>(t)], t >= cut_at ? 1 : 0));
    }
    return shot;
}

std::string message_of(const json& artefact, int frame) {
    try {
        const auto pass = find_pass("deflicker").make(context(json::object(), artefact));
        pass->run(FakeWindow(std::vector{wetgate::tests::device_frame(at::ones({3, 4, 4}), frame)}));
    } catch (const Error& error) {
        CHECK(error.kind() == wetgate::ErrorKind::Usage);
        return error.what();
    }
    return "";
}

json row(int frame, const json& stops) {
    return {{"frame", frame}, {"stops", stops}};
}

json artefact_of(const json& rows) {
    return {{"schema", "wetgate.deflicker/1"}, {"frames", rows}};
}

/// The shot under gains [H,W] of each frame, natural log.
std::vector<at::Tensor> under(const std::vector<at::Tensor>& fields) {
    std::vector<at::Tensor> shot;
    for (std::size_t t = 0; t < fields.size(); ++t)
        shot.push_back(picture(static_cast<int>(t), {}) * fields[t].exp().to(at::kFloat));
    return shot;
}

/// Standard deviation of what a pass leaves of planted gains, natural log, over frames and pixels.
double left_of(const std::vector<at::Tensor>& planted, const json& artefact,
               const json& params = json::object()) {
    const auto pass = find_pass("deflicker").make(context(params, artefact));
    std::vector<at::Tensor> rest;
    for (std::size_t t = 0; t < planted.size(); ++t) {
        const at::Tensor flat = at::ones({3, 136, 240});
        const at::Tensor gain =
            pass->run(FakeWindow::of({flat}, 0, first_frame + static_cast<int>(t))).pixels[0];
        rest.push_back(planted[t] + gain.log().to(at::kDouble));
    }
    const at::Tensor all = at::stack(rest);
    return (all - all.mean(0, true)).square().mean().sqrt().item<double>();
}

at::Tensor bands_of(int t) {  // 2.3 waves down the picture, 0.31 of one on from frame to frame
    const at::Tensor y = (at::arange(136, at::kDouble) + 0.5) / 136;
    const at::Tensor angle = 6.28318530718 * (2.3 * y + 0.31 * t);
    return (0.12 * angle.sin() + 0.03 * (2 * angle).cos()).view({136, 1}).expand({136, 240});
}

at::Tensor patches_of(int t) {  // a 3x4 grid of gains, new in each frame
    std::vector<double> nodes;
    for (int k = 0; k < 12; ++k) nodes.push_back(0.06 * noise(t, 40 + k));
    return at::upsample_bilinear2d(at::tensor(nodes, at::kDouble).view({1, 1, 3, 4}), {136, 240},
                                   false)[0][0];
}

}  // namespace

TEST_CASE("planted flicker on a moving picture goes away to half a percent, in every channel") {
    const auto gains = flicker(24);
    const json artefact = solved(measured(shot_of(gains)));
    CHECK(left_over(artefact, gains, 0, 24) < 0.005);
    CHECK(artefact["cuts"].empty());
    CHECK(artefact["segments"].size() == 1);
    CHECK(artefact["segments"][0]["corrected"] == true);
    CHECK(artefact["frames"][3]["frame"] == 1004);
    CHECK(artefact["frames"][3]["confidence"].get<double>() > 0.3);
}

TEST_CASE("a steady shot is not touched at all") {
    const auto shot = shot_of(std::vector<Gains>(16, Gains{}));
    const json artefact = solved(measured(shot));
    CHECK(largest_stops(artefact) == 0.0);
    const auto pass = find_pass("deflicker").make(context(json::object(), artefact));
    const PassResult result = pass->run(FakeWindow::of(shot, 5, first_frame));
    CHECK(at::equal(result.pixels, shot[5]));
    CHECK(result.touch.sum().item<float>() == 0.0F);
}

TEST_CASE("an intended ramp and a lasting step of the light stay") {
    for (const bool step : {false, true}) {
        CAPTURE(step);
        std::vector<Gains> gains;
        for (int t = 0; t < 20; ++t) {
            const double light = step ? (t < 9 ? 0.0 : 0.4) : 0.03 * t;
            gains.push_back({light, light, light});
        }
        CHECK(largest_stops(solved(measured(shot_of(gains)))) < 0.003);
    }
}

TEST_CASE("scenes on both sides of a cut are solved apart") {
    auto gains = flicker(26);
    for (std::size_t t = 12; t < 26; ++t) {
        for (double& gain : gains[t]) gain -= 0.9;  // the second scene is darker by intent
    }
    const auto facts = measured(shot_of(gains, 12));
    const json artefact = solved(facts);
    CHECK(artefact["cuts"] == json::array({1013}));
    CHECK(left_over(artefact, gains, 0, 12) < 0.01);
    CHECK(left_over(artefact, gains, 12, 26) < 0.01);
    CHECK(largest_stops(artefact) < 0.8);  // nothing pulls the scenes together
    CHECK(solved(facts, {{"cuts", json::array({1013})}}) == artefact);
}

TEST_CASE("unreadable, black and broken frames do not harm their neighbours") {
    const auto gains = flicker(20);
    auto shot = shot_of(gains);
    shot[7] = at::zeros_like(shot[7]);
    shot[11].slice(1, 10, 60).fill_(std::numeric_limits<float>::quiet_NaN());
    shot[12].slice(1, 70, 80).fill_(-std::numeric_limits<float>::infinity());
    auto facts = measured(shot);
    facts[14] = nullptr;
    const json artefact = solved(facts);
    CHECK(artefact["frames"][7]["stops"] == json::array({0.0, 0.0, 0.0}));
    CHECK(artefact["frames"][7]["confidence"] == 0.0);
    CHECK(artefact["frames"][14]["confidence"] == 0.0);
    CHECK(artefact["frames"][14]["stops"] == artefact["frames"][13]["stops"]);  // it may be held from there
    CHECK(artefact["cuts"].empty());
    CHECK(left_over(artefact, gains, 0, 7) < 0.008);
    CHECK(left_over(artefact, gains, 8, 14) < 0.008);
    CHECK(left_over(artefact, gains, 15, 20) < 0.008);
}

TEST_CASE("short and degenerate shots are left alone") {
    for (const int count : {0, 1, 2, 3}) {
        CAPTURE(count);
        const json artefact = solved(measured(shot_of(flicker(count))));
        CHECK(artefact["frames"].size() == static_cast<std::size_t>(count));
        CHECK(largest_stops(artefact) == 0.0);
    }
    for (const double value : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), 1e30}) {
        CAPTURE(value);
        CHECK(largest_stops(solved(
                  measured(std::vector<at::Tensor>(6, at::full({3, 20, 30}, value, at::kFloat))))) == 0.0);
    }
    for (const auto& size : {std::array{1, 1}, std::array{1, 900}, std::array{3, 2}}) {
        const std::vector<at::Tensor> shot(5, at::full({3, size[0], size[1]}, 0.5, at::kFloat));
        CHECK(largest_stops(solved(measured(shot))) == 0.0);
    }
}

TEST_CASE("a flickering grey card is made steady to rounding") {
    const auto gains = flicker(12, 0.2, 0.0);
    std::vector<at::Tensor> shot;
    for (const Gains& gain : gains)
        shot.push_back(at::full({3, 40, 60}, 0.18 * std::exp(gain[0]), at::kFloat));
    CHECK(left_over(solved(measured(shot)), gains, 0, 12) < 1e-5);
}

TEST_CASE("parameters bound and steer the curve") {
    const auto gains = flicker(16);
    const auto facts = measured(shot_of(gains));
    CHECK(largest_stops(solved(facts, {{"max_stops", 0.05}})) == doctest::Approx(0.05));
    CHECK(largest_stops(solved(facts, {{"threshold_percent", 40}})) == 0.0);

    const json common = solved(facts, {{"per_channel", false}});
    for (const json& line : common["frames"]) {
        CHECK(line["stops"][0] == line["stops"][1]);
        CHECK(line["stops"][1] == line["stops"][2]);
    }
    const json anchored = solved(facts, {{"anchor_frames", json::array({1005})}});
    CHECK(anchored["frames"][4]["stops"] == json::array({0.0, 0.0, 0.0}));
    CHECK(left_over(anchored, gains, 0, 16) < 0.005);

    const json smooth = solved(facts, {{"smooth_frames", 3.0}});
    CHECK(smooth["segments"][0]["trend"] == "smoothed");
    CHECK(left_over(smooth, gains, 0, 16) < 0.08);
    CHECK_THROWS_AS(context({{"max_stops", 0}}), Error);
    CHECK_THROWS_AS(context({{"cuts", "some"}}), Error);
}

TEST_CASE("facts are small, read twice the same and refused when they make no sense") {
    const auto shot = shot_of(flicker(6));
    const auto facts = measured(shot);
    CHECK(facts == measured(shot));
    CHECK(measured(shot, {{"mode", "global"}})[5].dump().size() < 2000);
    CHECK(facts[5].dump().size() < 30000);  // with grids of nodes
    CHECK(facts[5]["pairs"].size() == 3);
    CHECK(facts[0]["pairs"].empty());
    for (const char* text :
         {R"({})", R"({"pairs":7})", R"({"pairs":[{"back":0}]})", R"([])",
          R"({"pairs":[{"back":1,"log_ratio":[0,0],"spread":[0,0,0],"share":1,"histogram":0}]})"}) {
        CAPTURE(text);
        auto broken = facts;
        broken[2] = json::parse(text);
        CHECK_THROWS_AS(solved(broken), Error);
    }
}

TEST_CASE("a row multiplies its frame by two to the power of its stops, negative and large values too") {
    const auto pass =
        find_pass("deflicker")
            .make(context(json::object(), artefact_of(json::array({row(1001, {1.0, 0.0, -2.0})}))));
    CHECK(pass->reach() == PassReach{0, 0});
    const at::Tensor pixels =
        at::tensor({-0.5F, 3.0F, 100000.0F}).view({1, 1, 3}).expand({3, 1, 3}).contiguous();
    const PassResult result = pass->run(FakeWindow(pixels));
    CHECK(at::equal(result.pixels[0], pixels[0] * 2.0F));
    CHECK(at::equal(result.pixels[1], pixels[1]));
    CHECK(at::equal(result.pixels[2], pixels[2] * 0.25F));
    CHECK(result.touch.sizes() == at::IntArrayRef{1, 1, 3});
    CHECK(result.touch.min().item<float>() == 1.0F);
    CHECK(result.facts["stops"] == json::array({1.0, 0.0, -2.0}));
}

TEST_CASE("an edited artefact is checked, and a missing row names its frame") {
    const json zero = {0.0, 0.0, 0.0};
    CHECK(message_of(artefact_of(json::array({row(1001, zero)})), 1001).empty());
    CHECK(message_of(artefact_of(json::array({row(1001, zero)})), 1002).find("frame 1002") !=
          std::string::npos);
    CHECK(message_of(nullptr, 1001).find("frame 1001") != std::string::npos);
    CHECK(
        message_of(artefact_of(json::array({row(1001, zero), row(1001, zero)})), 1001).find("second time") !=
        std::string::npos);
    CHECK(message_of(artefact_of(json::array({row(1001, {0, 0, 10.5})})), 1001).find("/frames/0") !=
          std::string::npos);
    CHECK(message_of(artefact_of(json::array({row(1001, {0, 0})})), 1001).find("three numbers") !=
          std::string::npos);
    CHECK(message_of(artefact_of(json::array({json{{"frame", 1.5}, {"stops", zero}}})), 1001)
              .find("whole number") != std::string::npos);
    CHECK(message_of({{"schema", "wetgate.grade/1"}, {"frames", json::array()}}, 1001).find("schema") !=
          std::string::npos);
    CHECK(message_of(json::array(), 1001).find("schema") != std::string::npos);
}

TEST_CASE("bands that roll down the picture are found as a wave, and taken out") {
    std::vector<at::Tensor> fields;
    for (int t = 0; t < 16; ++t) fields.push_back(bands_of(t));
    const json artefact = solved(measured(under(fields)));
    CAPTURE(artefact["segments"].dump());
    REQUIRE(artefact.contains("bands"));
    CHECK(artefact["bands"][0]["per_height"].get<double>() == doctest::Approx(2.3).epsilon(0.01));
    CHECK(artefact["bands"][0]["cycles_a_frame"].get<double>() == doctest::Approx(0.31).epsilon(0.01));
    CHECK(left_of(fields, artefact) < 0.012);
}

TEST_CASE("light that flickers in parts of the picture gets a grid of gains") {
    std::vector<at::Tensor> fields;
    for (int t = 0; t < 16; ++t) fields.push_back(patches_of(t));
    const json artefact = solved(measured(under(fields)));
    CAPTURE(artefact["segments"].dump());
    REQUIRE(artefact.contains("grid"));
    CHECK(left_of(fields, artefact) < 0.02);
}

TEST_CASE("a shot whose whole frames flicker has neither grid nor bands") {
    const json artefact = solved(measured(shot_of(flicker(12))));
    CHECK_FALSE(artefact.contains("grid"));
    CHECK_FALSE(artefact.contains("bands"));
    CHECK(artefact["segments"][0]["corrected"] == true);
}

TEST_CASE("an edited wave and an edited node change the picture as they say") {
    json artefact = artefact_of(json::array({row(1001, {0.0, 0.0, 0.0})}));
    artefact["bands"] = json::array({{{"first_frame", 1001},
                                      {"last_frame", 1001},
                                      {"per_height", 0.0},
                                      {"cycles_a_frame", 0.25},
                                      {"harmonics_stops", {{1.0, 0.0}}}}});
    const at::Tensor flat = at::full({3, 4, 6}, 0.5F);
    const auto made = [&] {
        return find_pass("deflicker").make(context(json::object(), artefact))->run(FakeWindow(flat));
    };
    CHECK(at::equal(made().pixels, flat * 0.5F));
    artefact.erase("bands");
    artefact["grid"] = {1, 2};
    artefact["frames"][0]["local_stops"] = {1.0, -1.0};
    const at::Tensor pixels = made().pixels;
    CHECK(pixels[0][0][0].item<float>() == 1.0F);
    CHECK(pixels[0][3][5].item<float>() == 0.25F);
    artefact["frames"][0]["local_stops"] = {1.0};
    CHECK_THROWS_AS(made(), Error);
}
