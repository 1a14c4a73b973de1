#include "pipeline/mover.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/exr.h"
#include "pipeline/plan.h"
#include "pipeline/record.h"
#include "pipeline/run_job.h"
#include "support/refusal.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

using nlohmann::json;
using tests::SmallShot;

/// The job with the models that come with wetgate, or none.
class Moved {
public:
    Moved(const std::string& passes, const std::string& outputs, bool has_models = true)
        : shot({1, 5}, 64, 48, passes, outputs),
          models_(has_models ? std::filesystem::path(WETGATE_SHIPPED_MODELS) : shot.folder / "models", "test",
                  c10::Device(c10::kCPU), false) {
        std::filesystem::create_directories(shot.folder / "models");
    }
    JobTools tools() const { return {shot.colors, shot.runtime, models_, silent_log()}; }
    json run() const { return run_job(*shot.job, {}, {tools(), {}, {}}).result->at("shots")[0]; }
    ShotPlan plan() const {
        return plan_shot(ShotContext(*shot.job, shot.job->shots[0], tools(), {1, 0}), 10, 0);
    }
    void write(const std::string& name, const json& content) const {
        write_atomic(shot.folder / name, content.dump());
    }
    FloatImage made(const std::string& name) const {
        return media::read_worked(media::read_exr(shot.folder / name, 1, {}));
    }

    SmallShot shot;

private:
    nets::JobModels models_;
};

json scene(int first, int last, const std::vector<std::array<double, 5>>& keys) {
    json list = json::array();
    for (const auto& [frame, x, y, w, h] : keys)
        list.push_back(
            {{"frame", static_cast<int>(frame)}, {"x", x}, {"y", y}, {"w", w}, {"h", h}, {"ease", 0}});
    return {{"first", first}, {"last", last}, {"keys", list}};
}
json path_of(const std::vector<json>& scenes) {
    return {{"width", 64}, {"height", 48}, {"scenes", scenes}};
}
std::string reframe(const std::string& more) {
    return R"([{"pass": "reframe", "aspect": "4:3", "size": [64, 48], "path": "path.json")" + more + "}]";
}
constexpr const char* exr = R"([{"name": "o", "path": "out/o.####.exr", "type": "exr"}])";

json facts_of(const json& shot, std::size_t frame) {
    return shot.at("frames").at(frame).at("passes").at(0).at("facts");
}

}  // namespace

TEST_CASE("a push-in goes through the network for its whole scene, and scenes at 1:1 keep the plate's bits") {
    const Moved job(reframe(""), exr);
    job.write("path.json", path_of({scene(1, 2, {{1, 0, 0, 64, 48}}),
                                    scene(3, 4, {{3, 1, 0.75, 62, 46.5}, {4, 16, 12, 32, 24}})}));
    const json shot = job.run();
    CHECK_FALSE(facts_of(shot, 0).contains("enlarged_by"));
    CHECK(facts_of(shot, 2).at("enlarged_by") == "sr_x2");  // 1.03 times, on its way to 2
    CHECK(facts_of(shot, 3).at("enlarged_by") == "sr_x2");
    CHECK(shot.at("models").at(0).at("model") == "sr_x2");
    CHECK(shot.at("models").at(0).at("frames") == "3-4");
    const FloatImage plate = media::read_worked(media::read_exr(job.shot.plate(2), 2, {}));
    const FloatImage still = job.made("out/o.0002.exr");
    CHECK(std::equal(plate.channel(0), plate.channel(0) + 3 * plate.window.area(), still.channel(0)));
    // Of noise a network makes something else than a resampling.
    const Moved plain(reframe(R"(, "enlarge": "resample")"), exr);
    plain.write("path.json", path_of({scene(1, 4, {{1, 16, 12, 32, 24}})}));
    CHECK(facts_of(plain.run(), 3).at("enlarged_by") == "resampling");
    const FloatImage by_network = job.made("out/o.0004.exr"), resampled = plain.made("out/o.0004.exr");
    double apart = 0;
    for (std::size_t i = 0; i < 3 * resampled.window.area(); ++i)
        apart += std::abs(by_network.channel(0)[i] - resampled.channel(0)[i]);
    CHECK(apart / static_cast<double>(3 * resampled.window.area()) > 0.005);
}

TEST_CASE("what goes through the network stays at its place") {
    constexpr double slope = 0.02;
    const Moved job(reframe(""), exr);
    for (const int frame : {1, 2}) {  // a ramp to the right, and one down
        FloatImage ramp = make_float_image({0, 0, 64, 48});
        for (int i = 0; i < 64 * 48; ++i)
            for (int c = 0; c < 3; ++c)
                ramp.channel(c)[i] = static_cast<float>(0.2 + slope * (frame == 1 ? i % 64 : i / 64));
        job.shot.write_plate(frame, ramp);
    }
    job.write("path.json", path_of({scene(1, 4, {{1, 10.3, 8.1, 40, 30}})}));
    job.run();
    const FloatImage right = job.made("out/o.0001.exr"), down = job.made("out/o.0002.exr");
    double off_right = 0, off_down = 0;
    for (int i = 0; i < 64 * 48; ++i) {
        // The crop's edge, and centres of pixels that are 1.6 times as large.
        off_right += right.channel(1)[i] - (0.2 + slope * (10.3 + (i % 64 + 0.5) / 1.6 - 0.5));
        off_down += down.channel(1)[i] - (0.2 + slope * (8.1 + (i / 64 + 0.5) / 1.6 - 0.5));
    }
    CHECK(std::abs(off_right / (64 * 48 * slope)) < 0.1);  // pixels
    CHECK(std::abs(off_down / (64 * 48 * slope)) < 0.1);
}

