#include "qc/flashes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace wetgate::qc {
namespace {

/// The light of a cell (0 to 63, 0 to 35) on a frame.
using Light = std::function<std::array<double, 3>(int frame, int x, int y)>;

ShotFacts shot_of(int frames, Rate rate, const Light& light) {
    ShotFacts shot;
    shot.name = "s";
    shot.range = {0, frames};
    shot.rate = rate;
    for (int i = 0; i < frames; ++i) {
        auto facts = std::make_shared<PictureFacts>();
        facts->hash = std::to_string(i);
        Grid& grid = facts->light.grid;
        grid.columns = 64;
        grid.rows = 36;
        for (int y = 0; y < 36; ++y) {
            for (int x = 0; x < 64; ++x) {
                const auto [r, g, b] = light(i, x, y);
                grid.luminance.push_back(static_cast<float>(0.2126 * r + 0.7152 * g + 0.0722 * b));
                grid.red.push_back(static_cast<float>(std::max(0.0, r - g - b)));
                grid.is_red.push_back(r >= 0.8 * (r + g + b) ? 1 : 0);
            }
        }
        FrameFacts frame;
        frame.input = frame.output = facts;
        shot.frames.push_back(std::move(frame));
    }
    return shot;
}

Light grey(std::function<double(int, int, int)> value) {
    return [value](int frame, int x, int y) {
        const double v = value(frame, x, y);
        return std::array<double, 3>{v, v, v};
    };
}

/// True in the first half of each period of a square wave.
bool is_high(int frame, double hz, double fps) {
    return std::fmod(frame * hz / fps + 1e-9, 1.0) < 0.5;
}

bool fails(const ShotFacts& shot, const char* check = "pse_luminance") {
    const std::vector<Finding> findings = run_checks(shot, {}).findings;
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.check == check; });
}

ShotFacts square_wave(double hz, Rate rate, double low, double high, int cells = 64 * 36) {
    const int frames = static_cast<int>(4 * rate.fps());
    return shot_of(frames, rate, grey([=](int frame, int x, int y) {
                       return y * 64 + x < cells && is_high(frame, hz, rate.fps()) ? high : low;
                   }));
}

}  // namespace

TEST_CASE("more than three flashes in a second fail at every rate, three or fewer do not") {
    for (const Rate rate :
         {Rate{24000, 1001}, Rate{24, 1}, Rate{25, 1}, Rate{30000, 1001}, Rate{50, 1}, Rate{60000, 1001}}) {
        CAPTURE(rate.fps());
        // Where the half period is a whole number of frames, as the counts of a real picture are.
        CHECK(fails(square_wave(rate.fps() / 6, rate, 0.1, 0.6)));  // over 3.9 Hz
        CHECK(fails(square_wave(3.5, rate, 0.1, 0.6)));
        CHECK(!fails(square_wave(2.4, rate, 0.1, 0.6)));
        CHECK(!fails(square_wave(1.0, rate, 0.1, 0.6)));
    }
    for (const Rate rate : {Rate{24, 1}, Rate{25, 1}, Rate{50, 1}}) {
        CHECK(!fails(square_wave(3.0, rate, 0.1, 0.6)));
        CHECK(fails(square_wave(3.1, rate, 0.1, 0.6)));
    }
}

TEST_CASE("a change counts from a tenth of white on") {
    CHECK(fails(square_wave(5, {25, 1}, 0.2, 0.3001)));
    CHECK(!fails(square_wave(5, {25, 1}, 0.2, 0.2995)));
}

TEST_CASE("the darker state must be below 0.8 of white") {
    CHECK(fails(square_wave(5, {25, 1}, 0.795, 0.93)));
    CHECK(!fails(square_wave(5, {25, 1}, 0.805, 0.93)));
}

TEST_CASE("more than a quarter of the picture must flash") {
    CHECK(!fails(square_wave(5, {25, 1}, 0.1, 0.6, 576)));  // 25.0 %
    CHECK(fails(square_wave(5, {25, 1}, 0.1, 0.6, 577)));
}

TEST_CASE("halves that flash against each other count once a change") {
    const ShotFacts shot =
        shot_of(100, {25, 1},
                grey([](int frame, int x, int) { return is_high(frame, 5, 25) == (x < 32) ? 0.6 : 0.1; }));
    CHECK(fails(shot));
    const std::vector<int> counts =
        transitions_a_second(transitions(shot, Side::Output, FlashKind::Luminance), 100, {25, 1});
    CHECK(*std::max_element(counts.begin(), counts.end()) == 10);  // five flashes
}

