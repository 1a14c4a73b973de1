#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "passes/pass.h"
#include "passes/remove_membrane.h"
#include "passes/remove_shape.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 160;
constexpr int kHeight = 120;

const ShotPass remove_pass("remove");

json classical(json params) {
    if (!params.contains("engine")) params["engine"] = "classical";
    return params;
}

passes::PassContext context(const json& params, json artefact = nullptr, bool has_matte = true) {
    return remove_pass.context(classical(params), std::move(artefact), has_matte);
}

/// A pan to the right by `speed` px a frame.
std::vector<at::Tensor> pan(int frames, double speed) {
    std::vector<at::Tensor> pictures;
    for (int i = 0; i < frames; ++i) pictures.push_back(texture(kWidth, kHeight, speed * i, 0.3 * speed * i));
    return pictures;
}

at::Tensor square(int x, int y, int side) {
    at::Tensor matte = at::zeros({1, kHeight, kWidth});
    matte.narrow(1, y, side).narrow(2, x, side).fill_(1);
    return matte;
}

/// The shot with something bright in the way, which `mattes` cover.
std::vector<at::Tensor> hidden(const std::vector<at::Tensor>& pictures,
                               const std::vector<at::Tensor>& mattes) {
    std::vector<at::Tensor> shot;
    for (std::size_t i = 0; i < pictures.size(); ++i)
        shot.push_back(at::where(mattes[i] > 0, at::full({}, 7.0F), pictures[i]));
    return shot;
}

json solved(const std::vector<at::Tensor>& pictures, const std::vector<at::Tensor>& mattes,
            const json& params = json::object()) {
    return remove_pass.solved(pictures, classical(params), mattes);
}

passes::PassResult removed(const std::vector<at::Tensor>& pictures, const std::vector<at::Tensor>& mattes,
                           int frame, const json& artefact, const json& params = json::object()) {
    return remove_pass.run(pictures, frame, artefact, classical(params), mattes);
}

}  // namespace

