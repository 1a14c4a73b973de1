#include "pipeline/chain.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/error.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

using passes::FrameWindow;
using passes::PassReach;
using passes::PassResult;

constexpr int width = 12, height = 9;

/// A pass made of a lambda.
class TestPass final : public passes::FramePass {
public:
    using Work = std::function<PassResult(const FrameWindow&)>;
    TestPass(PassReach reach, Work work) : reach_(reach), work_(std::move(work)) {}
    PassReach reach() const override { return reach_; }
    PassResult run(const FrameWindow& window) const override { return work_(window); }

private:
    PassReach reach_;
    Work work_;
};

ChainPass link(const spec::PassSpec& spec, PassReach reach, TestPass::Work work, std::size_t index = 0) {
    return {index, &spec, std::make_shared<TestPass>(reach, std::move(work)), nullptr};
}

PassResult everywhere(const FrameWindow& window, at::Tensor pixels) {
    return {std::move(pixels), at::ones_like(window[0].touch), nlohmann::json::object()};
}

ChainResult make_one(const ShotContext& shot, const std::vector<ChainPass>& passes, int frame) {
    const PassReach reach = Chain::reach_of(passes);
    FrameFeed feed(shot, {Chain::frames_needed({frame}, reach, shot.source_range()),
                          reach.before + reach.after + 1, true});
    Chain chain(shot, passes, feed);
    return chain.make(frame);
}

std::string white_matte(const tests::SmallShot& small, float value, const Box& part,
                        const std::string& name = "matte.exr") {
    HostFrame like;
    like.display_window = {0, 0, width, height};
    FloatImage image = make_float_image(like.display_window);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const bool inside = x >= part.x0 && x < part.x1 && y >= part.y0 && y < part.y1;
            for (int c = 0; c < 3; ++c) image.channel(c)[y * width + x] = inside ? value : 0.0F;
        }
    }
    write_atomic(
        small.folder / name,
        media::encode_exr(media::make_rgb_frame(like, image, SampleType::Half, 0, std::nullopt), {}));
    return name;
}

}  // namespace

TEST_CASE("a window past the shot's end repeats the last frame, and says that it is not real") {
    const tests::SmallShot small({1, 5}, width, height);
    const ShotContext shot = small.context(2);
    const spec::PassSpec spec;
    std::vector<int> numbers;
    std::vector<bool> real;
    make_one(shot,
             {link(spec, {2, 3},
                   [&](const FrameWindow& window) {
                       for (int k = -2; k <= 3; ++k) {
                           numbers.push_back(window[k].number);
                           real.push_back(window.is_real(k));
                       }
                       return everywhere(window, window[0].pixels);
                   })},
             4);
    CHECK(numbers == std::vector<int>{2, 3, 4, 4, 4, 4});
    CHECK(real == std::vector<bool>{true, true, true, false, false, false});
}

TEST_CASE("an unreadable neighbour is replaced by the nearest real frame towards the centre") {
    const tests::SmallShot small({1, 6}, width, height);
    write_atomic(small.plate(2), "no picture at all");
    const ShotContext shot = small.context(1);
    const spec::PassSpec spec;
    std::vector<int> numbers;
    make_one(shot,
             {link(spec, {2, 1},
                   [&](const FrameWindow& window) {
                       for (int k = -2; k <= 1; ++k) numbers.push_back(window[k].number);
                       CHECK(!window.is_real(-1));
                       CHECK(window.is_real(-2));
                       return everywhere(window, window[0].pixels);
                   })},
             3);
    CHECK(numbers == std::vector<int>{1, 3, 3, 4});
}

TEST_CASE("the frames that a shard decodes are its own and the reach around them, inside the shot") {
    CHECK(Chain::frames_needed({10, 20}, {1, 2}, {0, 21}) == std::vector<int>{9, 10, 11, 12, 19, 20});
    CHECK(Chain::frames_needed({0}, {4, 0}, {0, 3}) == std::vector<int>{0});
    CHECK(Chain::frames_needed({}, {4, 4}, {0, 3}).empty());
}

