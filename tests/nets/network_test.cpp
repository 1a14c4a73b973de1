#include "nets/network.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "nets/tiles.h"
#include "nets/tiny_model.h"
#include "support/shared.h"

namespace wetgate::tests {
namespace {

using nets::Network;
using nets::NetworkShape;
using nlohmann::json;

at::Tensor tensor_of(const nets::Tensor& tensor) {
    return at::tensor(at::ArrayRef<float>(tensor.values)).view(tensor.shape);
}

/// A picture in which no two pixels are alike, the same everywhere.
at::Tensor picture(std::int64_t channels, std::int64_t height, std::int64_t width) {
    return at::arange(channels * height * width, at::kFloat)
        .mul(0.37F)
        .sin()
        .mul(0.5F)
        .view({1, channels, height, width});
}

NetworkShape small_unet() {
    return nets::network_shape(
        "resunet", {{"cin", 4}, {"widths", {2, 3}}, {"blocks", 1}, {"mid", {1, 2}}, {"residual", 1}},
        "small");
}

/// Weights for any shape: the network says what it misses, one tensor at a time.
nets::Tensors weights_of(const NetworkShape& shape, float scale) {
    nets::Tensors weights;
    const auto add = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size) {
        for (const bool bias : {false, true}) {
            nets::Tensor tensor{bias ? std::vector{out} : std::vector{out, in, size, size}, {}};
            const std::int64_t count = bias ? out : out * in * size * size;
            for (std::int64_t i = 0; i < count; ++i)
                tensor.values.push_back(scale * std::cos(static_cast<float>(i * 7 + in)));
            weights.by_name[name + (bias ? ".bias" : ".weight")] = std::move(tensor);
        }
    };
    const auto block = [&](const std::string& name, int width) {
        for (const char* part : {".conv1", ".conv2"}) add(name + part, width, width, 3);
    };
    add("inp", shape.widths[0], 4 * shape.channels_in, 3);
    add("out", 12, shape.widths[0], 3);
    for (std::size_t i = 0; i < shape.dilations.size(); ++i)
        block("mid." + std::to_string(i), shape.widths.back());
    for (std::size_t level = 0; level + 1 < shape.widths.size(); ++level) {
        const std::string at = "." + std::to_string(level);
        add("down" + at, shape.widths[level + 1], shape.widths[level], 2);
        add("up" + at, 4 * shape.widths[level], shape.widths[level + 1], 1);
        for (int i = 0; i < shape.blocks; ++i) {
            block("enc" + at + "." + std::to_string(i), shape.widths[level]);
            block("dec" + at + "." + std::to_string(i), shape.widths[level]);
        }
    }
    return weights;
}

double greatest_difference(const at::Tensor& a, const at::Tensor& b) {
    REQUIRE(a.sizes() == b.sizes());
    return (a - b).abs().max().item<double>();
}

/// Over the greatest value, where that is above 1: two tiles are summed in another order.
double relative_difference(const at::Tensor& a, const at::Tensor& b) {
    return greatest_difference(a, b) / std::max(1.0, b.abs().max().item<double>());
}

}  // namespace

TEST_CASE("parity with the reference implementation, within 1e-4") {
    const auto models = shared("models");
    if (!models) {
        MESSAGE("skipped: no ../shared/models here");
        return;
    }
    for (const std::string name : {"denoise_t5", "inpaint", "sr_x2"}) {
        CAPTURE(name);
        const auto parity = nets::read_safetensors(*models / "parity" / (name + ".parity.safetensors"));
        const std::string architecture = name == "sr_x2" ? "srnet" : "resunet";
        const json hyper = name == "denoise_t5" ? json{{"cin", 16},
                                                       {"widths", {64, 128, 256}},
                                                       {"blocks", 2},
                                                       {"mid", {1, 1}},
                                                       {"residual", 6}}
                           : name == "inpaint"  ? json{{"cin", 4},
                                                      {"widths", {64, 128, 192, 256}},
                                                      {"blocks", 2},
                                                      {"mid", {1, 2, 4, 1}},
                                                      {"residual", 0}}
                                                : json{{"cin", 3}, {"ch", 64}, {"blocks", 16}};
        const Network network(nets::network_shape(architecture, hyper, name),
                              nets::read_safetensors(*models / (name + ".safetensors")), name);
        CHECK(greatest_difference(network.forward(tensor_of(parity.by_name.at("input"))),
                                  tensor_of(parity.by_name.at("output"))) < 1e-4);
        for (const std::string kind : {"tiny", "tiny_leaky"}) {
            CAPTURE(kind);
            auto tiny = nets::read_safetensors(*models / "parity" / (name + "." + kind + ".safetensors"));
            nets::Tensors weights;
            for (auto& [key, tensor] : tiny.by_name) {
                if (key.starts_with("net.")) weights.by_name[key.substr(4)] = tensor;
            }
            const json tiny_hyper = json::parse(tiny.metadata.at("hyper_parameters"));
            const Network small(nets::network_shape(architecture, tiny_hyper, name), weights, name);
            CHECK(greatest_difference(small.forward(tensor_of(tiny.by_name.at("input"))),
                                      tensor_of(tiny.by_name.at("output"))) < 1e-4);
        }
    }
}

