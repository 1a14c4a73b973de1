#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "passes/background_layer.h"
#include "passes/background_place.h"
#include "passes/grain_texture.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::psnr_inside;
using tests::ShotPass;
using tests::texture;

constexpr int width = 320, height = 200, around = 60;

/// The street behind the actor, and what hangs there on the day of the reference.
at::Tensor street(double x, double y, int wide = width, int high = height) {
    return texture(wide, high, x, y, 9, 6);
}
at::Tensor reference() {
    at::Tensor picture = street(-around, -around, width + 2 * around, height + 2 * around);
    picture.slice(1, 100, 160).slice(2, 150, 230).copy_(texture(80, 60, 0, 0, 77, 6));
    return picture;
}

/// [1,H,W]: the actor in the middle, with a soft edge.
at::Tensor actor() {
    const at::Tensor x = (at::arange(width) - 160).abs().view({1, 1, width});
    const at::Tensor y = (at::arange(height) - 120).abs().view({1, height, 1});
    return (at::clamp((44 - x) / 8 + 0.5, 0, 1) * at::clamp((60 - y) / 8 + 0.5, 0, 1)).contiguous();
}
at::Tensor matte() {
    return 1 - actor();
}

constexpr int step_x = 3, step_y = -2;  // of the camera, pixels a frame

at::Tensor over(const at::Tensor& background, int frame) {
    const at::Tensor cloth = 0.7 * texture(width, height, 5.0 * frame, 0, 31, 5);
    return actor() * cloth + matte() * background;
}
std::vector<at::Tensor> shot(int frames = 4) {
    std::vector<at::Tensor> all;
    for (int i = 0; i < frames; ++i) all.push_back(over(street(step_x * i, step_y * i), i));
    return all;
}
/// With the reference behind the actor.
at::Tensor truth(int frame) {
    return over(
        reference().narrow(2, around + step_x * frame, width).narrow(1, around + step_y * frame, height),
        frame);
}
at::Tensor mixed(const PassResult& made, const at::Tensor& plate, const at::Tensor& by) {  // as the framework
    return plate + by * made.touch * (made.pixels - plate);
}

const std::vector<at::Tensor> mattes(4, matte());
const json plain = {{"reference", "day"}, {"light_wrap", 0}, {"grain", 0}};

json with(const json& more) {
    json params = plain;
    params.update(more);
    return params;
}

}  // namespace

TEST_CASE("a reference that shows the same place is found, follows the camera, and stands behind the actor") {
    const ShotPass pass("background", {{"day", {reference()}}});
    const std::vector<at::Tensor> plates = shot();
    const json artefact = pass.solved(plates, plain, mattes);
    CAPTURE(artefact.dump());
    REQUIRE(artefact.at("place").size() == 4);
    for (const int frame : {0, 3}) {
        const PassResult made = pass.run(plates, frame, artefact, plain, mattes);
        const auto index = static_cast<std::size_t>(frame);
        const at::Tensor picture = mixed(made, plates[index], matte());
        CHECK(psnr_inside(picture, truth(frame), matte()) > 32);
        CHECK(psnr_inside(plates[index], truth(frame), matte()) < 26);
        CHECK(at::equal(picture.masked_select(actor() == 1), plates[index].masked_select(actor() == 1)));
        CHECK(made.facts.at("from_reference") == 1.0);
    }
}