TEST_CASE("a chain that works ahead holds the frames of all windows in work") {
    CHECK(Chain::frames_held({5, 6, 7, 8}, {2, 1}, {0, 20}, 1) == 4);
    CHECK(Chain::frames_held({5, 6, 7, 8}, {2, 1}, {0, 20}, 2) == 6);  // 3..8 while 5 is made
    CHECK(Chain::frames_held({5, 6, 7, 8}, {2, 1}, {0, 20}, 9) == 7);  // 3..9
    CHECK(Chain::frames_held({2, 10, 18}, {1, 1}, {0, 20}, 1) == 3);
    CHECK(Chain::frames_held({2, 10, 18}, {1, 1}, {0, 20}, 2) == 9);  // 1..3, 9..11, 17..19
    CHECK(Chain::frames_held({0, 1}, {4, 4}, {0, 2}, 4) == 9);        // no less than a window
}

TEST_CASE("a chain with threads works on frames at the same time, and gives them in order") {
    const tests::SmallShot small({1, 9}, width, height);
    const ShotContext shot = small.context(3);
    const spec::PassSpec spec;
    std::mutex mutex;
    std::condition_variable changed;
    int inside = 0, most = 0;
    const FrameSet frames = frames_of({1, 9});
    const auto pass = link(spec, {1, 1}, [&](const FrameWindow& window) {
        std::unique_lock lock(mutex);
        most = std::max(most, ++inside);
        changed.notify_all();
        // Two meet, or the test is slow for nothing.
        changed.wait_for(lock, std::chrono::seconds(2), [&] { return most >= 2; });
        --inside;
        return everywhere(window, window[-1].pixels + window[1].pixels);
    });
    FrameFeed feed(shot, {frames, Chain::frames_held(frames, {1, 1}, shot.source_range(), 3), true});
    Chain chain(shot, {pass}, feed, {frames, 3});
    for (const int frame : frames) {
        chain.release_below(frame);
        const at::Tensor made = chain.make(frame).frame.pixels;
        const FloatImage before = tests::SmallShot::picture(std::max(1, frame - 1), width, height);
        const FloatImage after = tests::SmallShot::picture(std::min(8, frame + 1), width, height);
        CHECK(made[1][4][5].item<float>() ==
              doctest::Approx(before.channel(1)[4 * width + 5] + after.channel(1)[4 * width + 5])
                  .epsilon(2e-3));
    }
    CHECK(most >= 2);
}

TEST_CASE("the fault of a frame that is made ahead comes when the frame is asked for") {
    const tests::SmallShot small({1, 7}, width, height);
    write_atomic(small.plate(5), "no picture at all");
    const ShotContext shot = small.context(4);
    const spec::PassSpec spec;
    const FrameSet frames = frames_of({1, 7});
    const auto pass = link(spec, {}, [](const FrameWindow& window) {
        if (window[0].number == 3) throw Error(ErrorKind::Internal, "three");
        return everywhere(window, window[0].pixels);
    });
    FrameFeed feed(shot, {frames, Chain::frames_held(frames, {}, shot.source_range(), 4), true});
    Chain chain(shot, {pass}, feed, {frames, 4});
    std::vector<int> made, failed;
    for (const int frame : frames) {
        chain.release_below(frame);
        try {
            made.push_back(chain.make(frame).frame.number);
        } catch (const Error& error) {
            CHECK(error.kind() == (frame == 3 ? ErrorKind::Internal : ErrorKind::Input));
            failed.push_back(frame);
        }
    }
    CHECK(made == std::vector<int>{1, 2, 4, 6});
    CHECK(failed == std::vector<int>{3, 5});
}

