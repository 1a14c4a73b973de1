#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/deflicker_facts.h"
#include "passes/guided.h"
#include "passes/median.h"
#include "passes/pass.h"

// Light is shaped by a smooth field of gain that follows the picture's base (large shapes, edges kept);
// detail rides on it unchanged.

namespace wetgate::passes {
namespace {

using nlohmann::json;

// Note [Key and fill]
// The base is the picture's log2 light after a self-guided filter of large radius. Key is what lies about its
// 85th percentile, fill about its 15th. A pixel's share of key is a logistic of its base between the two, so
// a change of key against fill is a function of the base alone, and one that never turns around as long as it
// takes no more than the range between them away (least_order): what was brighter stays brighter.
constexpr const char* artefact_schema = "wetgate.relight/1";
constexpr std::int64_t small_side_px = 360;
constexpr double radius_share = 0.06;      // of the small picture's longer side
constexpr double edge_stops = 0.35;        // a step above it is an edge
constexpr double floor_share = 1.0 / 256;  // of the median light
constexpr double low = 0.15, high = 0.85;
constexpr double least_range_stops = 0.25;
constexpr double least_order = 0.8;
constexpr deflicker::GridShape grid{8, 6};
constexpr double largest_stops = 10;
constexpr double least_covered = 0.02;  // of a grid's cell: less tells nothing

at::Tensor light_of(const at::Tensor& linear) {  // [1,H,W]
    const at::Tensor light =
        at::nan_to_num(0.25 * linear[0] + 0.5 * linear[1] + 0.25 * linear[2], 0.0, 0.0, 0.0);
    return light.unsqueeze(0);
}

struct Base {
    at::Tensor full;   // [1,H,W] log2 light, smooth but for edges
    at::Tensor small;  // [1,h,w]
    std::int64_t side = 1;
};

Base base_of(const at::Tensor& linear) {
    Base base;
    const at::Tensor light = light_of(linear);
    base.side = shrinking_side(linear.size(1), linear.size(2), small_side_px);
    const at::Tensor averaged = base.side > 1 ? at::avg_pool2d(light, {base.side, base.side}) : light;
    const double floor = std::max(1e-6, floor_share * std::abs(averaged.median().item<double>()));
    const at::Tensor small = averaged.clamp_min(floor).log2();
    const std::int64_t room = (std::min(small.size(1), small.size(2)) - 1) / 2;
    const auto radius = std::min(
        room,
        std::max<std::int64_t>(
            1, std::llround(radius_share * static_cast<double>(std::max(small.size(1), small.size(2))))));
    if (radius < 1) {
        base.small = small;
        base.full = light.clamp_min(floor).log2();
        return base;
    }
    base.small = guided_filter(small, small, small, radius, edge_stops * edge_stops);
    base.full = guided_filter(small, small, light.clamp_min(floor).log2(), radius, edge_stops * edge_stops);
    return base;
}

/// What a picture's light is like. Stops; colours as stops of R,G,B over their mean.
struct Shape {
    double fill = 0, key = 0;
    std::array<double, 3> fill_color{}, key_color{};
};

std::array<double, 3> color_of(const at::Tensor& linear, const at::Tensor& where) {  // [3,h,w], [h,w] bool
    std::array<double, 3> stops{};
    double mean = 0;
    for (std::size_t c = 0; c < 3; ++c) {
        const at::Tensor values = linear[static_cast<std::int64_t>(c)].masked_select(where);
        const double light = values.numel() > 0 ? values.mean(at::kDouble).item<double>() : 0;
        stops[c] = light > 1e-9 ? std::log2(light) : 0;
        mean += stops[c] / 3;
    }
    for (double& value : stops) value -= mean;
    return stops;
}

double level_at(const at::Tensor& sorted, double share) {
    return sorted[static_cast<std::int64_t>(share * static_cast<double>(sorted.numel() - 1))].item<double>();
}

/// `inside`: [1,h,w] of the small picture, undefined: everywhere. False where nothing is inside.
bool shape_of(const at::Tensor& linear, const Base& base, const at::Tensor& inside, Shape& shape) {
    const at::Tensor where = inside.defined() ? inside[0] > 0.5 : at::ones_like(base.small[0], at::kBool);
    const at::Tensor values = base.small[0].masked_select(where).to(at::kCPU);
    if (values.numel() < 16) return false;
    const at::Tensor sorted = std::get<0>(values.sort());
    shape.fill = level_at(sorted, low);
    shape.key = level_at(sorted, high);
    const at::Tensor known = at::nan_to_num(linear, 0.0, 0.0, 0.0);
    const at::Tensor small = base.side > 1 ? at::avg_pool2d(known, {base.side, base.side}) : known;
    shape.key_color = color_of(small, where.logical_and(base.small[0] >= shape.key));
    shape.fill_color = color_of(small, where.logical_and(base.small[0] <= shape.fill));
    return true;
}

json to_json(const Shape& shape) {
    return {{"fill", rounded(shape.fill)},
            {"key", rounded(shape.key)},
            {"fill_color", rounded(shape.fill_color)},
            {"key_color", rounded(shape.key_color)}};
}

class RelightAnalysis final : public ShotAnalysis {
public:
    explicit RelightAnalysis(const PassContext& context)
        : params_(context.params), references_(context.references) {}

