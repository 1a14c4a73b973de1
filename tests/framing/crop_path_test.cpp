#include "framing/crop_path.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"

namespace wetgate::tests {
namespace {

using framing::Crop;
using framing::crop_at;
using framing::CropKey;
using framing::CropPath;
using framing::CropScene;
using framing::motion_of;
using framing::PathMotion;

CropKey key(int frame, double x, int ease = 0) {
    return {frame, {x, 10, 100, 50}, ease};
}

std::vector<double> positions(const CropScene& scene) {
    std::vector<double> xs;
    for (int frame = scene.first; frame <= scene.last; ++frame) xs.push_back(crop_at(scene, frame).x);
    return xs;
}

TEST_CASE("between keys without easing the crop goes straight, outside of them it stands still") {
    const CropScene scene{0, 100, {key(20, 40), key(60, 120)}};
    CHECK(crop_at(scene, 0).x == 40);
    CHECK(crop_at(scene, 20).x == 40);
    CHECK(crop_at(scene, 30).x == doctest::Approx(60));
    CHECK(crop_at(scene, 60).x == 120);
    CHECK(crop_at(scene, 100) == Crop{120, 10, 100, 50});
}

TEST_CASE("an easing of E frames lifts a corner by 3/32 E times the change of speed, and ends after E/2") {
    // From rest at frame 20 to 2 px a frame: (0.5 E) * G(0) = 0.5 * 16 * 3/16 = 1.5 frames of the new speed.
    const CropScene scene{0, 100, {key(20, 40, 16), key(60, 120, 16)}};
    CHECK(crop_at(scene, 20).x == doctest::Approx(40 + 2 * 1.5));
    CHECK(crop_at(scene, 60).x == doctest::Approx(120 - 2 * 1.5));
    CHECK(crop_at(scene, 12).x == 40);
    CHECK(crop_at(scene, 28).x == doctest::Approx(56));
    CHECK(crop_at(scene, 40).x == doctest::Approx(80));
}

TEST_CASE(
    "an eased path goes no faster than its lines and accelerates by 1.5 times the change over the easing") {
    const CropScene scene{0, 200, {key(50, 0, 30), key(100, 100, 30), key(150, 20, 30)}};
    const PathMotion motion = motion_of(positions(scene));
    CHECK(motion.most_velocity <= 2 + 1e-12);
    CHECK(motion.most_velocity == doctest::Approx(2));
    const double change = 100.0 / 50 + 80.0 / 50;
    CHECK(motion.most_acceleration <= 1.5 * change / 30 + 1e-12);
    CHECK(motion.most_acceleration > 1.4 * change / 30);
    CHECK(motion.moves == 2);
}

TEST_CASE("a first key at its scene's border is not eased: a crop may come in moving") {
    const CropScene scene{0, 50, {key(0, 0, 20), key(50, 100, 20)}};
    CHECK(crop_at(scene, 0).x == 0);
    CHECK(crop_at(scene, 1).x == doctest::Approx(2));
    CHECK(crop_at(scene, 50).x == 100);
}

TEST_CASE("editing a key changes the frames up to its neighbours' easings and no bit of any other") {
    CropScene scene{0, 400, {}};
    for (int i = 0; i <= 10; ++i) scene.keys.push_back(key(20 + 36 * i, 17.3 * (i % 3) + 1.1 * i, 12));
    CropScene edited = scene;
    edited.keys[5].crop.x += 9.7;
    const std::vector<double> before = positions(scene);
    const std::vector<double> after = positions(edited);
    const int from = scene.keys[4].frame - 6;
    const int to = scene.keys[6].frame + 6;
    for (int frame = 0; frame <= 400; ++frame) {
        const auto at = static_cast<std::size_t>(frame);
        if (frame <= from || frame >= to) {
            CHECK(before[at] == after[at]);
        } else {
            CHECK(before[at] != after[at]);
        }
    }
}

TEST_CASE("a cut starts anew: no frame of one scene depends on the other's keys") {
    CropPath path{1000, 500, {{0, 49, {key(0, 0, 24), key(49, 98, 24)}}, {50, 99, {key(50, 300, 24)}}}};
    CHECK(crop_at(path, 49).x == 98);
    CHECK(crop_at(path, 50).x == 300);
    CHECK(crop_at(path, 120).x == 300);
    path.scenes[1].keys[0].crop.x = 500;
    CHECK(crop_at(path, 48).x == doctest::Approx(96));
}

TEST_CASE("a path is kept inside the picture where easings would lead out of it") {
    // The line from frame 0 extended to before the scene lies outside: near the border the corner is cut.
    const CropPath path{200, 60, {{0, 100, {key(0, 0, 40), key(4, 90, 40), key(100, 90, 40)}}}};
    for (int frame = 0; frame <= 100; ++frame) {
        const Crop crop = crop_at(path, frame);
        CHECK(crop.x >= 0);
        CHECK(crop.x + crop.w <= 200);
    }
}

TEST_CASE("a crop path is the same after its JSON") {
    const CropPath path{
        1920,
        1080,
        {{1001, 1048, {key(1001, 12.345, 24), key(1030, 200.5, 24)}}, {1049, 1100, {key(1060, 3)}}}};
    CHECK(framing::crop_path_from_json(framing::to_json(path)) == path);
}

TEST_CASE("a crop path that is not whole is refused with its place") {
    const nlohmann::json good =
        framing::to_json(CropPath{1920, 1080, {{1, 9, {key(1, 0, 24), key(5, 20, 24)}}}});
    const auto refusal = [&](const char* place, const nlohmann::json& value) -> std::string {
        nlohmann::json bad = good;
        bad[nlohmann::json::json_pointer(place)] = value;
        try {
            framing::crop_path_from_json(bad);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            return error.message();
        }
        return "accepted";
    };
    CHECK(refusal("/scenes/0/keys/1/frame", 1) ==
          "crop path: /scenes/0/keys/1 is not later than the key before it");
    CHECK(refusal("/scenes/0/keys/1/x", 1900).find("leaves the picture of 1920 x 1080") != std::string::npos);
    CHECK(refusal("/scenes/0/keys/0/w", "wide").find("/scenes/0/keys/0/w is no number") != std::string::npos);
    CHECK(refusal("/scenes/0/keys/0/why", 1).find("'why', which is not known") != std::string::npos);
    CHECK(refusal("/scenes/0/last", 0).find("ends before it begins") != std::string::npos);
    CHECK(refusal("/width", 1e9).find("/width is no whole number") != std::string::npos);
    CHECK(refusal("/scenes", nlohmann::json::array()).find("/scenes is no list") != std::string::npos);
}

}  // namespace
}  // namespace wetgate::tests
