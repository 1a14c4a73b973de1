#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "qc/metrics.h"
#include "support/qc_clip.h"

namespace wetgate::qc {
namespace {

using tests::changed;
using tests::facts_of;
using tests::hashed_normal;
using tests::look;
using tests::pan;

constexpr int frames = 60;

const std::vector<FloatImage>& clean() {
    static const std::vector<FloatImage> clip = pan(frames);
    return clip;
}

const ShotFacts& clean_facts() {
    static const ShotFacts facts = facts_of(clean());
    return facts;
}

std::shared_ptr<const PictureFacts> facts_of_frame(const FloatImage& picture, std::size_t index,
                                                   const std::vector<float>* touch = nullptr) {
    PictureFacts facts = look(picture, 1001 + static_cast<int>(index), touch,
                              advanced(*clean_facts().start, static_cast<std::int64_t>(index)));
    return std::make_shared<PictureFacts>(std::move(facts));
}

/// The clean clip with some frames made anew, source and output alike.
template <class Make>
ShotFacts planted(std::size_t first, std::size_t end, Make make) {
    ShotFacts shot = clean_facts();
    for (std::size_t i = first; i < end; ++i) {
        shot.frames[i].input = facts_of_frame(make(i), i);
        shot.frames[i].output = shot.frames[i].input;
    }
    return shot;
}

/// The clean clip as the source, some frames of the output made anew.
template <class Make>
ShotFacts made(std::size_t first, std::size_t end, Make make) {
    ShotFacts shot = clean_facts();
    for (std::size_t i = first; i < end; ++i) shot.frames[i].output = facts_of_frame(make(i), i);
    return shot;
}

/// Frames shown in another order.
ShotFacts reordered(const std::vector<std::size_t>& order) {
    ShotFacts shot = clean_facts();
    for (std::size_t i = 0; i < order.size(); ++i) {
        PictureFacts facts = *clean_facts().frames[order[i]].input;
        facts.timecode = clean_facts().frames[i].input->timecode;
        shot.frames[i].input = shot.frames[i].output = std::make_shared<PictureFacts>(std::move(facts));
    }
    return shot;
}

std::vector<std::size_t> in_order() {
    std::vector<std::size_t> order(frames);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
}

FloatImage times(const FloatImage& picture, double gain) {
    return changed(picture, [gain](double value, int, int, int) { return gain * value; });
}

FloatImage flat(double r, double g, double b) {
    return changed(clean()[0], [=](double, int c, int, int) { return c == 0 ? r : c == 1 ? g : b; });
}

struct Planted {
    std::string check;
    std::function<ShotFacts()> shot;
    int first, last;  // frames that are to be named
    int slack = 0;    // at either end, where a fault has no sharp one
    std::string side = "output";
};

const std::vector<Planted>& table() {
    static const std::vector<Planted> rows = {
        {"black", [] { return planted(20, 23, [](std::size_t) { return flat(0, 0, 0); }); }, 1021, 1023},
        {"freeze",
         [] {
             ShotFacts shot = clean_facts();
             for (std::size_t i = 6; i < 56; ++i)
                 shot.frames[i].input = shot.frames[i].output = clean_facts().frames[5].input;
             return shot;
         },
         1006, 1056},
        {"duplicate",
         [] {
             std::vector<std::size_t> order = in_order();
             order[15] = 14;
             return reordered(order);
         },
         1016, 1016},
        {"cadence",
         [] {
             std::vector<std::size_t> order;
             for (std::size_t i = 0; order.size() < frames; ++i) {
                 order.push_back(i);
                 if (i % 4 == 3 && order.size() < frames) order.push_back(i);
             }
             return reordered(order);
         },
         1004, 1060, 1},
        {"dropped",
         [] {
             std::vector<std::size_t> order = in_order();
             for (std::size_t i = 20; i + 1 < order.size(); ++i) order[i] = i + 1;
             return reordered({order.begin(), order.end() - 1});
         },
         1021, 1021},
        {"timecode",
         [] {
             ShotFacts shot = clean_facts();
             for (std::size_t i = 25; i < 30; ++i) {
                 PictureFacts facts = *shot.frames[i].input;
                 facts.timecode = "00:00:00:00";
                 shot.frames[i].input = shot.frames[i].output =
                     std::make_shared<PictureFacts>(std::move(facts));
             }
             return shot;
         },
         1026, 1030},
        {"flash_frame", [] { return planted(18, 19, [](std::size_t i) { return times(clean()[i], 1.8); }); },
         1019, 1019},
        {"flash_frame", [] { return planted(30, 31, [](std::size_t) { return times(clean()[0], 1); }); },
         1031, 1031},
        {"flicker",
         [] {
             return planted(20, 44, [](std::size_t i) {
                 return times(clean()[i], std::exp2(0.08 * hashed_normal(5, i)));
             });
         },
         1021, 1044, 11},
        {"flicker_local",
         [] {
             return planted(10, 40, [](std::size_t i) {
                 return changed(clean()[i], [i](double value, int, int x, int y) {
                     return value *
                            std::exp2(0.15 * hashed_normal(
                                                 6, i, static_cast<std::uint64_t>(100 * (x / 40) + y / 20)));
                 });
             });
         },
         1011, 1040, 11},
        {"flicker_local",  // bands of a lamp
         [] {
             return planted(0, frames, [](std::size_t i) {
                 return changed(clean()[i], [i](double value, int, int, int y) {
                     return value * (1 + 0.15 * std::sin(0.1 * y + 2.1 * static_cast<double>(i)));
                 });
             });
         },
         1001, 1060},
        {"black_level",
         [] {
             return planted(24, frames, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int, int) { return 0.02 + 0.9 * value; });
             });
         },
         1025, 1025},
        {"pse_luminance",
         [] { return planted(10, 40, [](std::size_t i) { return times(clean()[i], i % 4 < 2 ? 0.2 : 3); }); },
         1011, 1060, 10},
        {"pse_red",
         [] {
             return planted(10, 40, [](std::size_t i) {
                 return i % 4 < 2 ? flat(0.7, 0.02, 0.02) : flat(0.16, 0.16, 0.16);
             });
         },
         1011, 1060, 10},
        {"pse_pattern",
         [] {
             return planted(20, 40, [](std::size_t) {
                 return changed(clean()[0],
                                [](double, int, int x, int) { return x / 10 % 2 == 0 ? 0.8 : 0.1; });
             });
         },
         1021, 1040},
        {"negatives",
         [] {
             return planted(12, 15, [](std::size_t i) {
                 return changed(clean()[i],
                                [](double value, int, int x, int) { return x % 50 == 0 ? -0.1 : value; });
             });
         },
         1013, 1015},
        {"over_half",
         [] {
             return planted(33, 34, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int x, int y) {
                     return x == 5 && y == 5 ? 70000.0 : value;
                 });
             });
         },
         1034, 1034},
        {"clipped",
         [] {
             return planted(40, 50, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int, int) { return std::min(value, 0.3); });
             });
         },
         1041, 1050},
        {"gamut",
         [] {
             ShotFacts shot = planted(40, 42, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int c, int x, int) {
                     return c == 0 && x < 20 ? -0.05 : value;
                 });
             });
             shot.is_display_coded = true;
             return shot;
         },
         1041, 1042},
        {"geometry",
         [] {
             return planted(30, 32, [](std::size_t i) {
                 FloatImage picture = tests::copy_of(clean()[i]);
                 picture.window = {4, 0, picture.window.x1 + 4, picture.window.y1};
                 return picture;
             });
         },
         1031, 1032},
        {"black_edges",
         [] {
             return planted(12, 21, [](std::size_t i) {
                 return changed(clean()[i],
                                [](double value, int, int, int y) { return y >= 178 ? 0.0 : value; });
             });
         },
         1013, 1021},
        {"shot_mismatch",
         [] {
             ShotFacts shot = clean_facts();
             shot.references.push_back({"hero", look(times(clean()[0], 1.5), 1)});
             return shot;
         },
         1001, 1060},
        {"dead_pixels",
         [] {
             return planted(0, frames, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int x, int y) {
                     return x == 150 && y == 90 ? 1.0 : value;
                 });
             });
         },
         1001, 1060, 3},
        {"dust",
         [] {
             return planted(22, 23, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int x, int y) {
                     const bool speck = (x % 60 >= 28 && x % 60 < 31) && (y % 50 >= 23 && y % 50 < 26);
                     return speck ? 0.002 : value;
                 });
             });
         },
         1023, 1023},
        {"banding",
         [] {
             return planted(7, 32, [](std::size_t) {  // 1008 and 1032 are looked at
                 return changed(clean()[0], [](double, int, int, int y) {
                     return std::pow((200 + 4 * std::round(8.0 * y / 179) - 64) / 876.0, 2.4);
                 });
             });
         },
         1008, 1032},
        {"blur",
         [] {
             return made(15, 18, [](std::size_t i) {
                 const FloatImage& picture = clean()[i];
                 return changed(picture, [&](double value, int c, int x, int y) {
                     if (x == 0 || x == 319) return value;
                     const float* row = picture.channel(c) + y * 320 + x;
                     return static_cast<double>(row[-1] + 2 * row[0] + row[1]) / 4;
                 });
             });
         },
         1016, 1018},
        {"aliasing",
         [] {
             return made(15, 18, [](std::size_t i) {
                 return changed(clean()[i], [](double value, int, int x, int y) {
                     return value * ((x + y) % 2 == 0 ? 1.03 : 0.97);
                 });
             });
         },
         1016, 1018},
        {"blocking",
         [] {
             return made(15, 18, [](std::size_t i) {
                 return changed(clean()[i], [i](double value, int, int x, int y) {
                     return value * (1 + 0.12 * hashed_normal(i, static_cast<std::uint64_t>(x / 8),
                                                              static_cast<std::uint64_t>(y / 8)));
                 });
             });
         },
         1016, 1018},
        {"limit_hit",
         [] {
             ShotFacts shot = clean_facts();
             for (std::size_t i = 20; i < 24; ++i)
                 shot.frames[i].limited.push_back({3, "grade", i < 22 ? 0.5 : 0.3, 0.5});
             return shot;
         },
         1021, 1022},
        {"temporal_residual",
         [] {
             std::vector<float> touch(clean()[0].window.area());
             for (std::size_t i = 0; i < touch.size(); ++i)
                 touch[i] = i % 320 > 100 && i % 320 < 200 && i / 320 > 60 && i / 320 < 120 ? 1.0F : 0.0F;
             ShotFacts shot = clean_facts();
             for (std::size_t i = 20; i < 40; ++i) {
                 const double gain = std::exp2(0.5 * hashed_normal(8, i));
                 shot.frames[i].output = facts_of_frame(
                     changed(clean()[i],
                             [&](double value, int, int x, int y) {
                                 return touch[static_cast<std::size_t>(y * 320 + x)] > 0 ? gain * value
                                                                                         : value;
                             }),
                     i, &touch);
             }
             return shot;
         },
         1021, 1040, 8},
        {"grain_ratio",
         [] {
             std::vector<float> touch(clean()[0].window.area());
             for (std::size_t i = 0; i < touch.size(); ++i)
                 touch[i] = i % 320 > 100 && i % 320 < 200 && i / 320 > 60 && i / 320 < 120 ? 1.0F : 0.0F;
             ShotFacts shot = clean_facts();
             for (std::size_t i = 20; i < 24; ++i) {
                 shot.frames[i].input = facts_of_frame(clean()[i], i, &touch);
                 const FloatImage& picture = clean()[i];
                 shot.frames[i].output = facts_of_frame(
                     changed(picture,
                             [&](double value, int c, int x, int y) {
                                 if (touch[static_cast<std::size_t>(y * 320 + x)] == 0) return value;
                                 double sum = 0;
                                 for (int dy = -1; dy <= 1; ++dy)
                                     for (int dx = -1; dx <= 1; ++dx)
                                         sum +=
                                             static_cast<double>(picture.channel(c)[(y + dy) * 320 + x + dx]);
                                 return sum / 9;
                             }),
                     i, &touch);
             }
             return shot;
         },
         1021, 1024},
    };
    return rows;
}

