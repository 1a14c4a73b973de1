#include "framing/fdl.h"

#include <doctest/doctest.h>

#include <regex>
#include <string>
#include <vector>

#include "core/error.h"

namespace wetgate::tests {
namespace {

using framing::Crop;
using framing::CropPath;
using framing::CropScene;
using framing::fdl_of;
using framing::FdlClip;
using framing::FdlFraming;
using framing::framings_of;

const FdlClip kClip{"sh010", "sh010.####.exr", 1.0};

CropScene scene(int first, int last, double x) {
    return {first, last, {{first, {x, 0, 607.5, 1080}, 24}, {last, {x + 100.25, 0, 607.5, 1080}, 24}}};
}

std::vector<FdlFraming> two_framings() {
    return {
        {"vertical 9:16", 9, 16, {1920, 1080, {scene(1001, 1024, 10), scene(1025, 1048, 700)}}},
        {"square",
         1,
         1,
         {1920,
          1080,
          {{1001, 1024, {{1001, {420, 0, 1080, 1080}, 0}}}, {1025, 1048, {{1025, {0, 0, 1080, 1080}, 0}}}}}}};
}

std::string refusal(const nlohmann::json& fdl, int width = 1920) {
    try {
        framings_of(fdl, width, 1080, 1001, 1048);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        return error.message();
    }
    return "accepted";
}

TEST_CASE("framings that are written as an FDL and read again are the same, key for key") {
    const std::vector<FdlFraming> framings = two_framings();
    const nlohmann::json fdl = nlohmann::json::parse(fdl_of(kClip, framings).dump());
    const std::vector<FdlFraming> read = framings_of(fdl, 1920, 1080, 1001, 1048);
    REQUIRE(read.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(read[i].name == framings[i].name);
        CHECK(read[i].aspect_width == framings[i].aspect_width);
        CHECK(read[i].aspect_height == framings[i].aspect_height);
        CHECK(read[i].path == framings[i].path);
    }
    CHECK(fdl_of(kClip, read) == fdl);
}

TEST_CASE("ids follow the specification: letters, digits, underscores; a decision is named canvas-intent") {
    const nlohmann::json fdl = fdl_of(kClip, two_framings());
    const std::regex id("^[A-Za-z0-9_]{1,32}$");
    for (const auto& intent : fdl["framing_intents"])
        CHECK(std::regex_match(intent["id"].get<std::string>(), id));
    CHECK(fdl["framing_intents"][0]["id"] == "vertical_9_16");
    CHECK(fdl["default_framing_intent"] == "vertical_9_16");
    const auto& canvas = fdl["contexts"][1]["canvases"][0];
    CHECK(canvas["id"] == "plate_2");
    CHECK(canvas["source_canvas_id"] == "plate_2");
    CHECK(canvas["framing_decisions"][0]["id"] == "plate_2-vertical_9_16");
    CHECK(canvas["framing_decisions"][0]["anchor_point"]["x"] == 700);
    CHECK(fdl["contexts"][1]["clip_id"]["sequence"]["min"] == 1025);
    CHECK(std::regex_match(
        fdl["uuid"].get<std::string>(),
        std::regex("^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")));
}

TEST_CASE("the uuid is the content's: the same for the same framings, another for others") {
    std::vector<FdlFraming> framings = two_framings();
    const nlohmann::json one = fdl_of(kClip, framings);
    CHECK(fdl_of(kClip, framings) == one);
    framings[0].path.scenes[0].keys[0].crop.x += 1;
    CHECK(fdl_of(kClip, framings)["uuid"] != one["uuid"]);
}

TEST_CASE("framings of one name get ids of their own, and long names are cut") {
    std::vector<FdlFraming> framings = two_framings();
    framings[0].name = framings[1].name = std::string(40, 'n');
    const nlohmann::json fdl = fdl_of(kClip, framings);
    CHECK(fdl["framing_intents"][0]["id"] == std::string(32, 'n'));
    CHECK(fdl["framing_intents"][1]["id"] == std::string(30, 'n') + "_2");
}

TEST_CASE("another tool's FDL frames the whole shot by its decision") {
    const nlohmann::json fdl = nlohmann::json::parse(R"({
        "uuid": "BCD142EB-3BAA-4EA8-ADD8-A46AE8DC4D97", "version": {"major": 1, "minor": 1},
        "framing_intents": [{"id": "A", "aspect_ratio": {"width": 240, "height": 100}}],
        "contexts": [{"canvases": [
            {"id": "big", "source_canvas_id": "big", "dimensions": {"width": 4448, "height": 3096}},
            {"id": "hd", "source_canvas_id": "big", "dimensions": {"width": 1920, "height": 1080},
             "framing_decisions": [{"id": "hd-A", "framing_intent_id": "A",
                "dimensions": {"width": 1800.0, "height": 750.0}, "anchor_point": {"x": 60.0, "y": 165.0}}]}]}]})");
    const std::vector<FdlFraming> read = framings_of(fdl, 1920, 1080, 7, 99);
    REQUIRE(read.size() == 1);
    CHECK(read[0].aspect_width == 240);
    CHECK(read[0].path == CropPath{1920, 1080, {{7, 99, {{7, Crop{60, 165, 1800, 750}, 0}}}}});
    CHECK(refusal(fdl, 2048) == "FDL: it frames pictures of 1920 x 1080, the plate has 2048 x 1080");
}

TEST_CASE("an FDL that is not whole is refused with its place") {
    const nlohmann::json good = fdl_of(kClip, two_framings());
    const auto with = [&](const char* place, const nlohmann::json& value) {
        nlohmann::json bad = good;
        bad[nlohmann::json::json_pointer(place)] = value;
        return refusal(bad);
    };
    CHECK(with("/version/major", 3) == "FDL: /version/major is no whole number from 1 to 2");
    CHECK(with("/contexts", 7) == "FDL: /contexts is no list of 10000 items at most");
    CHECK(with("/contexts/0/canvases/0/framing_decisions/0/framing_intent_id", "x")
              .find("'x', which is not there") != std::string::npos);
    nlohmann::json bad = good;
    auto& decision = bad["contexts"][0]["canvases"][0]["framing_decisions"][0];
    decision.erase("_wetgate_keys");
    decision["anchor_point"]["x"] = 1900;
    CHECK(refusal(bad) == "FDL: /contexts/0/canvases/0/framing_decisions/0 leaves its canvas of 1920 x 1080");
    CHECK(refusal(nlohmann::json::array()) == "FDL: it is no object");
}

}  // namespace
}  // namespace wetgate::tests