TEST_CASE("what other frames of a pan show is copied, and nothing else is touched") {
    const auto truth = pan(13, 5);
    const std::vector<at::Tensor> mattes(13, square(70, 50, 24));
    const auto shot = hidden(truth, mattes);
    const json artefact = solved(shot, mattes);
    const auto made = removed(shot, mattes, 6, artefact);
    CHECK(psnr_inside(made.pixels, truth[6], mattes[6]) > 33);
    CHECK(made.facts["copied"].get<double>() > 0.95);
    CHECK(at::equal(made.touch, mattes[6]));
    CHECK(at::equal(at::where(mattes[6] > 0, shot[6], made.pixels), shot[6]));
    double shares = 0;
    for (const auto& [frame, share] : made.facts["copied_from"].items()) {
        CHECK(frame != "7");
        shares += share.get<double>();
    }
    CHECK(shares == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("light that changes from frame to frame is matched") {
    const auto truth = pan(13, 5);
    const std::vector<at::Tensor> mattes(13, square(70, 50, 24));
    auto shot = hidden(truth, mattes);
    for (std::size_t i = 1; i < shot.size(); i += 2) shot[i] = shot[i] * 1.3;
    const auto made = removed(shot, mattes, 6, solved(shot, mattes));
    CHECK(psnr_inside(made.pixels, truth[6], mattes[6]) > 30);
}

TEST_CASE("behind something that moves before a still camera its own absence is found") {
    std::vector<at::Tensor> truth(13, texture(kWidth, kHeight, 0, 0)), mattes;
    for (int i = 0; i < 13; ++i) mattes.push_back(square(20 + 7 * i, 50, 20));
    const auto shot = hidden(truth, mattes);
    const auto made = removed(shot, mattes, 6, solved(shot, mattes));
    CHECK(made.facts["copied"].get<double>() == doctest::Approx(1));
    CHECK(psnr_inside(made.pixels, truth[6], mattes[6]) > 36);
}

TEST_CASE("what no frame shows is made up, or left as it is and reported") {
    const std::vector<at::Tensor> truth(5, texture(kWidth, kHeight, 0, 0)), mattes(5, square(70, 50, 20));
    const auto shot = hidden(truth, mattes);
    const json artefact = solved(shot, mattes);
    for (const std::string engine : {"net", "classical"}) {
        CAPTURE(engine);
        const auto made = removed(shot, mattes, 2, artefact, {{"engine", engine}});
        CHECK(made.facts["synthesised"] == 1);
        CHECK(at::equal(made.touch, mattes[2]));
        const at::Tensor mean = truth[2].mean({1, 2}, true).expand_as(truth[2]);
        CHECK(psnr_inside(made.pixels, truth[2], mattes[2]) > psnr_inside(mean, truth[2], mattes[2]) - 1);
    }
    const auto left = removed(shot, mattes, 2, artefact, {{"never_seen", "abstain"}});
    CHECK(left.facts["left"] == 1);
    CHECK(left.touch.count_nonzero().item<int>() == 0);
    CHECK(at::equal(left.pixels, shot[2]));
}

TEST_CASE("nothing is copied across a cut, and nothing where the matte is empty") {
    const auto truth = pan(13, 5);
    std::vector<at::Tensor> mattes(13, square(70, 50, 24));
    const auto shot = hidden(truth, mattes);
    json artefact = solved(shot, mattes);
    CHECK(artefact["cuts"].empty());
    artefact["cuts"] = {7, 8};  // the frame stands alone
    CHECK(removed(shot, mattes, 6, artefact).facts["copied"] == 0);
    mattes[6] = at::zeros_like(mattes[6]);
    const auto empty = removed(shot, mattes, 6, artefact);
    CHECK(empty.touch.count_nonzero().item<int>() == 0);
    CHECK(at::equal(empty.pixels, shot[6]));
}

TEST_CASE("a cut between two scenes is found, and none in a pan") {
    auto shot = pan(6, 9);
    CHECK(solved(shot, {}, {{"keys", {{{"frame", 1}, {"points", {{0, 0}, {9, 9}}}}}}})["cuts"].empty());
    for (int i = 3; i < 6; ++i)
        shot[static_cast<std::size_t>(i)] = texture(kWidth, kHeight, 9.0 * i, 0, 5).flip({2}).square() * 9;
    const json keys = {{{"frame", 1}, {"points", {{60, 40}, {90, 70}}}}};
    const json artefact = solved(shot, {}, {{"keys", keys}});
    CHECK(artefact["cuts"] == json{4});
    CHECK(artefact["shape"].size() == 3);  // the outline does not go on behind it
}

TEST_CASE("neighbours with NaN, Inf, negative and far too bright light give finite pixels") {
    const auto truth = pan(9, 5);
    const std::vector<at::Tensor> mattes(9, square(70, 50, 24));
    auto shot = hidden(truth, mattes);
    const json artefact = solved(shot, mattes);
    shot[2][0].narrow(0, 40, 30).narrow(1, 40, 30).fill_(std::numeric_limits<float>::quiet_NaN());
    shot[3][1].narrow(0, 40, 30).narrow(1, 60, 30).fill_(std::numeric_limits<float>::infinity());
    shot[4][2][48][80] = std::numeric_limits<float>::quiet_NaN();
    shot[5].narrow(1, 40, 20).fill_(-3);
    shot[6].narrow(1, 60, 20).fill_(1e5F);
    const auto made = removed(shot, mattes, 4, artefact);
    CHECK(at::where(mattes[4] > 0, made.pixels, at::zeros_like(made.pixels)).isfinite().all().item<bool>());
    CHECK(std::isnan(made.pixels[2][48][80].item<float>()));  // outside the matte: not this pass's business
}

TEST_CASE("pictures of any size are made") {
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 33}, {70, 9}}) {
        std::vector<at::Tensor> shot, mattes;
        for (int i = 0; i < 3; ++i) {
            shot.push_back(texture(width, height, 2.0 * i, 0));
            mattes.push_back(at::zeros({1, height, width}));
            mattes.back()[0][height / 2][width / 2] = 1;
        }
        const auto made = removed(shot, mattes, 1, solved(shot, mattes));
        CHECK(made.pixels.sizes() == shot[1].sizes());
        CHECK(at::isfinite(made.pixels).all().item<bool>());
    }
}

TEST_CASE("an outline on one frame follows what moves inside it for 50 frames") {
    const int frames = 50;
    std::vector<at::Tensor> shot;
    const auto left = [](int i) { return 20 + 1.7 * i; };
    const auto top = [](int i) { return 30 + 20 * std::sin(0.08 * i); };
    constexpr int side = 36;
    for (int i = 0; i < frames; ++i) {
        at::Tensor picture = texture(kWidth, kHeight, -0.8 * i, 0, 1);  // the camera pans the other way
        const int x = static_cast<int>(std::lround(left(i))), y = static_cast<int>(std::lround(top(i)));
        picture.narrow(1, y, side).narrow(2, x, side).copy_(texture(side, side, 0, 0, 2));
        shot.push_back(picture);
    }
    const json keys = {{{"frame", 1}, {"points", {{20, 30}, {20 + side, 30 + side}}}}};
    const json artefact = solved(shot, {}, {{"keys", keys}});
    REQUIRE(artefact["shape"].size() == frames);
    CHECK(artefact["needs_key_frame"].empty());
    for (int i = 0; i < frames; ++i) {
        const json& points = artefact["shape"][static_cast<std::size_t>(i)]["points"];
        const double dx = points[0][0].get<double>() - left(i), dy = points[0][1].get<double>() - top(i);
        CHECK(std::abs(dx) < 4);
        CHECK(std::abs(dy) < 4);
        CHECK(std::abs(points[2][0].get<double>() - points[0][0].get<double>() - side) < 4);
    }
    // What is outlined is what is touched, and it is gone.
    const auto made = removed(shot, {}, 25, artefact, {{"keys", keys}});
    CHECK(made.touch.sum().item<double>() == doctest::Approx(side * side).epsilon(0.2));
    CHECK(made.facts["confidence"].get<double>() > 0.4);
    CHECK(made.facts["copied"].get<double>() > 0.25);
}

