#include "passes/pixel_defects.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "passes/pass.h"

// Hot, dead and stuck photosites: one map a shot (ShotAnalysis), filled from good neighbours frame by frame.

namespace wetgate::passes {
namespace {

using nlohmann::json;
namespace defects = pixel_defects;

constexpr std::size_t kMostRows = 1'000'000;
constexpr int kLargestCoordinate = 1 << 24;

defects::Settings settings_of(const spec::Params& params) {
    defects::Settings settings;
    settings.threshold_sigma = params.number("threshold_sigma");
    settings.min_persist = params.number("min_persist");
    settings.max_cluster = params.integer("max_cluster");
    settings.min_frames = params.integer("min_frames");
    settings.min_scenes = params.integer("min_scenes");
    settings.static_ok = params.boolean("static_ok");
    return settings;
}

class PixelDefectsAnalysis final : public ShotAnalysis {
public:
    explicit PixelDefectsAnalysis(const PassContext& context) : settings_(settings_of(context.params)) {}

    json measure(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        const at::Tensor host = frame.pixels.to(at::kCPU).contiguous();  // [3,H,W] float32
        const float* pixels = host.data_ptr<float>();
        const std::size_t area = frame.window.area();
        return defects::facts_to_json(defects::measure_frame({pixels, pixels + area, pixels + 2 * area},
                                                             frame.window, settings_.threshold_sigma));
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        return defects::solve_shot(all_frames, first_frame, settings_);
    }

private:
    defects::Settings settings_;
};

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
    throw Error(ErrorKind::Usage,
                fmt::format("pixel_defects: {} {}; correct the artefact or let the shot be measured "
                            "again",
                            where, what));
}

int coordinate_of(const json& row, const char* key, const std::string& where) {
    const auto found = row.find(key);
    if (found == row.end()) refuse(where, fmt::format("has no \"{}\"", key));
    const bool whole = found->is_number_integer();
    if (!whole || *found < -kLargestCoordinate || *found > kLargestCoordinate) {
        refuse(where + "/" + key, fmt::format("must be a whole number within +-{}", kLargestCoordinate));
    }
    return found->get<int>();
}

std::array<bool, 3> channels_of(const json& row, const std::string& where) {
    const auto found = row.find("channels");
    if (found == row.end()) return {true, true, true};
    if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
        refuse(where + "/channels", "must be text of the letters R, G, B");
    }
    std::array<bool, 3> channels{};
    for (const char letter : found->get_ref<const std::string&>()) {
        const std::size_t channel = std::string_view("RGB").find(letter);
        if (channel == std::string_view::npos)
            refuse(where + "/channels", "must be text of the letters R, G, B");
        channels[channel] = true;
    }
    return channels;
}

/// The defects of an artefact, one a place, by y, then x.
std::vector<defects::Defect> defects_of(const json& artefact) {
    if (!artefact.is_object()) refuse("the artefact", "must be an object");
    const auto schema = artefact.find("schema");
    if (schema == artefact.end() || *schema != defects::kArtefactSchema) {
        refuse("the artefact", fmt::format("is not of schema \"{}\"", defects::kArtefactSchema));
    }
    const auto rows = artefact.find("defects");
    if (rows == artefact.end() || !rows->is_array()) refuse("the artefact", "has no list \"defects\"");
    if (rows->size() > kMostRows) refuse("/defects", fmt::format("has more than {} rows", kMostRows));
    std::map<std::pair<int, int>, std::array<bool, 3>> places;
    for (std::size_t index = 0; index < rows->size(); ++index) {
        const json& row = (*rows)[index];
        const std::string where = fmt::format("/defects/{}", index);
        if (!row.is_object()) refuse(where, "must be an object");
        const int x = coordinate_of(row, "x", where);
        const int y = coordinate_of(row, "y", where);
        const std::array<bool, 3> channels = channels_of(row, where);
        std::array<bool, 3>& known = places[{y, x}];
        for (std::size_t channel = 0; channel < 3; ++channel)
            known[channel] = known[channel] || channels[channel];
    }
    std::vector<defects::Defect> list;
    for (const auto& [place, channels] : places) list.push_back({place.second, place.first, channels});
    return list;
}

class PixelDefects final : public FramePass {
public:
    explicit PixelDefects(const PassContext& context) {
        settings_of(context.params);  // parameters that make no sense are refused before any frame is read
        if (!context.artefact.is_null()) defects_ = defects_of(context.artefact);
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        PassResult result;
        result.pixels = frame.pixels;
        result.touch = at::zeros({1, frame.window.height(), frame.window.width()}, frame.pixels.options());
        result.facts["repaired"] = 0;
        if (defects_.empty() || frame.window.empty()) return result;

        const at::Tensor host = frame.pixels.to(at::kCPU).contiguous();  // [3,H,W] float32
        const auto repairs = defects::fill_defects(host.data_ptr<float>(), frame.window, defects_);
        if (repairs.empty()) return result;
        std::vector<std::int64_t> places;
        std::vector<float> values;
        std::set<std::size_t> touched;
        for (const defects::Repair& repair : repairs) {
            places.push_back(static_cast<std::int64_t>(repair.channel * frame.window.area() + repair.index));
            values.push_back(repair.value);
            touched.insert(repair.index);
        }
        const at::Device device = frame.pixels.device();
        result.pixels = frame.pixels.clone(at::MemoryFormat::Contiguous);
        result.pixels.view({-1}).index_put_({at::tensor(places, at::kLong).to(device)},
                                            at::tensor(values, at::kFloat).to(device));
        const std::vector<std::int64_t> touched_places(touched.begin(), touched.end());
        result.touch.view({-1}).index_fill_(0, at::tensor(touched_places, at::kLong).to(device), 1.0);
        result.facts["repaired"] = touched.size();
        return result;
    }

private:
    std::vector<defects::Defect> defects_;
};

}  // namespace

PassEntry pixel_defects_entry() {
    return {"pixel_defects",
            [](const PassContext& context) { return std::make_unique<PixelDefects>(context); },
            [](const PassContext& context) { return std::make_unique<PixelDefectsAnalysis>(context); }};
}

}  // namespace wetgate::passes
