#include "nets/network_shape.h"

#include <fmt/format.h>

#include "core/error.h"

namespace wetgate::nets {
namespace {

using nlohmann::json;

constexpr int kMostChannels = 1024;
constexpr int kMostBlocks = 64;
constexpr int kMostDilation = 64;
constexpr std::size_t kMostLevels = 6;
constexpr int kMostHalo = 4096;
constexpr int kMostMultiple = 256;

class Reader {
public:
    Reader(const json& values, const std::string& name) : values_(values), name_(name) {}

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(ErrorKind::Model,
                    fmt::format("model '{}' cannot be built: {}; correct its card", name_, why));
    }

    int number(const json& value, const char* key, int low, int high) const {
        const bool whole = value.is_number_integer();
        if (!whole || value < low || value > high)
            refuse(fmt::format("\"{}\" must be a whole number in {}..{}", key, low, high));
        return value.get<int>();
    }
    int number(const char* key, int low, int high) const { return number(at(key), key, low, high); }

    std::vector<int> numbers(const char* key, std::size_t least, std::size_t most, int low, int high) const {
        const json& list = at(key);
        if (!list.is_array() || list.size() < least || list.size() > most)
            refuse(fmt::format("\"{}\" must be a list of {} to {} numbers", key, least, most));
        std::vector<int> numbers;
        for (const json& value : list) numbers.push_back(number(value, key, low, high));
        return numbers;
    }

    bool flag(const char* key) const {
        const auto found = values_.find(key);
        if (found == values_.end()) return false;
        if (!found->is_boolean()) refuse(fmt::format("\"{}\" must be true or false", key));
        return found->get<bool>();
    }

    double slope() const {
        const auto found = values_.find("slope");
        if (found == values_.end()) return 0;
        if (!found->is_number() || *found < 0.0 || *found > 1.0) refuse("\"slope\" must be in 0..1");
        return found->get<double>();
    }

private:
    const json& at(const char* key) const {
        const auto found = values_.find(key);
        if (found == values_.end()) refuse(fmt::format("its hyper-parameters have no \"{}\"", key));
        return *found;
    }

    const json& values_;
    const std::string& name_;
};

}  // namespace

int NetworkShape::multiple() const {
    if (kind == Kind::Script) return step;
    return kind == Kind::SrNet ? 1 : 1 << widths.size();
}

std::size_t NetworkShape::block_count() const {
    const auto in_a_level = static_cast<std::size_t>(blocks);
    if (kind == Kind::SrNet) return in_a_level;
    return kind == Kind::Script ? 0 : 2 * in_a_level * (widths.size() - 1) + dilations.size();
}

int NetworkShape::radius_px() const {
    if (kind == Kind::Script) return halo;
    if (kind == Kind::SrNet) return 3 + 2 * blocks;  // head, fuse, tail; two convolutions a block
    int radius = 0;
    int pixels = 2;                     // input pixels a pixel of the level: the picture is unshuffled once
    radius += 2 * pixels + pixels - 1;  // first and last convolution; the pixels of one unshuffled cell
    for (std::size_t level = 0; level + 1 < widths.size(); ++level, pixels *= 2)
        radius +=
            2 * blocks * 2 * pixels + pixels;  // way down and way up; the 2x2 convolution between levels
    for (const int dilation : dilations) radius += (dilation + 1) * pixels;
    return radius;
}

NetworkShape network_shape(const std::string& architecture, const json& hyper_parameters,
                           const std::string& name) {
    const Reader reader(hyper_parameters, name);
    if (!hyper_parameters.is_object()) reader.refuse("its hyper-parameters are no object");
    NetworkShape shape;
    shape.channels_in = reader.number("cin", 1, kMostChannels);
    if (architecture == "torchscript") {
        shape.kind = NetworkShape::Kind::Script;
        shape.halo = reader.number("halo_px", 0, kMostHalo);
        shape.step = reader.number("multiple", 1, kMostMultiple);
        return shape;
    }
    shape.blocks = reader.number("blocks", 1, kMostBlocks);
    shape.slope = reader.slope();
    if (architecture == "resunet") {
        shape.widths = reader.numbers("widths", 1, kMostLevels, 1, kMostChannels);
        shape.dilations = reader.numbers("mid", 1, kMostBlocks, 1, kMostDilation);
        shape.residual = reader.number("residual", 0, kMostChannels);
        shape.where = reader.flag("where");
        if (shape.residual + 3 > shape.channels_in) reader.refuse("\"residual\" + 3 is more than \"cin\"");
    } else if (architecture == "srnet") {
        shape.kind = NetworkShape::Kind::SrNet;
        shape.widths = {reader.number("ch", 1, kMostChannels)};
        if (shape.channels_in != 3) reader.refuse("\"cin\" of srnet must be 3");
    } else {
        reader.refuse(
            fmt::format("\"architecture\" must be resunet, srnet or torchscript, not '{}'", architecture));
    }
    if (hyper_parameters.contains("hidden")) {
        const std::size_t count = shape.block_count();
        shape.hidden = reader.numbers("hidden", count, count, 1, kMostChannels);
    }
    return shape;
}

}  // namespace wetgate::nets
