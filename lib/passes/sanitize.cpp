#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <vector>

#include "core/error.h"
#include "passes/pass.h"

// NaN, infinities and values out of range: found by one reduction, mended sample by sample. A sample is one
// channel of one pixel; the other channels of the pixel keep their bits.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr std::int64_t coordinates_reported = 8;

enum class Remedy { Clamp, Neighbours, Black, Fail };

Remedy remedy_of(const std::string& text) {
    if (text == "neighbours") return Remedy::Neighbours;
    if (text == "black") return Remedy::Black;
    return text == "error" ? Remedy::Fail : Remedy::Clamp;
}

struct Settings {
    Remedy nan = Remedy::Neighbours;
    Remedy inf = Remedy::Clamp;
    float max = 65504.0F;
    bool clamps_negatives = false;
    float min = 0.0F;
};

/// Sums and counts of the sound samples in cells of 2^level x 2^level pixels.
struct Level {
    at::Tensor sum;    // [3,h,w] float32
    at::Tensor count;  // [3,h,w] float32
};

Level coarser(const Level& fine) {
    const auto quarter = [](const at::Tensor& tensor) {
        const std::int64_t height = tensor.size(1);
        const std::int64_t width = tensor.size(2);
        const at::Tensor even = at::constant_pad_nd(tensor, {0, width % 2, 0, height % 2});
        return even.slice(1, 0, at::nullopt, 2).slice(2, 0, at::nullopt, 2) +
               even.slice(1, 1, at::nullopt, 2).slice(2, 0, at::nullopt, 2) +
               even.slice(1, 0, at::nullopt, 2).slice(2, 1, at::nullopt, 2) +
               even.slice(1, 1, at::nullopt, 2).slice(2, 1, at::nullopt, 2);
    };
    return {quarter(fine.sum), quarter(fine.count)};
}

/// The sum of each cell and its eight neighbours, nothing past the edges.
at::Tensor summed_3x3(const at::Tensor& cells) {  // [3,h,w] float32
    const at::Tensor wide = at::constant_pad_nd(cells, {1, 1, 1, 1});
    const std::int64_t height = cells.size(1);
    const std::int64_t width = cells.size(2);
    const at::Tensor rows =
        wide.slice(1, 0, height) + wide.slice(1, 1, height + 1) + wide.slice(1, 2, height + 2);
    return rows.slice(2, 0, width) + rows.slice(2, 1, width + 1) + rows.slice(2, 2, width + 2);
}

/// Sum and count around each place; places are (channel, y, x) [N,3] int64 in cells of `level`. Each [N]
/// float32.
Level around(const Level& level, const at::Tensor& places) {
    const at::Tensor index =
        (places.select(1, 0) * level.sum.size(1) + places.select(1, 1)) * level.sum.size(2) +
        places.select(1, 2);
    return {summed_3x3(level.sum).take(index), summed_3x3(level.count).take(index)};
}

// Note [Growing surroundings]
// A lone NaN gets the mean of its 3x3 neighbours. Where those are all unsound, the same is asked of a picture
// of half the size, and so on: the surroundings grow by doubling, a hole of any size costs a few steps, and
// the sums are always made in one order. A channel with no sound sample at all becomes 0.
at::Tensor from_surroundings(const at::Tensor& pixels, const at::Tensor& is_sound, at::Tensor places) {
    at::Tensor values = at::zeros({places.size(0)}, pixels.options());  // [N]
    at::Tensor open = at::arange(places.size(0), places.options());     // which of them are still unknown
    Level level{at::where(is_sound, pixels, at::zeros({}, pixels.options())), is_sound.to(at::kFloat)};
    while (open.size(0) > 0) {
        const Level total = around(level, places);
        const at::Tensor is_found = total.count.gt(0);
        const at::Tensor found = is_found.nonzero().select(1, 0);
        values.index_copy_(0, open.index_select(0, found),
                           total.sum.index_select(0, found) / total.count.index_select(0, found));
        const at::Tensor rest = is_found.logical_not().nonzero().select(1, 0);
        open = open.index_select(0, rest);
        if (level.sum.size(1) == 1 && level.sum.size(2) == 1) break;
        level = coarser(level);
        places = places.index_select(0, rest);
        places = at::stack({places.select(1, 0), at::floor_divide(places.select(1, 1), 2),
                            at::floor_divide(places.select(1, 2), 2)},
                           1);
    }
    return values;
}

/// What is wrong where, each [3,H,W] bool; no sample is in two of them.
struct Faults {
    at::Tensor nan, pos_inf, neg_inf, above, below, negative;

    at::Tensor any() const {
        return nan.logical_or(pos_inf).logical_or(neg_inf).logical_or(above).logical_or(below).logical_or(
            negative);
    }
};

Faults faults_in(const at::Tensor& pixels, const Settings& settings) {
    Faults faults;
    faults.nan = pixels.isnan();
    faults.pos_inf = pixels.isposinf();
    faults.neg_inf = pixels.isneginf();
    faults.above = pixels.gt(settings.max).logical_and(faults.pos_inf.logical_not());
    faults.below = pixels.lt(-settings.max).logical_and(faults.neg_inf.logical_not());
    faults.negative = settings.clamps_negatives
                          ? pixels.lt(settings.min).logical_and(pixels.ge(-settings.max))
                          : at::zeros_like(faults.nan);
    return faults;
}