TEST_CASE("a chain that is left while it works ahead ends") {
    const tests::SmallShot small({1, 9}, width, height);
    const ShotContext shot = small.context(4);
    const spec::PassSpec spec;
    const FrameSet frames = frames_of({1, 9});
    std::atomic<int> begun = 0;
    {
        std::vector<ChainPass> passes;
        for (int i = 0; i < 3; ++i) {
            passes.push_back(link(spec, {1, 1}, [&](const FrameWindow& window) {
                ++begun;
                return everywhere(window, window[0].pixels);
            }));
        }
        FrameFeed feed(shot, {frames, Chain::frames_held(frames, {3, 3}, shot.source_range(), 4), true});
        Chain chain(shot, passes, feed, {frames, 4});
        chain.make(1);
    }
    CHECK(begun >= 6);  // 1..3 of the first pass, 1..2 of the second, 1 of the third
    CHECK(begun <= 24);
}

TEST_CASE("a pixel that no pass touches keeps its value, whatever the pass returns for it") {
    const tests::SmallShot small({1, 3}, width, height);
    const ShotContext shot = small.context(1);
    const spec::PassSpec spec;
    const ChainResult result = make_one(shot,
                                        {link(spec, {},
                                              [](const FrameWindow& window) {
                                                  PassResult made =
                                                      everywhere(window, window[0].pixels + 9.0);
                                                  made.touch.zero_();
                                                  made.touch[0][4][5] = 1.0;
                                                  return made;
                                              })},
                                        1);
    const FloatImage source = result.source->working;
    const at::Tensor before = at::from_blob(source.data->data(), {3, height, width}, at::kFloat);
    const at::Tensor changed = (result.frame.pixels != before).any(0);
    CHECK(changed.count_nonzero().item<int>() == 1);
    CHECK(changed[4][5].item<bool>());
    CHECK(result.frame.touch.sum().item<float>() == 1.0F);
    REQUIRE(result.passes.size() == 1);
    CHECK(result.passes[0].bounds == Box{5, 4, 6, 5});
    CHECK(result.passes[0].fraction == doctest::Approx(1.0 / (width * height)).epsilon(1e-4));
}

TEST_CASE("strength mixes a pass's change in") {
    const tests::SmallShot small({1, 2}, width, height);
    const ShotContext shot = small.context(1);
    spec::PassSpec spec;
    spec.strength = 0.25;
    const ChainResult result =
        make_one(shot,
                 {link(spec, {},
                       [](const FrameWindow& window) { return everywhere(window, window[0].pixels + 1.0); })},
                 1);
    const at::Tensor before =
        at::from_blob(result.source->working.data->data(), {3, height, width}, at::kFloat);
    CHECK(at::allclose(result.frame.pixels, before + 0.25, 0, 1e-6));
}

TEST_CASE(
    "limit_stops bounds the change of every sample, also of negative ones, and frees what was not finite") {
    const tests::SmallShot small({1, 2}, width, height);
    const ShotContext shot = small.context(1);
    spec::PassSpec plain, limited;
    limited.limit_stops = 1.0;
    const auto make_negative = [](const FrameWindow& window) {
        at::Tensor pixels = window[0].pixels.clone();
        pixels[0].fill_(-0.5);
        pixels[1].fill_(0.25);
        pixels[2].fill_(std::numeric_limits<float>::quiet_NaN());
        return everywhere(window, pixels);
    };
    const ChainResult result = make_one(
        shot,
        {link(plain, {}, make_negative, 0),
         link(
             limited, {}, [](const FrameWindow& w) { return everywhere(w, at::full_like(w[0].pixels, 7.0)); },
             1)},
        1);
    CHECK(result.frame.pixels[0].max().item<float>() == -0.25F);  // at most one stop from -0.5, towards 7
    CHECK(result.frame.pixels[1].min().item<float>() == 0.5F);
    CHECK(result.frame.pixels[2].min().item<float>() == 7.0F);
}

