#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include "core/error.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 192;
constexpr int kHeight = 128;
constexpr double kSigma = 0.004;  // of the noise of the plates below
const double kTau = 2 * std::acos(-1.0);

/// A picture whose waves move `speed_px` a frame, with noise that depends on `seed` and the frame alone.
at::Tensor plate(int frame, double speed_px, double sigma = kSigma, unsigned seed = 7) {
    std::mt19937 engine(seed * 1000 + static_cast<unsigned>(frame));
    at::Tensor picture = at::empty({3, kHeight, kWidth}, at::kFloat);
    auto pixels = picture.accessor<float, 3>();
    const double shift = speed_px * frame;
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < kHeight; ++y) {
            for (int x = 0; x < kWidth; ++x) {
                const double u = x + shift;
                double noise =
                    -6;  // twelve uniform numbers: no library's normal distribution, the same everywhere
                for (int k = 0; k < 12; ++k) noise += static_cast<double>(engine()) / 4294967296.0;
                pixels[c][y][x] =
                    static_cast<float>(0.25 + 0.08 * std::sin(kTau * u / 41) * std::sin(kTau * y / 37) +
                                       0.05 * std::sin(kTau * (u + 2 * y) / 23) + sigma * noise);
            }
        }
    }
    return picture;
}

using Damage = std::function<void(at::Tensor&)>;

/// Stars of one photosite and of a lens, fixed in the frame.
void add_stars(at::Tensor& picture) {
    auto pixels = picture.accessor<float, 3>();
    for (int star = 0; star < 120; ++star) {
        const int x = 3 + star * 37 % (kWidth - 6);
        const int y = 3 + star * 53 % (kHeight - 6);
        const double spread = star % 3 == 0 ? 0.2 : 0.5 + 0.1 * (star % 7);
        for (int j = -3; j <= 3; ++j) {
            for (int i = -3; i <= 3; ++i) {
                const double light =
                    (0.1 + 0.02 * (star % 30)) * std::exp(-(i * i + j * j) / (2 * spread * spread));
                for (int c = 0; c < 3; ++c) pixels[c][y + j][x + i] += static_cast<float>(light);
            }
        }
    }
}

passes::PassContext context_of(const json& given, const json& artefact = nullptr) {
    passes::PassContext context;
    context.params = spec::pass_params("pixel_defects", given);
    context.artefact = artefact;
    return context;
}

std::vector<json> facts_of(int frames, double speed_px, const Damage& damage,
                           const json& given = json::object(), int x0 = 0, int y0 = 0) {
    const auto analysis = passes::find_pass("pixel_defects").make_analysis(context_of(given));
    std::vector<json> facts;
    for (int frame = 0; frame < frames; ++frame) {
        at::Tensor picture = plate(frame, speed_px);
        damage(picture);
        facts.push_back(analysis->measure(FakeWindow({device_frame(picture, 1001 + frame, x0, y0)})));
    }
    return facts;
}

json solve(const std::vector<json>& facts, const json& given = json::object()) {
    return passes::find_pass("pixel_defects").make_analysis(context_of(given))->solve(facts, 1001);
}

std::set<std::pair<int, int>> places_of(const json& artefact, const char* list = "defects") {
    std::set<std::pair<int, int>> places;
    for (const json& row : artefact.at(list)) places.insert({row.at("x").get<int>(), row.at("y").get<int>()});
    return places;
}

json row_at(const json& artefact, int x, int y) {
    for (const json& row : artefact.at("defects")) {
        if (row.at("x") == x && row.at("y") == y) return row;
    }
    return {};
}

json map_of(const json& rows) {
    return {{"schema", "wetgate.pixel_defects/1"}, {"defects", rows}};
}

passes::PassResult repair(const at::Tensor& picture, const json& artefact, int x0 = 0, int y0 = 0) {
    const auto pass = passes::find_pass("pixel_defects").make(context_of(json::object(), artefact));
    return pass->run(FakeWindow({device_frame(picture, 1001, x0, y0)}));
}

/// value = 0.125 + 0.03125 x + 0.0625 y: exact in float, as are means of two.
at::Tensor ramp() {
    at::Tensor picture = at::empty({3, 16, 16}, at::kFloat);
    auto pixels = picture.accessor<float, 3>();
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 16; ++y) {
            for (int x = 0; x < 16; ++x) {
                pixels[c][y][x] = 0.125F + 0.03125F * static_cast<float>(x) + 0.0625F * static_cast<float>(y);
            }
        }
    }
    return picture;
}

}  // namespace

