#include "train/model_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "media/still.h"
#include "media/worked.h"
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

}  // namespace

json hyper_parameters(const nets::NetworkShape& shape) {
    json values = {{"cin", shape.channels_in}, {"blocks", shape.blocks}, {"slope", shape.slope}};
    if (shape.kind == nets::NetworkShape::Kind::SrNet) {
        values["ch"] = shape.widths.front();
    } else {
        values["widths"] = shape.widths;
        values["mid"] = shape.dilations;
        values["residual"] = shape.residual;
    }
    if (!shape.hidden.empty()) values["hidden"] = shape.hidden;
    return values;
}

void write_model(const TrainSpec& spec, const TrainedModel& model) {
    const std::string weights = nets::serialize_safetensors(model.weights, nets::Storage::Float16);
    const bool sr = model.shape.kind == nets::NetworkShape::Kind::SrNet;
    const std::string note = spec.data_note.empty() ? "see the training report" : spec.data_note;
    json card = {{"schema", "wetgate.model_card/1"},
                 {"name", spec.name},
                 {"task", model.task},
                 {"architecture", sr ? "srnet" : "resunet"},
                 {"hyper_parameters", hyper_parameters(model.shape)},
                 {"weights", spec.name + ".safetensors"},
                 {"sha256", nets::sha256(std::as_bytes(std::span(weights)))},
                 {"contract", model.contract},
                 {"licence", spec.licence},
                 {"scope", {{"shows", spec.shows}}},
                 {"training",
                  {{"data", fmt::format("{} (hash {})", note, model.data_hash)},
                   {"recipe", "wetgate train " + spec.json.dump()},
                   {"seed", spec.seed}}},
                 {"scores", model.scores}};
    if (!spec.credits.empty()) card["credits"] = spec.credits;
    write_atomic(spec.output / (spec.name + ".training.json"), model.report.dump(1) + "\n");
    if (!model.crops.empty()) write_atomic(spec.output / (spec.name + ".crops.png"), png_of(model.crops));
    write_atomic(spec.output / (spec.name + ".safetensors"), weights);
    write_atomic(spec.output / (spec.name + ".json"), card.dump(1) + "\n");
}

}  // namespace wetgate::train
