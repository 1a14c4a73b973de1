#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "core/error.h"
#include "passes/move.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/models.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int width = 320, height = 180, frames = 48;

passes::PassContext context_of(const json& params, const json& artefact = nullptr) {
    static const nets::JobModels models = shipped_models();
    passes::PassContext context;
    context.params = spec::pass_params("reframe", params);
    context.artefact = artefact;
    context.models = &models;
    context.shot = "sh010";
    context.display = {0, 0, width, height};
    return context;
}

// A bright block on a ground with a little texture: it walks from the left to the right.
int block_at(int i) {
    return 30 + 5 * i;
}
at::Tensor picture(int i) {
    const at::Tensor columns = at::arange(width, at::kFloat).view({1, width});
    const at::Tensor rows = at::arange(height, at::kFloat).view({height, 1});
    at::Tensor ground = 0.1 + 0.02 * (columns * 0.21).sin() * (rows * 0.17).cos();
    ground.narrow(0, 70, 60).narrow(1, block_at(i), 30).fill_(0.9);
    return ground.unsqueeze(0).expand({3, height, width}).clone();
}

json solved(const json& params) {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < frames; ++i) shot.push_back(picture(i));
    const auto analysis = passes::find_pass("reframe").make_analysis(context_of(params));
    std::vector<json> facts;
    for (int i = 0; i < frames; ++i) facts.push_back(analysis->measure(FakeWindow::of(shot, i)));
    return analysis->solve(facts, 1001);
}

std::unique_ptr<passes::FramePass> pass_of(const json& params, const json& artefact) {
    return passes::find_pass("reframe").make(context_of(params, artefact));
}
const passes::MovingPass& moving(const std::unique_ptr<passes::FramePass>& pass) {
    return dynamic_cast<const passes::MovingPass&>(*pass);
}

}  // namespace

TEST_CASE("a square crop follows what walks through the picture, and never leaves the plate") {
    const json params = {{"aspect", "1:1"}, {"faces", false}};
    const auto pass = pass_of(params, solved(params));
    CHECK(moving(pass).canvas({width, height}) == framing::Canvas{180, 180});
    int held = 0;
    for (int i = 0; i < frames; ++i) {
        const framing::Warp warp = moving(pass).move(1001 + i, {width, height}).to_before;
        const framing::Point first = warp.at(0, 0);
        const framing::Point last = warp.at(179, 179);
        CHECK(first.x > -0.01);
        CHECK(last.x < width - 0.99);
        CHECK(last.x - first.x == doctest::Approx(179).epsilon(1e-6));
        if (first.x <= block_at(i) && last.x >= block_at(i) + 29) ++held;
    }
    // It walks 0.4 of the picture a second, and the crop may go 0.3: most frames, not all.
    CHECK(held >= 44);
}

TEST_CASE("targets say what must stay, and one edited key changes the crop on its frame") {
    const json params = {{"aspect", "9:16"},
                         {"faces", false},
                         {"targets", json::array({{{"frame", 1001}, {"box", {200, 10, 240, 60}}}})}};
    json artefact = solved(params);
    const auto pass = pass_of(params, artefact);
    CHECK(moving(pass).canvas({width, height}) == framing::Canvas{100, 180});
    for (const int frame : {1001, 1024, 1048}) {
        const framing::Warp warp = moving(pass).move(frame, {width, height}).to_before;
        CHECK(warp.at(0, 0).x <= 200);
        CHECK(warp.at(99, 0).x >= 239);
    }
    json& key = artefact["path"]["scenes"][0]["keys"][0];
    key["x"] = 10.0;
    const auto edited = pass_of(params, artefact);
    const double edge = moving(edited).move(key["frame"], {width, height}).facts["crop"][0].get<double>();
    CHECK(edge == doctest::Approx(10));
}

TEST_CASE("a target on one frame is followed from there both ways") {
    // Of the block on the shot's middle frame, wider than the block by 4 px.
    const int left = block_at(24) - 4;
    const json params = {{"aspect", "9:16"},
                         {"faces", false},
                         {"max_velocity", 1},
                         {"targets", json::array({{{"frame", 1025}, {"box", {left, 66, left + 38, 134}}}})}};
    const json artefact = solved(params);
    CHECK(artefact["left_out"].empty());
    const auto pass = pass_of(params, artefact);
    for (int i = 0; i < frames; ++i) {
        const framing::Warp warp = moving(pass).move(1001 + i, {width, height}).to_before;
        CHECK(warp.at(0, 0).x <= block_at(i));
        CHECK(warp.at(99, 0).x >= block_at(i) + 29);
    }
}

TEST_CASE("who is kept and who is left out are facts of their frames") {
    json artefact = solved({{"aspect", "1:1"}, {"faces", false}, {"policy", "speaker"}});
    CHECK(artefact.contains("kept"));
    artefact["kept"] =
        json::array({{{"subject", "face"}, {"first", 1003}, {"last", 1010}, {"reason", "the largest"}}});
    artefact["left_out"] =
        json::array({{{"subject", "face"}, {"first", 1005}, {"last", 1006}, {"reason", "does not fit"}}});
    const auto pass = pass_of({{"aspect", "1:1"}}, artefact);
    const auto facts = [&](int frame) { return moving(pass).move(frame, {width, height}).facts; };
    CHECK_FALSE(facts(1002).contains("kept"));
    CHECK(facts(1003)["kept"] == json::array({{{"subject", "face"}, {"reason", "the largest"}}}));
    CHECK_FALSE(facts(1003).contains("left_out"));
    CHECK(facts(1006)["left_out"] == json::array({{{"subject", "face"}, {"reason", "does not fit"}}}));
}