std::vector<Finding> of(const std::string& check, const std::vector<Finding>& findings) {
    std::vector<Finding> some;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(some),
                 [&](const Finding& finding) { return finding.check == check; });
    return some;
}

}  // namespace

TEST_CASE("each check finds what was planted, on the right frames") {
    for (const Planted& row : table()) {
        CAPTURE(row.check);
        const CheckResult result = run_checks(row.shot(), {});
        const std::vector<Finding> found = of(row.check, result.findings);
        for (const Finding& finding : found)
            INFO(finding.first_frame << "-" << finding.end_frame - 1 << ": " << finding.message);
        CHECK(found.size() == 1);
        if (found.size() != 1) continue;
        CAPTURE(found[0].first_frame);
        CAPTURE(found[0].end_frame);
        CHECK(std::abs(found[0].first_frame - row.first) <= row.slack);
        CHECK(std::abs(found[0].end_frame - 1 - row.last) <= row.slack);
        CHECK(found[0].side == row.side);
        CHECK(found[0].value >= found[0].threshold);
        CHECK(std::find(result.checked.begin(), result.checked.end(), row.check) != result.checked.end());
    }
}

TEST_CASE("nothing is found in a clean clip") {
    const CheckResult result = run_checks(clean_facts(), {});
    for (const Finding& finding : result.findings) MESSAGE(finding.check << ": " << finding.message);
    CHECK(result.findings.empty());
}

