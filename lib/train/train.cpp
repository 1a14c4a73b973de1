#include "train/train.h"

#include <fmt/format.h>

#include <system_error>

#include "compute/torch_errors.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/make_folder.h"
#include "core/temp_files.h"

namespace wetgate::train {
namespace {

namespace fs = std::filesystem;

// Before hours of work, not after them.
void prepare(const fs::path& folder) {
    make_folder(folder);
    remove_orphan_temps(folder);
}

std::string checkpoint_prefix(const TrainSpec& spec) {
    return spec.name + ".";
}

void remove_checkpoints(const TrainSpec& spec) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(spec.work, ignored)) {
        const fs::path& file = entry.path();
        if (file.extension() == ".checkpoint" &&
            file.filename().string().starts_with(checkpoint_prefix(spec)))
            fs::remove(file, ignored);
    }
    fs::remove(spec.work, ignored);  // where it held nothing else
}

TrainedModel made(const TrainSpec& spec, const TrainTools& tools) {
    if (spec.task == Task::Pairs) return train_pairs(spec, tools);
    if (spec.task == Task::Prune) return prune_model(spec, tools);
    return train_factory(spec, tools);
}

}  // namespace

fs::path checkpoint_file(const TrainSpec& spec, const std::string& training) {
    return spec.work / (checkpoint_prefix(spec) + training + ".checkpoint");
}

void check_patch(const TrainSpec& spec, const nets::NetworkShape& shape) {
    if (spec.patch_px % shape.multiple() == 0) return;
    throw Error(ErrorKind::Usage,
                fmt::format("patch_px must be a multiple of {} for this network", shape.multiple()));
}

void train(const TrainSpec& spec, const TrainTools& tools, bool overwrite) {
    const fs::path card = spec.output / (spec.name + ".json");
    std::error_code ignored;
    if (!overwrite && fs::exists(card, ignored)) {
        throw Error(ErrorKind::Usage,
                    "there is a model of that name already; choose another or give --overwrite",
                    {.file = card.string(), .shot = {}, .frame = {}});
    }
    prepare(spec.output);
    prepare(spec.work);
    const auto model = compute::with_torch_errors({}, "lower batch or patch_px, or name fewer pictures",
                                                  [&] { return made(spec, tools); });
    write_model(spec, model);
    remove_checkpoints(spec);  // nothing is left to go on with
}

}  // namespace wetgate::train