class Sanitize final : public FramePass {
public:
    explicit Sanitize(const Settings& settings) : settings_(settings) {}

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        const at::Tensor untouched =
            at::zeros({1, frame.pixels.size(1), frame.pixels.size(2)}, frame.pixels.options());
        if (is_clean(frame.pixels)) return {frame.pixels, untouched, json::object()};

        const Faults faults = faults_in(frame.pixels, settings_);
        const at::Tensor any = faults.any();
        const at::Tensor places = any.nonzero();  // [N,3] (channel, y, x), in order
        PassResult result;
        result.facts = facts_of(frame, faults, places);
        refuse_if_asked(frame, faults, result.facts);
        result.pixels = mended(frame.pixels, faults, any);
        result.touch = any.any(0, /*keepdim=*/true).to(at::kFloat);
        return result;
    }

private:
    // One reduction over the frame; a NaN anywhere makes both ends NaN, which fails every comparison.
    bool is_clean(const at::Tensor& pixels) const {
        if (pixels.numel() == 0) return true;
        const auto [low, high] = at::aminmax(pixels);
        const float lowest = low.item<float>();
        const float allowed = settings_.clamps_negatives ? settings_.min : -settings_.max;
        return lowest >= allowed && lowest >= -settings_.max && high.item<float>() <= settings_.max;
    }

    at::Tensor mended(const at::Tensor& pixels, const Faults& faults, const at::Tensor& any) const {
        const auto number = [&](float value) { return at::full({}, value, pixels.options()); };
        const float lowest = settings_.clamps_negatives ? settings_.min : -settings_.max;
        at::Tensor out = pixels.clone();
        out = at::where(faults.above.logical_or(faults.pos_inf), number(settings_.max), out);
        out = at::where(faults.below.logical_or(faults.neg_inf).logical_or(faults.negative), number(lowest),
                        out);
        out = at::where(faults.nan, number(0), out);

        at::Tensor from_around = at::zeros_like(faults.nan);
        if (settings_.nan == Remedy::Neighbours) from_around = faults.nan;
        if (settings_.inf == Remedy::Neighbours) {
            from_around = from_around.logical_or(faults.pos_inf).logical_or(faults.neg_inf);
        }
        const at::Tensor places = from_around.nonzero();
        if (places.size(0) == 0) return out;
        const at::Tensor values = from_surroundings(pixels, any.logical_not(), places);
        return out.index_put({places.select(1, 0), places.select(1, 1), places.select(1, 2)}, values);
    }

    json facts_of(const compute::DeviceFrame& frame, const Faults& faults, const at::Tensor& places) const {
        const auto count = [](const at::Tensor& mask) { return mask.sum().item<std::int64_t>(); };
        json facts = {{"nan", count(faults.nan)},
                      {"positive_inf", count(faults.pos_inf)},
                      {"negative_inf", count(faults.neg_inf)},
                      {"above_max", count(faults.above)},
                      {"below_minus_max", count(faults.below)},
                      {"negative", count(faults.negative)}};
        json first = json::array();
        const at::Tensor head = places.slice(0, 0, coordinates_reported).to(at::kCPU).contiguous();
        const std::int64_t* numbers = head.data_ptr<std::int64_t>();
        for (std::int64_t i = 0; i < head.size(0); ++i) {
            first.push_back({{"channel", std::string(1, "RGB"[numbers[3 * i]])},
                             {"x", frame.window.x0 + numbers[3 * i + 2]},
                             {"y", frame.window.y0 + numbers[3 * i + 1]}});
        }
        facts["first"] = std::move(first);
        return facts;
    }

    void refuse_if_asked(const compute::DeviceFrame& frame, const Faults& faults, const json& facts) const {
        const bool has_nan = settings_.nan == Remedy::Fail && faults.nan.any().item<bool>();
        const bool has_inf =
            settings_.inf == Remedy::Fail && faults.pos_inf.logical_or(faults.neg_inf).any().item<bool>();
        if (!has_nan && !has_inf) return;
        const at::Tensor mask = has_nan ? faults.nan : faults.pos_inf.logical_or(faults.neg_inf);
        const at::Tensor place = mask.nonzero()[0].to(at::kCPU);
        throw Error(
            ErrorKind::Input,
            fmt::format("sanitize: {} NaN and {} infinite samples, first in {} at ({}, {}), and the job says "
                        "\"error\" for them: render the frame again, or let sanitize mend it",
                        facts["nan"].get<std::int64_t>(),
                        facts["positive_inf"].get<std::int64_t>() + facts["negative_inf"].get<std::int64_t>(),
                        "RGB"[place[0].item<std::int64_t>()], frame.window.x0 + place[2].item<std::int64_t>(),
                        frame.window.y0 + place[1].item<std::int64_t>()),
            {.file = {}, .shot = {}, .frame = frame.number});
    }

    Settings settings_;
};

std::unique_ptr<FramePass> make(const PassContext& context) {
    const spec::Params& params = context.params;
    Settings settings;
    settings.nan = remedy_of(params.text("nan"));
    settings.inf = remedy_of(params.text("inf"));
    settings.max = static_cast<float>(params.number("max"));
    settings.clamps_negatives = params.text("negatives") == "clamp";
    settings.min = static_cast<float>(params.number("min"));
    return std::make_unique<Sanitize>(settings);
}

}  // namespace

PassEntry sanitize_entry() {
    return {"sanitize", make, nullptr};
}

}  // namespace wetgate::passes