TEST_CASE("every check has a planted fault, and says how it looks and by what it judges") {
    std::vector<std::string> tested = {"legal_range",
                                       "pse_extended"};  // tests of their own, below and in flashes_test
    for (const Planted& row : table()) tested.emplace_back(row.check);
    for (const auto& check : picture_checks()) {
        const CheckInfo& info = check->info();
        CAPTURE(info.name);
        CHECK(std::find(tested.begin(), tested.end(), info.name) != tested.end());
        CHECK(!info.title.empty());
        CHECK(!info.method.empty());
        CHECK(!info.threshold_source.empty());
        CHECK(!info.category.empty());
        CHECK(!info.term.empty());
    }
}

TEST_CASE("what a pass mended is told of the source, and nothing of the output") {
    ShotFacts shot = planted(18, 19, [](std::size_t i) { return times(clean()[i], 1.8); });
    shot.frames[18].output = clean_facts().frames[18].input;
    const std::vector<Finding> found = of("flash_frame", run_checks(shot, {}).findings);
    REQUIRE(found.size() == 1);
    CHECK(found[0].side == "input");
    CHECK(found[0].severity == Severity::Fyi);
    CHECK(found[0].first_frame == 1019);
}

TEST_CASE("what only a crop shows is told of its outputs, and what all show is told once") {
    ShotFacts shot = clean_facts();
    shot.outputs = {"wide"};
    const std::vector<std::string> tall{"tall", "tall_mov"};
    for (std::size_t i = 0; i < shot.frames.size(); ++i)
        shot.frames[i].canvases[tall] = shot.frames[i].output;
    const auto black = facts_of_frame(changed(clean()[20], [](double, int, int, int) { return 0.0; }), 20);
    shot.frames[20].canvases[tall] = black;
    shot.frames[40].output = shot.frames[40].canvases[tall] =
        facts_of_frame(changed(clean()[40], [](double, int, int, int) { return 0.0; }), 40);
    std::vector<std::string> told;
    for (const Finding& finding : run_checks(shot, {}).findings) {
        if (finding.check == "black")
            told.push_back(std::to_string(finding.first_frame) + " " +
                           finding.message.substr(0, finding.message.find(':')));
    }
    CHECK(told == std::vector<std::string>{"1021 outputs 'tall', 'tall_mov'",
                                           "1041 outputs 'wide', 'tall', 'tall_mov'"});
}