    json measure(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        if (linear.numel() == 0) return json::object();
        const Base base = base_of(linear);
        at::Tensor inside = window.matte();
        if (inside.defined() && base.side > 1) inside = at::avg_pool2d(inside, {base.side, base.side});
        Shape shape;
        if (!shape_of(linear, base, inside, shape)) return json::object();
        json facts = to_json(shape);
        const at::Tensor weight = (inside.defined() ? inside : at::ones_like(base.small)).to(at::kCPU);
        const at::Tensor sums = at::adaptive_avg_pool2d((base.small.to(at::kCPU) * weight).unsqueeze(0),
                                                        {grid.rows, grid.columns})
                                    .flatten();
        const at::Tensor weights =
            at::adaptive_avg_pool2d(weight.unsqueeze(0), {grid.rows, grid.columns}).flatten();
        facts["cells"] = json::array();
        for (std::int64_t i = 0; i < weights.numel(); ++i) {
            const double covered = weights[i].item<double>();
            facts["cells"].push_back(covered > least_covered ? json(rounded(sums[i].item<double>() / covered))
                                                             : json());
        }
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<double> fill, key;
        std::array<std::vector<double>, 3> fill_color, key_color;
        std::vector<std::vector<double>> cells(grid.size());
        for (std::size_t i = 0; i < all_frames.size(); ++i) {
            const ArtefactReader facts(
                "relight", all_frames[i],
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
            if (!facts.has("key")) continue;  // unreadable, or nothing under the matte
            fill.push_back(facts.member("fill").number(-100, 100));
            key.push_back(facts.member("key").number(-100, 100));
            const auto fills = facts.member("fill_color").three(-100, 100);
            const auto keys = facts.member("key_color").three(-100, 100);
            for (std::size_t c = 0; c < 3; ++c) {
                fill_color[c].push_back(fills[c]);
                key_color[c].push_back(keys[c]);
            }
            const ArtefactReader list = facts.member("cells");
            if (list.size(grid.size()) != grid.size()) list.refuse("is of another grid");
            for (std::size_t k = 0; k < grid.size(); ++k)
                if (!all_frames[i].at("cells")[k].is_null())
                    cells[k].push_back(list.item(k).number(-100, 100));
        }
        Shape shape;
        shape.fill = median(fill);
        shape.key = std::max(median(key), shape.fill + least_range_stops);
        for (std::size_t c = 0; c < 3; ++c) {
            shape.fill_color[c] = median(fill_color[c]);
            shape.key_color[c] = median(key_color[c]);
        }
        double key_fill = params_.number("key_fill_stops");
        std::array<double, 3> key_change = three("key_color_stops"), fill_change = three("fill_color_stops");
        if (params_.has("reference") && !key.empty()) {
            const Shape aim = reference_shape();
            key_fill += (aim.key - aim.fill) - (shape.key - shape.fill);
            for (std::size_t c = 0; c < 3; ++c) {
                key_change[c] += aim.key_color[c] - shape.key_color[c];
                fill_change[c] += aim.fill_color[c] - shape.fill_color[c];
            }
        }
        return {{"schema", artefact_schema},
                {"fill_light", rounded(shape.fill)},
                {"key_light", rounded(shape.key)},
                {"key_fill_stops", rounded(std::clamp(key_fill, -largest_stops, largest_stops))},
                {"key_color_stops", rounded(key_change)},
                {"fill_color_stops", rounded(fill_change)},
                {"grid", {grid.columns, grid.rows}},
                {"field_stops", field(cells)}};
    }

private:
    std::array<double, 3> three(const std::string& key) const {
        const std::vector<double> values = params_.numbers(key);
        if (values.size() != 3)
            throw Error(ErrorKind::Usage,
                        fmt::format("{}/{}: must be three numbers, R, G and B", params_.pointer(), key));
        return {values[0], values[1], values[2]};
    }

    Shape reference_shape() const {
        const std::string name = params_.text("reference");
        const std::vector<int> frames = references_->frames(name);
        const at::Tensor linear = references_->picture(name, frames[frames.size() / 2]).pixels;
        Shape shape;
        shape_of(linear, base_of(linear), {}, shape);
        return shape;
    }

    /// What flattens the shot's own falloff: against the middle of its cells, the part that is asked for.
    json field(const std::vector<std::vector<double>>& cells) const {
        const double share = params_.number("flatten");
        std::vector<double> usual, known;
        for (const std::vector<double>& cell : cells) {
            usual.push_back(cell.empty() ? std::nan("") : median(cell));
            if (!cell.empty()) known.push_back(usual.back());
        }
        const double middle = median(known);
        json stops = json::array();
        for (const double value : usual)
            stops.push_back(std::isfinite(value) && share > 0 ? rounded(share * (middle - value)) : 0.0);
        return stops;
    }

    spec::Params params_;
    std::shared_ptr<const References> references_;
};

class RelightPass final : public FramePass {
public:
    explicit RelightPass(const PassContext& context) {
        // The planner asks for reach() before there is an artefact.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("relight", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        fill_ = artefact.member("fill_light").number(-100, 100);
        key_ = artefact.member("key_light").number(-100, 100);
        if (!(key_ >= fill_ + 0.01)) artefact.member("key_light").refuse("must lie above fill_light");
        // Note [Key and fill]
        key_fill_ = std::max(artefact.member("key_fill_stops").number(-largest_stops, largest_stops),
                             -least_order * (key_ - fill_));
        key_color_ = artefact.member("key_color_stops").three(-largest_stops, largest_stops);
        fill_color_ = artefact.member("fill_color_stops").three(-largest_stops, largest_stops);
        shape_ = deflicker::grid_from(artefact.member("grid"));
        field_ = deflicker::nodes_from(artefact.member("field_stops"), shape_, largest_stops);
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        PassResult result;
        result.pixels = linear;
        const bool shapes = key_fill_ != 0 || key_color_ != nothing || fill_color_ != nothing;
        const bool flattens =
            std::any_of(field_.begin(), field_.end(), [](float stops) { return stops != 0; });
        if ((!shapes && !flattens) || linear.numel() == 0) {
            result.touch = at::zeros_like(linear.slice(0, 0, 1));
            return result;
        }
        at::Tensor stops = at::zeros_like(linear);
        if (shapes) {
            const double middle = 0.5 * (key_ + fill_), range = key_ - fill_;
            const at::Tensor key = at::sigmoid((base_of(linear).full - middle) * (4 / range));  // [1,H,W]
            const auto color = [&](const std::array<double, 3>& values) {
                return at::tensor(std::vector<float>(values.begin(), values.end()), at::kFloat)
                    .view({3, 1, 1})
                    .to(linear.device());
            };
            stops = key_fill_ * (key - 0.5) + key * color(key_color_) + (1 - key) * color(fill_color_);
        }
        if (flattens) {
            // Bicubic: on plain walls the eye sees where a field bends.
            const at::Tensor nodes = at::tensor(field_, at::kFloat).view({1, 1, shape_.rows, shape_.columns});
            stops =
                stops + at::upsample_bicubic2d(nodes.to(linear.device()), {linear.size(1), linear.size(2)},
                                               /*align_corners=*/false)[0];
        }
        result.pixels = linear * stops.exp2();
        result.touch = at::ones_like(linear.slice(0, 0, 1));
        result.facts = {{"mean_change_stops", rounded(stops.abs().mean(at::kDouble).item<double>())}};
        return result;
    }

private:
    static constexpr std::array<double, 3> nothing{};
    double fill_ = 0, key_ = 1, key_fill_ = 0;
    std::array<double, 3> key_color_{}, fill_color_{};
    deflicker::GridShape shape_ = grid;
    std::vector<float> field_;
};

}  // namespace

PassEntry relight_entry() {
    return {"relight",
            [](const PassContext& context) { return std::make_unique<RelightPass>(context); },
            [](const PassContext& context) { return std::make_unique<RelightAnalysis>(context); },
            nullptr,
            /*working_planes=*/12,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes
