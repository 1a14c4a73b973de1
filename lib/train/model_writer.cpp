#include "train/model_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "media/still.h"
#include "media/worked.h"
#include "nets/model_store.h"
#include "nets/sha256.h"

namespace wetgate::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::vector<std::byte> png_of(const std::vector<at::Tensor>& crops) {
    const at::Tensor row =
        at::cat(crops, 2).clamp(0, 1).to(at::kCPU).to(at::kFloat).contiguous();  // side by side
    FloatImage image = make_float_image({0, 0, static_cast<int>(row.size(2)), static_cast<int>(row.size(1))});
    std::copy_n(row.data_ptr<float>(), row.numel(), image.channel(0));
    HostFrame like;
    like.display_window = image.window;
    const HostFrame frame = media::make_rgb_frame(like, image, SampleType::U8, 8, std::nullopt);
    return media::encode_still(frame, {.type = "png", .bits = 8, .rate = {}, .compression = ""});
}

/// The spec as one line; of a long one, which is in the training report, its hash.
std::string recipe_of(const TrainSpec& spec) {
    json recipe = spec.json;
    recipe.erase("credits");  // stand in the card themselves
    recipe.erase("data_note");
    const std::string text = "wetgate train " + recipe.dump();
    constexpr std::size_t most = 8000;
    return text.size() <= most ? text : "wetgate train, spec with hash " + content_hash(text);
}

std::string data_of(const TrainSpec& spec, const TrainedModel& model) {
    std::string text = fmt::format(
        "{} (hash {})", spec.data_note.empty() ? "see the training report" : spec.data_note, model.data_hash);
    if (model.start)
        text += fmt::format("; started from {} (SHA-256 {})", model.start->name, model.start->sha256);
    return text;
}

/// Whom the pictures of this training ask to name, and those of what it started from.
std::vector<std::string> credits_of(const TrainSpec& spec, const TrainedModel& model) {
    std::vector<std::string> credits = spec.credits;
    if (model.start) {
        for (const json& item : model.start->json.value("credits", json::array())) {
            const auto credit = item.get<std::string>();
            if (std::find(credits.begin(), credits.end(), credit) == credits.end()) credits.push_back(credit);
        }
    }
    return credits;
}

}  // namespace

json hyper_parameters(const nets::NetworkShape& shape) {
    json values = {{"cin", shape.channels_in}, {"blocks", shape.blocks}, {"slope", shape.slope}};
    if (shape.kind == nets::NetworkShape::Kind::SrNet) {
        values["ch"] = shape.widths.front();
    } else {
        values["widths"] = shape.widths;
        values["mid"] = shape.dilations;
        values["residual"] = shape.residual;
        if (shape.where) values["where"] = true;
    }
    if (!shape.hidden.empty()) values["hidden"] = shape.hidden;
    return values;
}

void write_model(const TrainSpec& spec, const TrainedModel& model) {
    const std::string weights = nets::serialize_safetensors(model.weights, nets::Storage::Float16);
    const bool sr = model.shape.kind == nets::NetworkShape::Kind::SrNet;
    json card = {
        {"schema", "wetgate.model_card/1"},
        {"name", spec.name},
        {"task", model.task},
        {"architecture", sr ? "srnet" : "resunet"},
        {"hyper_parameters", hyper_parameters(model.shape)},
        {"weights", spec.name + ".safetensors"},
        {"sha256", nets::sha256(std::as_bytes(std::span(weights)))},
        {"contract", model.contract},
        {"licence", spec.licence},
        {"scope", {{"shows", spec.shows}}},
        {"training", {{"data", data_of(spec, model)}, {"recipe", recipe_of(spec)}, {"seed", spec.seed}}},
        {"scores", model.scores}};
    if (const auto credits = credits_of(spec, model); !credits.empty()) card["credits"] = credits;
    json report = model.report;
    report["spec"] = spec.json;
    write_atomic(spec.output / (spec.name + nets::report_suffix), report.dump(1) + "\n");
    if (!model.crops.empty()) write_atomic(spec.output / (spec.name + ".crops.png"), png_of(model.crops));
    write_atomic(spec.output / (spec.name + ".safetensors"), weights);
    write_atomic(spec.output / (spec.name + ".json"), card.dump(1) + "\n");
}

}  // namespace wetgate::train