TEST_CASE("planted hot, dead and stuck pixels of 6 sigma are all found on a moving plate, and nothing else") {
    std::set<std::pair<int, int>> planted;
    const Damage damage = [&](at::Tensor& picture) {
        auto pixels = picture.accessor<float, 3>();
        for (int i = 0; i < 90; ++i) {
            const int x = 2 + i * 67 % (kWidth - 4);
            const int y = 2 + i * 29 % (kHeight - 4);
            planted.insert({x, y});
            for (int c = 0; c < 3; ++c) {
                if (i % 3 == 0) pixels[c][y][x] += static_cast<float>(6 * kSigma);
                if (i % 3 == 1) pixels[c][y][x] = 0;
                if (i % 3 == 2) pixels[c][y][x] = 0.42F;
            }
        }
    };
    const json artefact = solve(facts_of(24, 1.7, damage));
    CHECK(artefact.at("decision") == "mapped");
    INFO(artefact.at("refused").dump());
    CHECK(places_of(artefact) == planted);
}

TEST_CASE("kinds, channels and values are told in the map") {
    const json artefact = solve(facts_of(24, 2.3, [](at::Tensor& picture) {
        auto pixels = picture.accessor<float, 3>();
        for (int c = 0; c < 3; ++c) {
            pixels[c][40][50] = 0;
            pixels[c][60][90] = 0.5F;
        }
        pixels[1][80][20] += 0.1F;
    }));
    CHECK(row_at(artefact, 50, 40).value("kind", "") == "dead");
    CHECK(row_at(artefact, 90, 60).value("kind", "") == "stuck");
    CHECK(row_at(artefact, 90, 60).value("value", 0.0) == doctest::Approx(0.5).epsilon(0.002));
    CHECK(row_at(artefact, 20, 80).value("kind", "") == "hot");
    CHECK(row_at(artefact, 20, 80).value("channels", "") == "G");
    CHECK(row_at(artefact, 20, 80).value("offset", 0.0) == doctest::Approx(0.1).epsilon(0.1));
    CHECK(row_at(artefact, 50, 40).value("channels", "") == "RGB");
}

TEST_CASE("stars of a static plate are not repaired, single photosites included") {
    const json artefact = solve(facts_of(24, 0, add_stars));
    CHECK(artefact.at("decision") == "undecidable");
    CHECK(artefact.at("defects").empty());
    CHECK(artefact.at("reason").get<std::string>().find("hardly moves") != std::string::npos);
}

TEST_CASE("points inside a car are not repaired because the world outside moves") {
    const auto analysis = passes::find_pass("pixel_defects").make_analysis(context_of(json::object()));
    std::vector<json> facts;
    for (int frame = 0; frame < 24; ++frame) {
        at::Tensor picture = plate(frame, -4);
        picture.narrow(2, 0, 24).copy_(plate(frame, 0).narrow(2, 0, 24));
        for (int y = 10; y < kHeight; y += 12) picture.select(1, y).select(1, 7) += 0.2F;
        facts.push_back(analysis->measure(FakeWindow(picture)));
    }
    const json artefact = solve(facts);
    CHECK(artefact.at("scenes") > 3);
    CHECK(places_of(artefact) == std::set<std::pair<int, int>>{});
    CHECK(artefact.at("decision") == "undecidable");
    CHECK(artefact.at("refused_count") >= 10);
}

TEST_CASE("light that flickers over static stars is no motion") {
    const auto analysis = passes::find_pass("pixel_defects").make_analysis(context_of(json::object()));
    std::vector<json> facts;
    for (int frame = 0; frame < 24; ++frame) {
        at::Tensor picture = plate(frame, 0);
        add_stars(picture);
        picture *= 1 + 0.2 * std::sin(1.3 * frame);
        facts.push_back(analysis->measure(FakeWindow(picture)));
    }
    CHECK(solve(facts).at("decision") == "undecidable");
}

