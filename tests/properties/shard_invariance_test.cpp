// Promise 1: any split of a shot into frame ranges gives the same bits as one run. Random chains of random
// passes.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <map>

#include "compute/transfer.h"
#include "core/hash.h"
#include "pipeline/chain.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

using tests::hashed;

constexpr FrameRange shot_range{1, 25};
constexpr int chains = 12;
constexpr int most_reach = 4;

/// Mixes its whole window, the edges' flags and its seed into the picture, so that any frame too few shows.
class MixingPass final : public passes::FramePass {
public:
    MixingPass(passes::PassReach reach, double weight) : reach_(reach), weight_(weight) {}
    passes::PassReach reach() const override { return reach_; }
    passes::PassResult run(const passes::FrameWindow& window) const override {
        at::Tensor pixels = window[0].pixels * 0.5;
        for (int k = -reach_.before; k <= reach_.after; ++k) {
            const double part = weight_ * (k + 7) * (window.is_real(k) ? 1.0 : -0.5);
            pixels = pixels + window[k].pixels * part;
        }
        pixels = pixels + static_cast<double>(window.seed() % 1000) * 1e-5;
        return {pixels, (window[0].pixels.slice(0, 0, 1) > 0.3).to(at::kFloat), nlohmann::json::object()};
    }

private:
    passes::PassReach reach_;
    double weight_;
};

std::vector<ChainPass> random_chain(const spec::PassSpec& spec, std::uint64_t seed) {
    const auto length = static_cast<std::size_t>(1 + hashed(seed, 1) * 4);
    std::vector<ChainPass> chain;
    for (std::size_t i = 0; i < length; ++i) {
        const passes::PassReach reach{static_cast<int>(hashed(seed, i, 2) * (most_reach + 1)),
                                      static_cast<int>(hashed(seed, i, 3) * (most_reach + 1))};
        chain.push_back({i, &spec, std::make_shared<MixingPass>(reach, 0.01 * hashed(seed, i, 4)), nullptr});
    }
    return chain;
}

std::map<int, std::string> made(const ShotContext& shot, const std::vector<ChainPass>& passes,
                                const FrameSet& frames) {
    const passes::PassReach reach = Chain::reach_of(passes);
    const int at_once = shot.io_threads();
    FrameFeed feed(shot, {Chain::frames_needed(frames, reach, shot.source_range()),
                          Chain::frames_held(frames, reach, shot.source_range(), at_once), true});
    Chain chain(shot, passes, feed, {frames, at_once});
    std::map<int, std::string> hashes;
    for (const int frame : frames) {
        chain.release_below(frame);
        const FloatImage image = compute::download(chain.make(frame).frame);
        hashes[frame] = content_hash(image.data->span());
    }
    return hashes;
}

std::map<int, std::string> made_in_parts(const ShotContext& shot, const std::vector<ChainPass>& passes,
                                         const std::vector<FrameSet>& parts) {
    std::map<int, std::string> all;
    for (const FrameSet& part : parts) all.merge(made(shot, passes, part));
    return all;
}

std::vector<FrameSet> random_split(std::uint64_t seed) {
    std::vector<FrameSet> parts(2 + static_cast<std::size_t>(hashed(seed, 50) * 4));
    const bool scattered = hashed(seed, 51) < 0.3;
    std::size_t current = 0;
    for (const int frame : frames_of(shot_range)) {
        const double draw = hashed(seed, static_cast<std::uint64_t>(frame), 52);
        if (scattered) {
            current = static_cast<std::size_t>(draw * static_cast<double>(parts.size()));
        } else if (draw < 0.2 && current + 1 < parts.size()) {
            ++current;
        }
        parts[current].push_back(frame);
    }
    std::erase_if(parts, [](const FrameSet& part) { return part.empty(); });
    return parts;
}

}  // namespace

TEST_CASE(
    "any split of a shot gives the same bits as one run, whatever the passes reach and the threads are") {
    const tests::SmallShot small(shot_range, 20, 14);
    const spec::PassSpec spec;
    for (std::uint64_t seed = 1; seed <= chains; ++seed) {
        CAPTURE(seed);
        const ShotContext shot = small.context(1 + static_cast<int>(seed % 4));
        const std::vector<ChainPass> passes = random_chain(spec, seed);
        const auto whole = made(small.context(1), passes, frames_of(shot_range));
        REQUIRE(whole.size() == static_cast<std::size_t>(shot_range.size()));
        for (std::uint64_t split = 0; split < 3; ++split)
            CHECK(made_in_parts(shot, passes, random_split(seed * 10 + split)) == whole);

        std::vector<FrameSet> singles;
        for (const int frame : frames_of(shot_range)) singles.push_back({frame});
        CHECK(made_in_parts(shot, passes, singles) == whole);
        std::reverse(singles.begin(), singles.end());
        CHECK(made_in_parts(shot, passes, singles) == whole);
    }
}

TEST_CASE("a pass that reached one frame further than it declares is caught") {
    class Liar final : public passes::FramePass {
        passes::PassReach reach() const override { return {0, 0}; }
        passes::PassResult run(const passes::FrameWindow& window) const override {
            return {window[1].pixels, window[0].touch, {}};
        }
    };
    const tests::SmallShot small({1, 4}, 8, 8);
    const spec::PassSpec spec;
    const ShotContext shot = small.context(1);
    CHECK_THROWS_AS(made(shot, {{0, &spec, std::make_shared<Liar>(), nullptr}}, {1}), Error);
}

}  // namespace wetgate::pipeline