TEST_CASE("scattered places that flash together count, a texture that passes by does not") {
    const ShotFacts squares =
        shot_of(100, {25, 1}, grey([](int frame, int x, int y) {
                    return (x / 8 + y / 4) % 2 == 0 && is_high(frame, 5, 25) ? 0.6 : 0.1;
                }));
    CHECK(fails(squares));
    const ShotFacts texture =
        shot_of(100, {25, 1}, grey([](int frame, int x, int y) {
                    return 0.35 + 0.25 * std::sin(1.3 * (x + 2 * frame)) * std::sin(0.9 * y);
                }));
    CHECK(!fails(texture));
}

TEST_CASE("ramps add up to a change") {
    // Up over two frames, down over two, 5 Hz at 20 frames a second.
    const ShotFacts shot = shot_of(80, {20, 1}, grey([](int frame, int, int) {
                                       const double steps[] = {0.1, 0.35, 0.6, 0.35};
                                       return steps[frame % 4];
                                   }));
    CHECK(fails(shot));
}

TEST_CASE("a fade, a cut and one flash are no fault") {
    CHECK(!fails(shot_of(75, {25, 1}, grey([](int frame, int, int) { return frame / 75.0; }))));
    CHECK(!fails(shot_of(75, {25, 1}, grey([](int frame, int, int) { return frame < 30 ? 0.1 : 0.7; }))));
    CHECK(!fails(shot_of(75, {25, 1}, grey([](int frame, int, int) { return frame == 30 ? 0.9 : 0.1; }))));
}

TEST_CASE("saturated red that comes and goes at one luminance fails, a paler one does not") {
    const auto flashing = [](double red_share) {
        return shot_of(100, {25, 1}, [red_share](int frame, int, int) -> std::array<double, 3> {
            // Both states have the luminance 0.16.
            if (!is_high(frame, 5, 25)) return {0.16, 0.16, 0.16};
            const double other = (1 - red_share) / 2;
            const double scale = 0.16 / (0.2126 * red_share + 0.7874 * other);
            return {scale * red_share, scale * other, scale * other};
        });
    };
    CHECK(fails(flashing(0.81), "pse_red"));
    CHECK(!fails(flashing(0.79), "pse_red"));
    CHECK(!fails(flashing(0.81)));  // luminance stands still
}

TEST_CASE("two to three flashes a second for more than four of five seconds are reported as such") {
    const auto wave = [](double hz, int frames) {
        return shot_of(frames, {25, 1},
                       grey([hz](int frame, int, int) { return is_high(frame, hz, 25) ? 0.6 : 0.1; }));
    };
    CHECK(fails(wave(2.5, 150), "pse_extended"));
    CHECK(!fails(wave(2.5, 60), "pse_extended"));
    CHECK(!fails(wave(1.25, 150), "pse_extended"));
    CHECK(!fails(wave(2.5, 150)));
}

TEST_CASE("flashes are one finding from their first change to the end of the last full second") {
    const ShotFacts shot = shot_of(100, {25, 1}, grey([](int frame, int, int) {
                                       return frame >= 20 && frame < 60 && is_high(frame, 5, 25) ? 0.6 : 0.1;
                                   }));
    const std::vector<Finding> findings = run_checks(shot, {}).findings;
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [](const Finding& finding) { return finding.check == "pse_luminance"; });
    REQUIRE(found != findings.end());
    CHECK(found->severity == Severity::Blocker);
    CHECK(found->first_frame == 20);
    CHECK(found->end_frame >= 60);
    CHECK(found->end_frame <= 60 + 25);
    CHECK(found->value == 5);
    CHECK(std::count_if(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.check == "pse_luminance"; }) == 1);
}

TEST_CASE("a frame that is not there ends what was going on") {
    ShotFacts shot = square_wave(5, {25, 1}, 0.1, 0.6);
    for (std::size_t i = 0; i < shot.frames.size(); i += 10)
        shot.frames[i].input = shot.frames[i].output = nullptr;
    CHECK(!transitions(shot, Side::Output, FlashKind::Luminance).empty());
}

}  // namespace wetgate::qc