TEST_CASE("networks whose weights are 0 give their input back") {
    const at::Tensor input = picture(4, 16, 24);
    const Network unet(small_unet(), weights_of(small_unet(), 0), "small");
    CHECK(at::equal(unet.forward(input), input.narrow(1, 1, 3)));
    const at::Tensor rgb = input.narrow(1, 0, 3);
    const Network srnet(nets::network_shape("srnet", tiny_srnet(), "tiny"), tiny_srnet_weights(0), "tiny");
    CHECK(at::equal(srnet.forward(rgb), rgb.repeat_interleave(2, 2).repeat_interleave(2, 3)));
}

TEST_CASE("a pixel changes nothing beyond the radius, and something within it") {
    const NetworkShape shape = small_unet();
    const Network network(shape, weights_of(shape, 0.4F), "small");
    const std::int64_t size = 128;
    at::Tensor input = picture(4, size, size);
    const at::Tensor before = network.forward(input);
    input.index_put_({0, at::indexing::Slice(), 64, 64}, 3.0F);
    const at::Tensor changed = (network.forward(input) != before).any(1)[0].nonzero() - 64;  // [K,2]
    REQUIRE(changed.size(0) > 0);
    const int reached = changed.abs().max().item<int>();
    CHECK(reached <= shape.radius_px());
    CHECK(reached > shape.radius_px() / 2);
}

TEST_CASE("the result does not depend on the tile, at edges and for odd sizes too") {
    const NetworkShape shape = small_unet();
    const Network network(shape, weights_of(shape, 0.4F), "small");
    const int least = nets::tile_size_px(shape, 1);
    CHECK(least > 2 * shape.radius_px());
    for (const auto& [height, width] :
         {std::pair{200, 173}, std::pair{least, 3 * least}, std::pair{7, 260}}) {
        CAPTURE(height);
        const at::Tensor input = picture(4, height, width)[0];
        const at::Tensor whole = nets::forward_tiled(network, input, 512);
        REQUIRE(whole.sizes() == at::IntArrayRef({3, height, width}));
        for (const int tile : {1, 96, 128}) {
            CAPTURE(tile);
            CHECK(relative_difference(nets::forward_tiled(network, input, tile), whole) < 1e-5);
        }
    }
    at::Tensor broken = picture(4, 64, 64)[0];
    broken.index_put_({0, 3, 3}, std::numeric_limits<float>::infinity());
    CHECK_THROWS_AS(nets::forward_tiled(network, broken, 128), Error);
}

TEST_CASE("tiles of a network that doubles the size") {
    const Network network(nets::network_shape("srnet", tiny_srnet(), "tiny"), tiny_srnet_weights(0.3F),
                          "tiny");
    const at::Tensor input = picture(3, 61, 47)[0];
    CHECK(greatest_difference(nets::forward_tiled(network, input, 16),
                              network.forward(input.unsqueeze(0))[0]) < 1e-5);
}

