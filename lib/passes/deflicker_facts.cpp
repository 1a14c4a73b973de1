#include "passes/deflicker_facts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "passes/deflicker_guide.h"

namespace wetgate::passes::deflicker {
namespace {

using nlohmann::json;

json list_of(const std::vector<double>& values) {
    json list = json::array();
    for (const double value : values) list.push_back(rounded(value));
    return list;
}

json to_json(const FieldFact& field) {
    return {{"log_ratio", list_of(field.log_ratio)},
            {"weight", list_of(field.weight)},
            {"dx", list_of(field.dx)},
            {"dy", list_of(field.dy)}};
}

FieldFact field_from(const ArtefactReader& reader, const GridShape& shape, int back) {
    FieldFact field;
    field.back = back;
    const auto numbers = [&](const char* key, double lowest, double highest) {
        const ArtefactReader list = reader.member(key);
        if (list.size(shape.size()) != shape.size()) list.refuse("is of another grid");
        std::vector<double> values;
        for (std::size_t i = 0; i < shape.size(); ++i) values.push_back(list.item(i).number(lowest, highest));
        return values;
    };
    field.log_ratio = numbers("log_ratio", -10, 10);
    field.weight = numbers("weight", 0, 1);
    field.dx = numbers("dx", -4, 4);
    field.dy = numbers("dy", -4, 4);
    return field;
}

json to_json(const Comparison& comparison) {
    const PairFact& whole = comparison.whole;
    json pair = {{"back", whole.back},
                 {"log_ratio", rounded(whole.log_ratio)},
                 {"spread", rounded(whole.spread)},
                 {"share", rounded(whole.share)},
                 {"histogram", rounded(whole.histogram_distance)}};
    if (comparison.local) pair["local"] = to_json(*comparison.local);
    if (comparison.rows) pair["rows"] = to_json(*comparison.rows);
    return pair;
}

}  // namespace

json measured(const FrameWindow& window, std::span<const int> steps_back,
              const std::optional<GridShape>& local, const std::optional<GridShape>& rows) {
    json pairs = json::array();
    if (window[0].pixels.numel() == 0) return {{"pairs", pairs}};
    const Guide frame = guide_of(window[0]);
    for (const int back : steps_back) {
        if (!window.is_real(-back)) continue;
        const Guide earlier = guide_of(window[-back]);
        const PairFlow flow = pair_flow(frame, earlier);
        Comparison comparison{compare(frame, earlier, flow, back), {}, {}};
        if (local || rows) {
            const PixelRatios ratios(frame, earlier, flow);
            if (local) comparison.local = ratios.field(*local, back);
            if (rows) comparison.rows = ratios.field(*rows, back);
        }
        pairs.push_back(to_json(comparison));
    }
    return {{"pairs", pairs}};
}

std::vector<Comparison> comparisons_from(const json& facts, const std::string& where, const Layout& layout) {
    const ArtefactReader list = ArtefactReader(layout.pass, facts, where).member("pairs");
    const std::size_t count = list.size(layout.steps_back.size());
    std::vector<Comparison> comparisons;
    for (std::size_t i = 0; i < count; ++i) {
        const ArtefactReader item = list.item(i);
        Comparison comparison;
        PairFact& pair = comparison.whole;
        pair.back = item.member("back").integer(1, layout.steps_back.back());
        pair.log_ratio = item.member("log_ratio").three(-10.0, 10.0);
        pair.spread = item.member("spread").three(0.0, 10.0);
        pair.share = item.member("share").number(0.0, 1.0);
        pair.histogram_distance = item.member("histogram").number(0.0, 1.0);
        if (item.has("local"))
            comparison.local = field_from(item.member("local"), layout.local_grid, pair.back);
        if (item.has("rows")) comparison.rows = field_from(item.member("rows"), layout.row_grid, pair.back);
        comparisons.push_back(std::move(comparison));
    }
    return comparisons;
}

GridShape grid_from(const ArtefactReader& reader) {
    if (reader.size(2) != 2) reader.refuse("must be two numbers, columns and rows");
    return {reader.item(0).integer(1, 256), reader.item(1).integer(1, 256)};
}

std::vector<float> nodes_from(const ArtefactReader& list, const GridShape& shape, double largest) {
    if (list.size(shape.size()) != shape.size())
        list.refuse(fmt::format("must have {} numbers, as \"grid\" says", shape.size()));
    std::vector<float> nodes;
    for (std::size_t i = 0; i < shape.size(); ++i)
        nodes.push_back(static_cast<float>(list.item(i).number(-largest, largest)));
    return nodes;
}

at::Tensor enlarged(const std::vector<float>& nodes, const GridShape& shape, std::int64_t height,
                    std::int64_t width) {
    return at::upsample_bilinear2d(at::tensor(nodes, at::kFloat).view({1, 1, shape.rows, shape.columns}),
                                   {height, width}, /*align_corners=*/false)[0];
}

}  // namespace wetgate::passes::deflicker