TEST_CASE("a job can turn a check off, and set its threshold and severity") {
    const ShotFacts shot = planted(18, 19, [](std::size_t i) { return times(clean()[i], 1.8); });
    CheckSettings settings;
    settings["flash_frame"] = {false, {}, {}};
    CheckResult result = run_checks(shot, settings);
    CHECK(of("flash_frame", result.findings).empty());
    CHECK(std::find(result.checked.begin(), result.checked.end(), "flash_frame") == result.checked.end());
    settings["flash_frame"] = {true, 1.0, {}};  // 0.85 stop is below
    CHECK(of("flash_frame", run_checks(shot, settings).findings).empty());
    settings["flash_frame"] = {true, 0.6, Severity::Blocker};
    const std::vector<Finding> found = of("flash_frame", run_checks(shot, settings).findings);
    REQUIRE(found.size() == 1);
    CHECK(found[0].severity == Severity::Blocker);
    CHECK(found[0].threshold == 0.6);
}

TEST_CASE("facts go into a record and come back as they were, so that shards judge as one run does") {
    ShotFacts again = clean_facts();
    for (FrameFacts& frame : again.frames) {
        frame.input = std::make_shared<PictureFacts>(
            picture_facts_from(nlohmann::json::parse(to_json(*frame.input).dump())));
        frame.output = frame.input;
        // A second time there and back changes nothing more.
        CHECK(to_json(picture_facts_from(to_json(*frame.input))) == to_json(*frame.input));
    }
    CHECK(again.frames[3].input->light.grid.luminance[100] ==
          doctest::Approx(clean_facts().frames[3].input->light.grid.luminance[100]).epsilon(3e-4));
    CHECK(run_checks(again, {}).findings.empty());
    nlohmann::json damaged = to_json(*clean_facts().frames[0].input);
    damaged["light"]["grid"]["luminance"] = "AAAA";
    CHECK_THROWS_AS(picture_facts_from(damaged), Error);
    damaged = to_json(*clean_facts().frames[0].input);
    damaged["levels"].erase("least");
    CHECK_THROWS_AS(picture_facts_from(damaged), Error);
}

