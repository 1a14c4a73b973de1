#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "passes/pass.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int kWidth = 240;
constexpr int kHeight = 160;
constexpr int kFrames = 15;
constexpr int kFirstSeen = 5, kLastSeen = 9;  // index

const ShotPass intruder_pass("intruder");

/// A boom: a pole from the top with a microphone on it, `depth` px into the picture.
at::Tensor boom(int depth) {
    at::Tensor matte = at::zeros({1, kHeight, kWidth});
    if (depth <= 0) return matte;
    matte.narrow(1, 0, depth).narrow(2, 100, 10).fill_(1);
    matte.narrow(1, std::max(0, depth - 12), 12).narrow(2, 92, 26).fill_(1);
    return matte;
}

struct Planted {
    std::vector<at::Tensor> shot, mattes;
};

/// A pan; the boom dips in and out.
Planted planted() {
    Planted made;
    for (int i = 0; i < kFrames; ++i) {
        const int depth = i < kFirstSeen || i > kLastSeen ? 0 : 40 - 8 * std::abs(i - 7);
        made.mattes.push_back(boom(depth));
        made.shot.push_back(at::where(made.mattes.back() > 0, at::full({}, 0.004F),
                                      texture(kWidth, kHeight, 3.0 * i, 0.5 * i, 3, 8)));
    }
    return made;
}

}  // namespace

TEST_CASE("a boom that dips in is found on its frames, and no pixel is changed") {
    const Planted plates = planted();
    const json artefact = intruder_pass.solved(plates.shot, json::object());
    REQUIRE(artefact["intruders"].size() == 1);
    CHECK(artefact["intruders"][0]["edge"] == "top");
    for (int i = 0; i < kFrames; ++i) {
        CAPTURE(i);
        const auto made = intruder_pass.run(plates.shot, i, artefact, json::object());
        CHECK(at::equal(made.pixels, plates.shot[i]));
        CHECK(made.touch.count_nonzero().item<int>() == 0);
        const bool is_seen = i >= kFirstSeen && i <= kLastSeen;
        CHECK(made.facts.contains("intruders") == is_seen);
        const double own = plates.mattes[i].sum().item<double>();
        const double both = (made.matte * plates.mattes[i]).sum().item<double>();
        const double found = made.matte.sum().item<double>();
        if (is_seen) {
            CHECK(both > 0.95 * own);
            CHECK(found < 2 * own);
            CHECK(made.facts["covered"].get<double>() > 0);
        } else {
            CHECK(found == 0);
        }
    }
}

TEST_CASE("only the edges that are asked for count, and how long and how large it has to be") {
    const Planted plates = planted();
    CHECK(intruder_pass.solved(plates.shot, {{"edges", {"left", "bottom"}}})["intruders"].empty());
    CHECK(intruder_pass.solved(plates.shot, {{"edges", {"top"}}})["intruders"].size() == 1);
    CHECK(intruder_pass.solved(plates.shot, {{"least_frames", 6}})["intruders"].empty());
    CHECK(intruder_pass.solved(plates.shot, {{"least_area", 0.1}})["intruders"].empty());
}

TEST_CASE("what moves inside the picture without having come in is no intruder") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i) {
        shot.push_back(texture(kWidth, kHeight, 0, 0, 3, 8));
        shot.back().narrow(1, 60, 30).narrow(2, 40 + 9 * i, 30).fill_(0.004F);
    }
    CHECK(intruder_pass.solved(shot, json::object())["intruders"].empty());
    // From the left edge on it is followed into the picture.
    for (int i = 0; i < kFrames; ++i) {
        shot[i] = texture(kWidth, kHeight, 0, 0, 3, 8);
        shot[i].narrow(1, 60, 30).narrow(2, 9 * i, 30).fill_(0.004F);
    }
    const json artefact = intruder_pass.solved(shot, json::object());
    REQUIRE(artefact["intruders"].size() == 1);
    CHECK(artefact["intruders"][0]["edge"] == "left");
    CHECK(artefact["intruders"][0]["frames"].size() == kFrames);
}

TEST_CASE("pans, cuts, values of any kind and pictures of any size have none") {
    std::vector<at::Tensor> shot;
    for (int i = 0; i < kFrames; ++i)
        shot.push_back(i < 7 ? texture(kWidth, kHeight, 5.0 * i, 0, 3, 8)
                             : texture(kWidth, kHeight, 0, 4.0 * i, 9, 8).square() * 9);
    CHECK(intruder_pass.solved(shot, json::object())["intruders"].empty());
    shot[2][0].narrow(0, 40, 30).narrow(1, 40, 30).fill_(std::numeric_limits<float>::quiet_NaN());
    shot[3][1].narrow(0, 60, 10).fill_(std::numeric_limits<float>::infinity());
    CHECK_NOTHROW(intruder_pass.solved(shot, json::object()));
    for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 33}, {300, 2}}) {
        std::vector<at::Tensor> small;
        for (int i = 0; i < 7; ++i) small.push_back(texture(width, height, 0, 0));
        const json artefact = intruder_pass.solved(small, json::object());
        CHECK(artefact["intruders"].empty());
        CHECK(intruder_pass.run(small, 1, artefact, json::object()).matte.sum().item<float>() == 0);
    }
}

TEST_CASE("outlines may be edited; those that make no sense are refused by their place") {
    const Planted plates = planted();
    json artefact = intruder_pass.solved(plates.shot, json::object());
    json& outlines = artefact["intruders"][0]["frames"][0]["outlines"];
    outlines = {{{10, 100}, {20, 100}, {20, 110}, {10, 110}}};
    const auto made = intruder_pass.run(plates.shot, kFirstSeen, artefact, json::object());
    CHECK(made.matte[0][105][15].item<float>() == 1);
    CHECK(made.matte[0][50][15].item<float>() == 0);
    outlines = {{{10, 100}, {20, 100}}};
    CHECK(refusal(ErrorKind::Usage, [&] {
              passes::find_pass("intruder").make(intruder_pass.context(json::object(), artefact));
          }).find("/intruders/0/frames/0/outlines/0") != std::string::npos);
}

}  // namespace wetgate::tests