TEST_CASE("stars that move with the picture are not repaired") {
    const auto analysis = passes::find_pass("pixel_defects").make_analysis(context_of(json::object()));
    std::vector<json> facts;
    for (int frame = 0; frame < 24; ++frame) {
        at::Tensor picture = plate(frame, 1);
        at::Tensor stars = at::zeros({3, kHeight, kWidth}, at::kFloat);
        add_stars(stars);
        facts.push_back(analysis->measure(FakeWindow(picture + at::roll(stars, -frame, 2))));
    }
    const json artefact = solve(facts);
    CHECK(artefact.at("decision") == "clean");
    CHECK(artefact.at("defects").empty());
}

TEST_CASE("static_ok repairs what persists on a static plate") {
    const Damage damage = [](at::Tensor& picture) { picture.accessor<float, 3>()[1][30][30] += 0.1F; };
    const json given = {{"static_ok", true}};
    CHECK(places_of(solve(facts_of(12, 0, damage, given), given)) == std::set<std::pair<int, int>>{{30, 30}});
}

TEST_CASE("a shot of few readable frames is not repaired") {
    std::vector<json> facts =
        facts_of(10, 3, [](at::Tensor& picture) { picture.accessor<float, 3>()[1][30][30] += 0.2F; });
    CHECK(solve(facts).at("decision") == "mapped");
    facts[2] = facts[5] = facts[6] = nullptr;
    const json artefact = solve(facts);
    CHECK(artefact.at("decision") == "undecidable");
    CHECK(artefact.at("usable_frames") == 7);
    CHECK(artefact.at("defects").empty());
}

TEST_CASE("a group larger than max_cluster is refused, a smaller one repaired") {
    const Damage damage = [](at::Tensor& picture) {
        for (int c = 0; c < 3; ++c) {
            auto plane = picture.accessor<float, 3>()[c];
            plane[30][30] += 0.3F;
            plane[30][31] += 0.3F;
            for (int i = 0; i < 5; ++i) plane[80][90 + i] += 0.3F;
        }
    };
    const json artefact = solve(facts_of(24, 2.1, damage));
    CHECK(places_of(artefact) == std::set<std::pair<int, int>>{{30, 30}, {31, 30}});
    CHECK(artefact.at("refused_count") == 2);  // the ends: a photosite inside a line does not stand out
    CHECK(places_of(artefact, "refused").contains({90, 80}));
}

TEST_CASE("coordinates are picture coordinates, whatever the data window") {
    const Damage damage = [](at::Tensor& picture) { picture.accessor<float, 3>()[0][30][40] += 0.2F; };
    const json artefact = solve(facts_of(16, 2.1, damage, json::object(), -100, 7));
    CHECK(places_of(artefact) == std::set<std::pair<int, int>>{{-60, 37}});
    at::Tensor picture = plate(0, 0);
    damage(picture);
    const auto result = repair(picture, artefact, -100, 7);
    CHECK(result.touch.sum().item<float>() == 1);
    CHECK(result.touch[0][30][40].item<float>() == 1);
}

TEST_CASE("pixels at the picture's edge and corner are found") {
    const Damage damage = [](at::Tensor& picture) {
        auto plane = picture.accessor<float, 3>()[1];
        plane[0][0] += 0.2F;
        plane[50][0] += 0.2F;
        plane[kHeight - 1][70] += 0.2F;
    };
    CHECK(places_of(solve(facts_of(24, 1.9, damage))) ==
          std::set<std::pair<int, int>>{{0, 0}, {0, 50}, {70, kHeight - 1}});
}

TEST_CASE("pixels that are not finite, and pictures without neighbours, are passed over") {
    const Damage damage = [](at::Tensor& picture) {
        auto plane = picture.accessor<float, 3>()[1];
        plane[20][20] = std::numeric_limits<float>::quiet_NaN();
        plane[60][20] = std::numeric_limits<float>::infinity();
        plane[60][60] = -0.2F;
    };
    CHECK(places_of(solve(facts_of(16, 2, damage))) == std::set<std::pair<int, int>>{{60, 60}});
    const auto analysis = passes::find_pass("pixel_defects").make_analysis(context_of(json::object()));
    const std::vector<json> tiny(16, analysis->measure(FakeWindow(at::zeros({3, 2, 9}, at::kFloat))));
    CHECK(solve(tiny).at("decision") == "undecidable");
}

TEST_CASE("measuring and solving twice gives the same bytes") {
    const Damage damage = [](at::Tensor& picture) { picture.accessor<float, 3>()[2][30][40] += 0.2F; };
    const auto first = facts_of(10, 2, damage);
    const auto second = facts_of(10, 2, damage);
    CHECK(first == second);
    CHECK(solve(first).dump() == solve(second).dump());
}