TEST_CASE("plots have one entry a frame, and null where there is no picture") {
    ShotFacts shot = clean_facts();
    shot.frames[7].input = shot.frames[7].output = nullptr;
    const nlohmann::json plots = metrics(shot, {});
    REQUIRE(plots.size() > 10);
    for (const nlohmann::json& plot : plots) {
        CAPTURE(plot.at("name").get<std::string>());
        CHECK(plot.at("output").size() == frames);
        CHECK(plot.at("output")[7].is_null());
        CHECK(!plot.contains("input"));
    }
}

TEST_CASE("codes of a movie outside the legal range are counted, and only there") {
    ColorInfo color{1, 1, 1, false, 8, 0, 0.5F};
    FloatImage picture = changed(clean()[0], [](double value, int, int, int) { return std::sqrt(value); });
    HostFrame like;
    like.number = 1;
    HostFrame video = media::make_video_frame(like, picture, color, {2, 2}, std::nullopt);
    const std::function<void(FloatImage&)> none = [](FloatImage&) {};
    const auto illegal = [&](const HostFrame& frame) {
        return measure({frame, media::read_worked(frame), false, none, nullptr}).facts.levels.illegal;
    };
    REQUIRE(illegal(video).has_value());
    CHECK(*illegal(video) == 0);
    Plane& luma = video.worked_part().planes[0];
    luma.make_unique();
    for (int i = 0; i < 3200; ++i) {  // 10 rows of 180
        if (luma.type == SampleType::U8)
            luma.samples<std::uint8_t>()[i] = 240;
        else
            luma.samples<std::uint16_t>()[i] = 240;
    }
    CHECK(*illegal(video) == doctest::Approx(3200.0 / (320 * 180 * 1.5)));
    ShotFacts shot = clean_facts();
    for (std::size_t i = 0; i < shot.frames.size(); ++i) {
        PictureFacts facts = *shot.frames[i].input;
        facts.levels.illegal = i >= 10 && i < 13 ? 0.037 : 0.0;
        shot.frames[i].input = shot.frames[i].output = std::make_shared<PictureFacts>(facts);
    }
    const std::vector<Finding> found = of("legal_range", run_checks(shot, {}).findings);
    REQUIRE(found.size() == 1);
    CHECK(found[0].first_frame == 1011);
    CHECK(found[0].end_frame == 1014);
}

}  // namespace wetgate::qc