TEST_CASE("without the network a push-in is resampled, unless the job insists; the plan says by what") {
    const json path = path_of({scene(1, 4, {{1, 16, 12, 32, 24}})});
    std::array<std::int64_t, 2> memory{};
    for (const bool has_models : {true, false}) {
        const Moved job(reframe(""), exr, has_models);
        job.write("path.json", path);
        const ShotPlan plan = job.plan();
        REQUIRE(plan.push_ins.size() == 1);
        CHECK(plan.push_ins[0].scale == doctest::Approx(2));
        CHECK(plan.push_ins[0].by == (has_models ? "sr_x2" : "resampling"));
        memory[has_models ? 1 : 0] = plan.memory_bytes;
        CHECK(facts_of(job.run(), 0).at("enlarged_by") == (has_models ? "sr_x2" : "resampling"));
    }
    CHECK(memory[1] > memory[0] + (std::int64_t{16} << 20));  // the network's layers
    const Moved job(reframe(R"(, "enlarge": "network")"), exr, false);
    job.write("path.json", path);
    CHECK(tests::refusal(ErrorKind::Model, [&] { job.run(); }).find("sr_x2") != std::string::npos);
}

TEST_CASE("a moved half plate asked for as float is not rounded to half") {
    const std::string both =
        R"([{"name": "h", "path": "out/h.####.exr", "type": "exr"},
            {"name": "f", "path": "out/f.####.exr", "type": "exr", "pixel": "float"}])";
    const Moved job(R"([{"pass": "reframe", "aspect": "4:3", "path": "path.json"}])", both);
    job.write("path.json", path_of({scene(1, 4, {{1, 0, 0, 64, 48}})}));
    job.run();
    const FloatImage still = job.made("out/f.0001.exr"), plate = job.made("plates/p.0001.exr");
    CHECK(std::equal(plate.channel(0), plate.channel(0) + 3 * plate.window.area(), still.channel(0)));

    job.write("path.json", path_of({scene(1, 4, {{1, 0.4, 0.3, 63, 47.25}})}));
    job.run();
    const FloatImage rounded = job.made("out/h.0001.exr"), exact = job.made("out/f.0001.exr");
    std::size_t between = 0;
    for (std::size_t i = 0; i < 3 * exact.window.area(); ++i) {
        CHECK(rounded.channel(0)[i] == doctest::Approx(exact.channel(0)[i]).epsilon(0.001));
        between += rounded.channel(0)[i] != exact.channel(0)[i] ? 1 : 0;
    }
    CHECK(between > exact.window.area());
}

TEST_CASE("each canvas says itself what it was filled from") {
    const std::string all = R"([{"name": "wide", "path": "out/w.####.exr", "type": "exr"},
                                {"name": "left", "path": "out/l.####.exr", "type": "exr"},
                                {"name": "right", "path": "out/r.####.exr", "type": "exr"}])";
    const Moved job(R"([{"pass": "stabilise", "edges": "fill", "fill_reach": 1, "artefact": "views.json"},
                        {"pass": "reframe", "aspect": "1:1", "outputs": ["left"], "path": "left.json"},
                        {"pass": "reframe", "aspect": "1:1", "outputs": ["right"], "path": "right.json"}])",
                    all);
    json views = json::array();
    for (int n = 1; n < 5; ++n) {
        views.push_back({{"frame", n},
                         {"dx", n == 2 ? -6.5 : 0.0},
                         {"dy", 0.0},
                         {"rotation", 0.0},
                         {"scale", 1.0},
                         {"rows", {0.0, 0.0}},
                         {"why", "jolt"}});
        if (n > 1)
            views.back()["step"] = {{"a", 1.0}, {"b", 0.0}, {"dx", 4.0}, {"dy", 0.0}, {"rows", {0.0, 0.0}}};
    }
    job.write("views.json", {{"schema", "wetgate.stabilise/1"},
                             {"first_frame", 1},
                             {"window", {0, 0, 64, 48}},
                             {"scenes", json::array({json{{"first_frame", 1}, {"zoom", 1.0}}})},
                             {"views", views}});
    job.write("left.json", path_of({scene(1, 4, {{1, 0, 0, 48, 48}})}));
    job.write("right.json", path_of({scene(1, 4, {{1, 16, 0, 48, 48}})}));
    std::map<std::string, json> fill;
    const json shot = job.run();
    for (const json& output : shot.at("frames").at(1).at("outputs"))
        if (output.contains("fill")) fill[output.at("name")] = output.at("fill");
    REQUIRE(fill.contains("wide"));
    CHECK(fill["wide"].at("filled_px").get<int>() >= 6 * 48);
    // The strip lies on one side.
    CHECK(fill.contains("left") != fill.contains("right"));
}

}  // namespace wetgate::pipeline