TEST_CASE("an outline on what is not found again asks for a key frame") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < 8; ++i) {
        at::Tensor picture = texture(kWidth, kHeight, 0, 0);
        picture.narrow(1, 40, 40).narrow(2, 60, 40).copy_(texture(40, 40, 0, 0, 10 + i));  // boils
        shot.push_back(picture);
    }
    const json keys = {{{"frame", 1}, {"points", {{60, 40}, {100, 80}}}}};
    const json artefact = solved(shot, {}, {{"keys", keys}});
    CHECK_FALSE(artefact["needs_key_frame"].empty());
    const auto made = removed(shot, {}, 7, artefact, {{"keys", keys}});
    CHECK(made.facts.contains("needs_key_frame"));
}

TEST_CASE("between two key frames an outline is at both where they say") {
    const std::vector<at::Tensor> shot(9, texture(kWidth, kHeight, 0, 0));
    const json keys = {{{"frame", 1}, {"points", {{20, 20}, {50, 20}, {35, 50}}}},
                       {{"frame", 9}, {"points", {{60, 20}, {90, 20}, {75, 50}}}}};
    const json shape = solved(shot, {}, {{"keys", keys}})["shape"];
    CHECK(shape[0]["points"] == keys[0]["points"]);
    CHECK(shape[8]["points"] == keys[1]["points"]);
    CHECK(shape[4]["points"][0][0].get<double>() == doctest::Approx(40).epsilon(0.02));
}

TEST_CASE("a shape covers the share of each pixel that lies inside it") {
    const passes::remove::Shape shape{{{12.5, 21}, {15, 21}, {15, 23.25}, {12.5, 23.25}}, 1};
    const at::Tensor matte = passes::remove::matte_of(shape, {10, 20, 18, 26});
    CHECK(matte.sum().item<double>() == doctest::Approx(2.5 * 2.25).epsilon(0.25));
    CHECK(matte[0][1][3].item<float>() == doctest::Approx(1));
    CHECK(matte[0][1][1].item<float>() == 0);
    CHECK(matte[0][4].sum().item<float>() == 0);
    const passes::remove::Shape outside{{{-1e6, -1e6}, {-1e6, -9e5}, {-9e5, -9e5}}, 1};
    CHECK(passes::remove::matte_of(outside, {10, 20, 18, 26}).sum().item<float>() == 0);
}

TEST_CASE("a membrane over a plane is the plane") {
    cv::Mat plane(60, 80, CV_32FC2), known(60, 80, CV_8UC1, cv::Scalar(255));
    for (int y = 0; y < 60; ++y) {
        for (int x = 0; x < 80; ++x)
            plane.at<cv::Vec2f>(y, x) = {0.01F * static_cast<float>(x), 1 - 0.02F * static_cast<float>(y)};
    }
    known(cv::Rect(20, 10, 40, 40)).setTo(0);
    cv::Mat holed = plane.clone();
    holed.setTo(cv::Scalar::all(99), known == 0);
    CHECK(cv::norm(passes::remove::membrane(holed, known), plane, cv::NORM_INF) < 0.02);
    CHECK(cv::norm(passes::remove::membrane(holed, cv::Mat::zeros(60, 80, CV_8UC1))) == 0);
}

TEST_CASE("parameters and artefacts that make no sense are refused by their place") {
    const auto problem = [](const json& params, const json& artefact, bool has_matte) {
        return refusal(ErrorKind::Usage,
                       [&] { passes::find_pass("remove").make(context(params, artefact, has_matte)); });
    };
    const json keys = {{{"frame", 1}, {"points", {{0, 0}, {9, 9}}}}};
    CHECK(problem(json::object(), nullptr, false).find("neither") != std::string::npos);
    CHECK(problem({{"keys", keys}}, nullptr, true).find("both") != std::string::npos);
    json uneven = keys;
    uneven.push_back({{"frame", 3}, {"points", {{0, 0}, {9, 9}, {0, 9}}}});
    CHECK(problem({{"keys", uneven}}, nullptr, false).find("number of points") != std::string::npos);
    const std::vector<at::Tensor> shot(2, texture(kWidth, kHeight, 0, 0)), mattes(2, square(10, 10, 4));
    json artefact = solved(shot, mattes);
    artefact["camera"][1]["map"][3] = "x";
    CHECK(problem(json::object(), artefact, true).find("/camera/1/map/3") != std::string::npos);
    artefact["camera"][1]["map"] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    CHECK(problem(json::object(), artefact, true).find("/camera/1/map") != std::string::npos);
    CHECK(refusal(ErrorKind::Usage, [&] {
              solved(shot, {}, {{"keys", {{{"frame", 99}, {"points", {{0, 0}, {9, 9}}}}}}});
          }).find("99") != std::string::npos);
}

}  // namespace wetgate::tests