TEST_CASE("a crop of the plate's own pixels is moved by whole edges: no half pixel is lost") {
    const json artefact = {{"schema", "wetgate.reframe/1"},
                           {"path",
                            {{"width", width},
                             {"height", height},
                             {"scenes", json::array({{{"first", 1001},
                                                      {"last", 1010},
                                                      {"keys", json::array({{{"frame", 1001},
                                                                             {"x", 40.0},
                                                                             {"y", 0.0},
                                                                             {"w", 180.0},
                                                                             {"h", 180.0},
                                                                             {"ease", 0}}})}}})}}}};
    const json params = {{"aspect", "1:1"}};
    const auto pass = pass_of(params, artefact);
    CHECK(moving(pass).move(1005, {width, height}).to_before.at(0, 0).x == 40.0);
    CHECK(moving(pass).move(1005, {width, height}).to_before.at(179, 179).y == 179.0);
    const json half = {{"aspect", "1:1"}, {"size", {90, 90}}};
    CHECK(moving(pass_of(half, artefact)).move(1005, {width, height}).to_before.at(0, 0).x == 40.5);
    CHECK(moving(pass_of(half, artefact)).move(1005, {width, height}).facts["scale"] == 0.5);
}

TEST_CASE("an FDL lies beside the report, and nonsense is refused") {
    const json params = {{"aspect", "2.39:1"}, {"faces", false}};
    const json artefact = solved(params);
    const auto sidecars = moving(pass_of(params, artefact)).sidecars_of({"a.####.exr", {1001, 1049}});
    REQUIRE(sidecars.size() == 1);
    CHECK(sidecars[0].extension == ".fdl");
    const json fdl = json::parse(sidecars[0].text);
    CHECK(fdl.at("framing_intents").size() == 1);
    const json sequence = {{"value", "a.####.exr"}, {"idx", "#"}, {"min", 1001}, {"max", 1048}};
    CHECK(fdl["contexts"][0]["clip_id"]["sequence"] == sequence);
    for (const char* aspect : {"", "0:1", "a", "16:9:4", "1e9", "-1", "nan"})
        CHECK_THROWS_AS(pass_of({{"aspect", aspect}}, nullptr), Error);
    json broken = artefact;
    broken["path"]["scenes"][0]["keys"][0]["w"] = "wide";
    CHECK_THROWS_AS(pass_of(params, broken), Error);
}

TEST_CASE("a path goes out as an FDL and comes in again, to the same crops and the same FDL") {
    const json params = {{"aspect", "1:1"}, {"faces", false}};
    const json artefact = solved(params);
    const passes::ClipNames clip{"a.mov", {1001, 1049}};
    const auto made = pass_of(params, artefact);
    const std::string written = moving(made).sidecars_of(clip).at(0).text;
    for (const json& given : {json::parse(written), artefact.at("path")}) {
        const auto read = pass_of(params, given);
        for (int frame = 1001; frame < 1049; ++frame)
            CHECK(moving(read).move(frame, {width, height}).facts["crop"] ==
                  moving(made).move(frame, {width, height}).facts["crop"]);
        CHECK(moving(read).sidecars_of(clip).at(0).text == written);
    }
}

TEST_CASE("of another tool's FDL the decision of the job's aspect is taken, for all frames") {
    const auto intent = [](const char* id, int w, int h) -> json {
        return {{"label", std::string("The ") + id},
                {"id", id},
                {"aspect_ratio", {{"width", w}, {"height", h}}},
                {"protection", 0}};
    };
    const auto decision = [](const char* intent_id, double x, double w) -> json {
        return {{"label", intent_id},
                {"id", std::string("c-") + intent_id},
                {"framing_intent_id", intent_id},
                {"dimensions", {{"width", w}, {"height", 180.0}}},
                {"anchor_point", {{"x", x}, {"y", 0.0}}}};
    };
    json fdl = {
        {"version", {{"major", 2}, {"minor", 0}}},
        {"framing_intents", {intent("sq", 1, 1), intent("tall", 9, 16)}},
        {"contexts",
         {{{"label", "any"},
           {"canvases",
            {{{"label", "plate"},
              {"id", "c"},
              {"source_canvas_id", "c"},
              {"dimensions", {{"width", width}, {"height", height}}},
              {"framing_decisions", {decision("sq", 33, 180), decision("tall", 120.5, 101.25)}}}}}}}}};
    const auto left_edge = [&](const json& params) {
        const auto pass = pass_of(params, fdl);
        return moving(pass).move(1017, {width, height}).facts["crop"][0].get<double>();
    };
    CHECK(left_edge({{"aspect", "1:1"}}) == 33);
    CHECK(left_edge({{"aspect", "9:16"}}) == 120.5);
    CHECK_THROWS_AS(left_edge({{"aspect", "4:5"}}), Error);
    fdl["framing_intents"].push_back(intent("sq2", 1, 1));
    fdl["contexts"][0]["canvases"][0]["framing_decisions"].push_back(decision("sq2", 50, 180));
    CHECK_THROWS_AS(left_edge({{"aspect", "1:1"}}), Error);
    CHECK(left_edge({{"aspect", "1:1"}, {"framing", "The sq2"}}) == 50);
    CHECK(left_edge({{"aspect", "1:1"}, {"framing", "sq"}}) == 33);
    CHECK_THROWS_AS(left_edge({{"aspect", "1:1"}, {"framing", "other"}}), Error);
    fdl["contexts"][0]["canvases"][0]["dimensions"]["width"] = 4096;
    CHECK_THROWS_AS(left_edge({{"aspect", "1:1"}}), Error);
}

}  // namespace wetgate::tests