TEST_CASE("corners given on one frame are carried by the camera, a second key bends the way") {
    const ShotPass pass("background", {{"day", {reference()}}});
    const std::vector<at::Tensor> plates = shot();
    const double left = -around, right = width + around - 1, top = -around, bottom = height + around - 1;
    json params = with({{"keys", {{{"frame", 1}, {"points", {{left, top}, {right, bottom}}}}}}});
    json artefact = pass.solved(plates, params, mattes);
    const auto corner = [&](int index) { return artefact.at("place").at(index).at("points").at(0); };
    CHECK(corner(0)[0].get<double>() == left);
    CHECK(corner(3)[0].get<double>() == doctest::Approx(left - 3 * step_x).epsilon(0.01));
    CHECK(corner(3)[1].get<double>() == doctest::Approx(top - 3 * step_y).epsilon(0.01));
    const PassResult made = pass.run(plates, 3, artefact, params, mattes);
    CHECK(psnr_inside(mixed(made, plates[3], matte()), truth(3), matte()) > 30);

    const double off = 6;  // from where the camera would have it
    params["keys"].push_back(
        {{"frame", 4},
         {"points",
          {{left - 3 * step_x + off, top - 3 * step_y}, {right - 3 * step_x + off, bottom - 3 * step_y}}}});
    artefact = pass.solved(plates, params, mattes);
    CHECK(corner(3)[0].get<double>() == left - 3 * step_x + off);
    CHECK(corner(1)[0].get<double>() == doctest::Approx(left - step_x + off / 3).epsilon(0.01));
}

TEST_CASE("place frame fills the first frame with the reference") {
    const std::vector<at::Tensor> sky = {0.9 * texture(600, 200, 0, 0, 3, 20)};
    const ShotPass pass("background", {{"day", sky}});
    const std::vector<at::Tensor> plates = shot(1);
    const json params = with({{"place", "frame"}});
    const PassResult made = pass.run(plates, 0, pass.solved(plates, params, {matte()}), params, {matte()});
    CHECK(at::allclose(made.pixels.slice(1, 0, 30), sky[0].slice(2, 140, 460).slice(1, 0, 30), 0, 0.01));
}

TEST_CASE("what the reference does not reach stays as it was and is reported") {
    const ShotPass pass("background", {{"day", {reference()}}});
    const std::vector<at::Tensor> plates = shot(1);
    const json params = with({{"keys", {{{"frame", 1}, {"points", {{0, 0}, {159, 199}}}}}}});
    const json artefact = pass.solved(plates, params, {matte()});
    const PassResult made = pass.run(plates, 0, artefact, params, {matte()});
    CHECK(made.touch[0][10][150].item<float>() == 1.0F);
    CHECK(made.touch[0][10][170].item<float>() == 0.0F);
    CHECK(made.facts.at("needs_key_frame").get<std::string>().find("does not reach") != std::string::npos);
}

TEST_CASE("a reference of elsewhere is not guessed at: the frames stay as they are") {
    const ShotPass pass("background", {{"day", {texture(400, 300, 0, 0, 55, 6)}}});
    const std::vector<at::Tensor> plates = shot(2);
    const json artefact = pass.solved(plates, plain, {matte(), matte()});
    CHECK(artefact.at("place").empty());
    const PassResult made = pass.run(plates, 1, artefact, plain, {matte(), matte()});
    CHECK_FALSE(made.touch.any().item<bool>());
    CHECK(made.facts.contains("needs_key_frame"));
}

TEST_CASE("the old background is taken out of the soft edge, not mixed into the new one") {
    const at::Tensor ones = at::ones({3, height, width});
    const at::Tensor green = ones * at::tensor({0.05, 0.6, 0.1}).view({3, 1, 1}).to(at::kFloat);
    const at::Tensor cloth = 0.2 * ones,
                     sunset = ones * at::tensor({0.9, 0.4, 0.2}).view({3, 1, 1}).to(at::kFloat);
    const at::Tensor plate = actor() * cloth + matte() * green;
    const at::Tensor wanted = actor() * cloth + matte() * sunset;
    const auto made = [&](const background::Blend& blend) {
        const at::Tensor given = background::behind(plate, matte(), sunset, blend);
        return plate + matte() * (given - plate);
    };
    CHECK((made({.despill = 1}) - wanted).abs().max().item<double>() < 1e-4);
    CHECK((made({.despill = 0}) - wanted).abs().max().item<double>() > 0.05);
    const at::Tensor wrapped = made({.despill = 1, .light_wrap = 1}) - wanted;
    CHECK(wrapped.min().item<double>() > -1e-4);
    CHECK(wrapped.max().item<double>() > 0.05);
    CHECK(wrapped.masked_select(actor() == 1).abs().max().item<double>() == 0);
}

TEST_CASE("a reference sharper than the plate is brought out of focus as far as that is") {
    const std::vector<at::Tensor> sharp = {texture(width, height, 0, 0, 9, 3)};
    const compute::DeviceFrame frame{1, {0, 0, width, height}, sharp[0], {}};
    for (const double radius : {0.0, 2.0, 4.0}) {
        CAPTURE(radius);
        const at::Tensor soft = background::laid(frame, frame.window, {}, radius).pixels;
        const auto found =
            background::defocus_between(soft, sharp[0], at::ones({1, height, width}, at::kBool));
        REQUIRE(found);
        CHECK(*found == doctest::Approx(radius).epsilon(0.15));
    }
}

TEST_CASE("edited corners move the background; exposure and lights above 1 are kept") {
    std::vector<at::Tensor> flat = {at::full({3, 40, 40}, -0.05F)};
    flat[0].slice(1, 10, 20).slice(2, 10, 20).fill_(50);
    const ShotPass pass("background", {{"day", flat}});
    const std::vector<at::Tensor> plates = {at::full({3, 40, 40}, 0.5F)}, all = {at::ones({1, 40, 40})};
    const json corners = {{0, 0}, {39, 0}, {39, 39}, {0, 39}};
    json artefact = {{"schema", "wetgate.background/1"},
                     {"first_frame", 1},
                     {"place", {{{"frame", 1}, {"points", corners}, {"confidence", 1}}}},
                     {"defocus_px", 0},
                     {"grain", {{"coding", "acescct"}, {"a", {0, 0, 0}}, {"b", {0, 0, 0}}}},
                     {"present", {{"a", {0, 0, 0}}, {"b", {0, 0, 0}}}}};
    const json params = with({{"exposure_stops", 1}});
    const at::Tensor here = pass.run(plates, 0, artefact, params, all).pixels;
    CHECK(here[0][15][15].item<double>() == doctest::Approx(100).epsilon(1e-4));
    CHECK(here[0][30][30].item<double>() == doctest::Approx(-0.1).epsilon(1e-3));
    for (auto& point : artefact["place"][0]["points"]) point[0] = point[0].get<double>() + 12;
    const PassResult moved = pass.run(plates, 0, artefact, params, all);
    CHECK(moved.pixels[0][15][27].item<double>() == doctest::Approx(100).epsilon(1e-4));
    CHECK_FALSE(moved.touch[0][15][5].item<bool>());
}

TEST_CASE("a reference without grain gets the plate's") {
    const GrainTexture white;
    std::vector<at::Tensor> plates;
    for (std::uint64_t i = 0; i < 4; ++i)
        plates.push_back(0.4 + 0.02 * white.field(i, {0, 0, width, height}));
    const ShotPass pass("background", {{"day", {at::full({3, height, width}, 0.4F)}}});
    const std::vector<at::Tensor> all(4, at::ones({1, height, width}));
    const json params = {{"reference", "day"}, {"place", "frame"}};
    const json artefact = pass.solved(plates, params, all);
    CAPTURE(artefact.dump());
    const at::Tensor made = pass.run(plates, 1, artefact, params, all).pixels;
    CHECK(made.std().item<double>() == doctest::Approx(0.02).epsilon(0.15));
}

TEST_CASE("what background needs and was not given is said") {
    const ShotPass pass("background", {{"day", {reference()}}});
    const std::vector<at::Tensor> plates = shot(1);
    const auto said = [&](const json& params, const std::vector<at::Tensor>& by) {
        return tests::refusal(ErrorKind::Usage, [&] { pass.solved(plates, params, by); });
    };
    CHECK(said(plain, {}).find("matte") != std::string::npos);
    CHECK(said(json::object(), {matte()}).find("reference") != std::string::npos);
    const json crossed = {{0, 0}, {100, 100}, {100, 0}, {0, 100}};
    CHECK(said(with({{"keys", {{{"frame", 1}, {"points", crossed}}}}}), {matte()}).find("clockwise") !=
          std::string::npos);
}

}  // namespace wetgate::passes