TEST_CASE(
    "a pass that asks for them sees its neighbours' mattes, and one without a file as covered all over") {
    const tests::SmallShot small({1, 5}, width, height);
    white_matte(small, 1.0F, {0, 0, 2, 9}, "m.0002.exr");
    white_matte(small, 1.0F, {0, 0, 5, 9}, "m.0003.exr");
    spec::MatteSpec matte;
    matte.name = "m";
    matte.path.text = "m.####.exr";
    matte.path.pattern = spec::PathPattern::parse(matte.path.text).resolved(small.folder.path());
    matte.channel = "R";
    small.job->shots[0].mattes["m"] = matte;
    const ShotContext shot = small.context(2);
    spec::PassSpec spec;
    spec.matte = "m";
    std::vector<int> covered;
    ChainPass asks = link(spec, {1, 1}, [&](const FrameWindow& window) {
        for (int k = -1; k <= 1; ++k) covered.push_back(window.matte(k).sum().item<int>());
        return everywhere(window, window[0].pixels);
    });
    passes::PassEntry entry;
    entry.neighbour_mattes = true;
    asks.entry = std::make_shared<passes::PassEntry>(entry);
    make_one(shot, {asks}, 3);
    CHECK(covered == std::vector<int>{2 * height, 5 * height, width * height});

    const ChainPass does_not = link(spec, {1, 1}, [](const FrameWindow& window) {
        CHECK(window.matte().defined());
        CHECK_THROWS_AS(window.matte(1), Error);
        return everywhere(window, window[0].pixels);
    });
    make_one(shot, {does_not}, 3);
}

TEST_CASE("a matte bounds where a pass works, protect where it does not") {
    tests::SmallShot small({1, 2}, width, height);
    auto& mattes = small.job->shots[0].mattes;
    spec::MatteSpec matte;
    matte.name = "m";
    matte.path.text = white_matte(small, 1.0F, {2, 3, 6, 8});
    matte.path.pattern = spec::PathPattern::parse(matte.path.text).resolved(small.folder.path());
    matte.channel = "R";
    mattes["m"] = matte;
    const ShotContext shot = small.context(1);
    const auto brighter = [](const FrameWindow& window) {
        return everywhere(window, window[0].pixels + 1.0);
    };

    spec::PassSpec inside;
    inside.matte = "m";
    const ChainResult in = make_one(shot, {link(inside, {}, brighter)}, 1);
    CHECK(in.frame.touch.sum().item<float>() == 4 * 5);
    CHECK(in.passes[0].bounds == Box{2, 3, 6, 8});

    spec::PassSpec outside;
    outside.protect = "m";
    const ChainResult out = make_one(shot, {link(outside, {}, brighter)}, 1);
    CHECK(out.frame.touch.sum().item<float>() == width * height - 4 * 5);
    CHECK((in.frame.touch + out.frame.touch).eq(1).all().item<bool>());
}

TEST_CASE("a pass runs only on the frames that the job names") {
    const tests::SmallShot small({1, 4}, width, height);
    const ShotContext shot = small.context(1);
    spec::PassSpec spec;
    spec.frames = FrameSet{2};
    const auto brighter = [](const FrameWindow& window) {
        return everywhere(window, window[0].pixels + 1.0);
    };
    CHECK(make_one(shot, {link(spec, {}, brighter)}, 1).passes.empty());
    CHECK(make_one(shot, {link(spec, {}, brighter)}, 2).passes.size() == 1);
}

TEST_CASE("a frame's seed depends on shot, frame and pass alone") {
    const tests::SmallShot small({1, 4}, width, height);
    const spec::PassSpec spec;
    const auto seeds = [&](int threads, int frame) {
        const ShotContext shot = small.context(threads);
        std::vector<std::uint64_t> list;
        const auto note = [&list](const FrameWindow& window) {
            list.push_back(window.seed());
            return everywhere(window, window[0].pixels);
        };
        make_one(shot, {link(spec, {}, note, 0), link(spec, {}, note, 1)}, frame);
        return list;
    };
    CHECK(seeds(1, 2) == seeds(3, 2));
    CHECK(seeds(1, 2) != seeds(1, 3));
    CHECK(seeds(1, 2)[0] != seeds(1, 2)[1]);
}

}  // namespace wetgate::pipeline
