#include "train/trainer.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "core/error.h"
#include "support/temp_folder.h"
#include "train/generators.h"
#include "train/prune.h"

namespace wetgate::train {
namespace {

nets::NetworkShape tiny(double slope = 0.1) {
    return nets::network_shape(
        "resunet",
        {{"cin", 3}, {"widths", {8, 12}}, {"blocks", 1}, {"mid", {1}}, {"residual", 0}, {"slope", slope}},
        "tiny");
}

/// Pictures to be made darker by a third.
Batch darker(std::int64_t step) {
    Dice dice(static_cast<std::uint64_t>(step) + 11);
    const at::Tensor picture = dice.normal({2, 3, 16, 16}) * 0.2 + 0.5;
    return {picture, picture * (2.0 / 3), {}};
}

Recipe recipe_of(std::int64_t steps) {
    Recipe recipe;
    recipe.steps = steps;
    recipe.learning_rate = 3e-3;
    recipe.identity = "test";
    return recipe;
}

bool same(const nets::Tensors& a, const nets::Tensors& b) {
    for (const auto& [name, tensor] : a.by_name) {
        if (tensor.values != b.by_name.at(name).values) return false;
    }
    return a.by_name.size() == b.by_name.size();
}

}  // namespace

TEST_CASE("a fresh network changes nothing, and learns") {
    const nets::Tensors start = nets::fresh_weights(tiny(), 5);
    const Batch batch = darker(0);
    const nets::Network fresh(tiny(), start, "tiny");
    CHECK(at::equal(fresh.forward(batch.input), batch.input));
    const Trained trained = train_network(tiny(), start, darker, recipe_of(200));
    CHECK(trained.losses.size() == 100);
    CHECK(trained.losses.back() < 0.3 * trained.losses.front());
    const nets::Network network(tiny(), trained.weights, "tiny");
    DeadChannelCount dead(network);
    dead.add(batch.input);
    CHECK(dead.share() == 0);
}

TEST_CASE("a training that was stopped goes on to the same weights as one that was not") {
    const tests::TempFolder folder;
    const nets::Tensors start = nets::fresh_weights(tiny(), 5);
    const Trained whole = train_network(tiny(), start, darker, recipe_of(60));

    Recipe recipe = recipe_of(60);
    recipe.checkpoint = folder / "a.checkpoint";
    recipe.checkpoint_every = 1000;
    std::stop_source stop;
    recipe.stop = stop.get_token();
    recipe.progress = [&stop](std::int64_t step, double) {
        if (step == 23) stop.request_stop();
    };
    CHECK_THROWS_AS(train_network(tiny(), start, darker, recipe), Error);
    recipe.stop = {};
    std::int64_t first = 0;
    recipe.progress = [&first](std::int64_t step, double) {
        if (first == 0) first = step;
    };
    const Trained resumed = train_network(tiny(), start, darker, recipe);
    CHECK(first == 24);
    CHECK(same(resumed.weights, whole.weights));
    CHECK(resumed.losses == whole.losses);
}

TEST_CASE("a checkpoint of another training is not gone on with") {
    const tests::TempFolder folder;
    const nets::Tensors start = nets::fresh_weights(tiny(), 5);
    Recipe recipe = recipe_of(20);
    recipe.checkpoint = folder / "a.checkpoint";
    recipe.checkpoint_every = 10;
    const Trained whole = train_network(tiny(), start, darker, recipe);
    std::int64_t first = 0;
    recipe.progress = [&first](std::int64_t step, double) { first = step; };
    CHECK(same(train_network(tiny(), start, darker, recipe).weights, whole.weights));
    CHECK(first == 0);  // done already
    recipe.identity = "other";
    recipe.progress = [&first](std::int64_t step, double) {
        if (first == 0) first = step;
    };
    train_network(tiny(), start, darker, recipe);
    CHECK(first == 1);
}

TEST_CASE("channels that never fire are found in every block") {
    nets::NetworkShape shape = tiny(0.0);
    nets::Tensors weights =
        train_network(shape, nets::fresh_weights(shape, 5), darker, recipe_of(20)).weights;
    for (const std::string block :
         {"enc.0.0", "mid.0", "dec.0.0"}) {  // three channels of each that never fire
        for (std::size_t c = 2; c < 5; ++c) weights.by_name.at(block + ".conv1.bias").values[c] = -1000;
    }
    const nets::Network whole(shape, weights, "whole");
    DeadChannelCount dead(whole);
    dead.add(darker(1).input);
    dead.add(darker(2).input);
    for (const auto& block : dead.dead()) CHECK((block[2] && block[3] && block[4]));
    CHECK(dead.share() >= 9.0 / 28);
}

TEST_CASE("a pruned network is smaller and its answers are those of the whole one") {
    nets::NetworkShape shape = tiny(0.0);
    nets::Tensors weights =
        train_network(shape, nets::fresh_weights(shape, 5), darker, recipe_of(20)).weights;
    for (std::size_t c = 2; c < 5; ++c) weights.by_name.at("mid.0.conv1.bias").values[c] = -1000;
    const nets::Network whole(shape, weights, "whole");
    const at::Tensor input = darker(1).input;
    nets::NetworkShape cut = shape;
    DeadChannelCount dead(whole);
    dead.add(input);
    const nets::Tensors less = pruned(cut, weights, dead.dead());
    const nets::Network small(cut, less, "small");
    CHECK((small.forward(input) - whole.forward(input)).abs().max().item<double>() < 1e-5);
    CHECK(less.by_name.at("mid.0.conv1.weight").shape[0] <= 9);
    CHECK(nets::network_shape("resunet",
                              {{"cin", 3},
                               {"widths", {8, 12}},
                               {"blocks", 1},
                               {"mid", {1}},
                               {"residual", 0},
                               {"hidden", cut.hidden}},
                              "card")
              .hidden == cut.hidden);
}

TEST_CASE("a training that diverges says so") {
    Recipe recipe = recipe_of(5);
    const auto broken = [](std::int64_t step) {
        Batch batch = darker(step);
        if (step == 3) batch.target = batch.target / 0.0;
        return batch;
    };
    CHECK_THROWS_WITH_AS(train_network(tiny(), nets::fresh_weights(tiny(), 5), broken, recipe),
                         doctest::Contains("step 3"), Error);
}

}  // namespace wetgate::train