TEST_CASE("tiles with that halo agree with the whole picture") {
    const NetworkShape shape = small_unet();
    const Network network(shape, weights_of(shape, 0.4F), "small");
    const int halo = (shape.radius_px() + shape.multiple() - 1) / shape.multiple() * shape.multiple();
    const at::Tensor input = picture(4, 192, 160);
    const at::Tensor whole = network.forward(input);
    const at::Tensor tile =
        network.forward(input.narrow(2, 64 - halo, 32 + 2 * halo).narrow(3, 64 - halo, 32 + 2 * halo));
    CHECK(greatest_difference(tile.narrow(2, halo, 32).narrow(3, halo, 32),
                              whole.narrow(2, 64, 32).narrow(3, 64, 32)) < 1e-5);
}

TEST_CASE("radius and multiple of the shipped shapes") {
    const auto denoise = nets::network_shape(
        "resunet", {{"cin", 16}, {"widths", {64, 128, 256}}, {"blocks", 2}, {"mid", {1, 1}}, {"residual", 6}},
        "a");
    CHECK(denoise.radius_px() == 91);
    CHECK(denoise.multiple() == 8);
    const auto upscale = nets::network_shape("srnet", {{"cin", 3}, {"ch", 64}, {"blocks", 16}}, "a");
    CHECK(upscale.radius_px() == 35);
    CHECK(upscale.scale() == 2);
}

TEST_CASE("weights of another network are refused by the tensor that differs") {
    const NetworkShape shape = nets::network_shape("srnet", tiny_srnet(), "tiny");
    const auto refusal = [&](const nets::Tensors& weights) -> std::string {
        try {
            const Network network(shape, weights, "tiny");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Model);
            return error.message();
        }
        return "";
    };
    nets::Tensors weights = tiny_srnet_weights(1);
    CHECK(refusal(weights).empty());
    weights.by_name["extra"] = {{1}, {0.0F}};
    CHECK(refusal(weights).find("11 tensors") != std::string::npos);
    weights.by_name.erase("extra");
    weights.by_name["fuse.bias"] = {{3}, {0, 0, 0}};
    CHECK(refusal(weights).find("'fuse.bias' is [3] and should be [2]") != std::string::npos);
    weights.by_name.erase("fuse.bias");
    CHECK(refusal(weights).find("'fuse.bias' is missing") != std::string::npos);
}

TEST_CASE("pictures that do not fit are refused") {
    const Network network(small_unet(), weights_of(small_unet(), 0.1F), "small");
    CHECK_THROWS_AS(network.forward(picture(3, 16, 16)), Error);
    CHECK_THROWS_AS(network.forward(picture(4, 18, 16)), Error);
    CHECK_THROWS_AS(network.forward(picture(4, 16, 16).to(at::kDouble)), Error);
    CHECK_THROWS_AS(network.forward(picture(4, 16, 16)[0]), Error);
}

TEST_CASE("hyper-parameters that cannot be built are refused") {
    const auto refused = [](const std::string& architecture, const json& hyper) {
        try {
            nets::network_shape(architecture, hyper, "a");
        } catch (const Error& error) {
            return error.kind() == ErrorKind::Model;
        }
        return false;
    };
    const json good = {{"cin", 4}, {"widths", {2, 3}}, {"blocks", 1}, {"mid", {1}}, {"residual", 0}};
    CHECK_FALSE(refused("resunet", good));
    json where = good;
    where["where"] = true;
    CHECK(nets::network_shape("resunet", where, "a").channels_out() == 4);
    CHECK(nets::network_shape("resunet", good, "a").channels_out() == 3);
    CHECK(refused("resnet", good));
    CHECK(refused("resunet", json::array()));
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, json>>{{"cin", 0},
                                                   {"where", 1},
                                                   {"cin", 1e3},
                                                   {"cin", "4"},
                                                   {"widths", json::array()},
                                                   {"widths", {1 << 20}},
                                                   {"widths", {2, 2, 2, 2, 2, 2, 2}},
                                                   {"blocks", 1000000},
                                                   {"mid", {0}},
                                                   {"residual", 2},
                                                   {"slope", 2.0}}) {
        CAPTURE(key);
        json hyper = good;
        hyper[key] = value;
        CHECK(refused("resunet", hyper));
        hyper.erase(key);
        CHECK(refused("resunet", hyper) == (key != "slope" && key != "where"));
    }
}

}  // namespace wetgate::tests