TEST_CASE("a linear ramp is restored exactly, at an edge too, and nothing else is touched") {
    const at::Tensor whole = ramp();
    at::Tensor damaged = whole.clone();
    for (const auto& [x, y] : {std::pair{5, 7}, {6, 7}, {0, 9}, {12, 0}})
        damaged.select(2, x).select(1, y).fill_(0);
    const auto result = repair(damaged, map_of({{{"x", 5}, {"y", 7}},
                                                {{"x", 6}, {"y", 7}},
                                                {{"x", 0}, {"y", 9}},
                                                {{"x", 12}, {"y", 0}},
                                                {{"x", 99}, {"y", 0}}}));
    CHECK(at::equal(result.pixels, whole));
    CHECK(result.touch.sum().item<float>() == 4);
    CHECK(result.facts.at("repaired") == 4);
}

TEST_CASE("an edge is filled along itself") {
    at::Tensor whole = at::zeros({3, 9, 9}, at::kFloat);
    whole.slice(2, 4, 9).fill_(1);  // a vertical edge
    at::Tensor damaged = whole.clone();
    damaged.select(2, 4).select(1, 4).fill_(0.3);
    CHECK(at::equal(repair(damaged, map_of({{{"x", 4}, {"y", 4}}})).pixels, whole));
}

TEST_CASE("only the channels of a row are filled") {
    at::Tensor damaged = ramp();
    damaged.select(2, 5).select(1, 7).fill_(9);
    const auto result = repair(damaged, map_of({{{"x", 5}, {"y", 7}, {"channels", "G"}}}));
    CHECK(result.pixels[0][7][5].item<float>() == 9);
    CHECK(result.pixels[1][7][5].item<float>() == ramp()[1][7][5].item<float>());
    CHECK(result.pixels[2][7][5].item<float>() == 9);
}

TEST_CASE("without a map, and with an empty one, the frame stays as it is") {
    const at::Tensor picture = ramp();
    for (const json& artefact : {json(nullptr), map_of(json::array())}) {
        const auto result = repair(picture, artefact);
        CHECK(at::equal(result.pixels, picture));
        CHECK(result.touch.sum().item<float>() == 0);
        CHECK(result.facts.at("repaired") == 0);
    }
}

TEST_CASE("an artefact that does not read is refused with its place") {
    const auto message_of = [](const json& artefact) -> std::string {
        try {
            passes::find_pass("pixel_defects").make(context_of(json::object(), artefact));
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Usage);
            return error.message();
        }
        return "";
    };
    CHECK(message_of(json::array()).find("must be an object") != std::string::npos);
    CHECK(message_of({{"defects", json::array()}}).find("schema") != std::string::npos);
    CHECK(message_of(map_of({{{"x", 1}}})).find("/defects/0 has no \"y\"") != std::string::npos);
    CHECK(message_of(map_of({{{"x", 1.5}, {"y", 1}}})).find("/defects/0/x") != std::string::npos);
    CHECK(message_of(map_of({{{"x", 1}, {"y", 1}, {"channels", "A"}}})).find("channels") !=
          std::string::npos);
    CHECK(message_of(map_of({{{"x", 5'000'000'000LL}, {"y", 1}}})).find("/defects/0/x") != std::string::npos);
}

TEST_CASE("facts that were damaged on the way are refused") {
    std::vector<json> facts = facts_of(8, 2, [](at::Tensor&) {});
    const auto refused = [&](const std::function<void(json&)>& damage) {
        std::vector<json> changed = facts;
        damage(changed[3]);
        try {
            solve(changed);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::Input;
        }
        return false;
    };
    CHECK(refused([](json& frame) { frame.erase("window"); }));
    CHECK(refused([](json& frame) { frame["count"] = 1'000'000; }));
    CHECK(refused([](json& frame) { frame["count"] = -1; }));
    CHECK(refused([](json& frame) { frame["window"][2] = 4'000'000'000LL; }));
    CHECK(refused([](json& frame) { frame["grid"] = "AAAA"; }));
    CHECK(refused([](json& frame) { frame["candidates"] = "****"; }));
    CHECK(refused([](json& frame) { frame = 3; }));
}

}  // namespace wetgate::tests
