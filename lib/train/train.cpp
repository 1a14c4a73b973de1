#include "train/train.h"

#include <system_error>

#include "core/error.h"

namespace wetgate::train {
namespace {

// Before hours of work, not after them.
void make_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) {
        throw Error(ErrorKind::Output, "cannot make the folder: " + failed.message(),
                    {.file = folder.string(), .shot = {}, .frame = {}});
    }
}

void remove_checkpoints(const std::filesystem::path& folder) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().extension() == ".checkpoint") std::filesystem::remove(entry.path(), ignored);
    }
    std::filesystem::remove(folder, ignored);  // where it held nothing else
}

TrainedModel made(const TrainSpec& spec, const TrainTools& tools) {
    if (spec.task == Task::Pairs) return train_pairs(spec, tools);
    if (spec.task == Task::Prune) return prune_model(spec, tools);
    return train_factory(spec, tools);
}

}  // namespace

void train(const TrainSpec& spec, const TrainTools& tools) {
    make_folder(spec.output);
    make_folder(spec.work);
    write_model(spec, made(spec, tools));
    remove_checkpoints(spec.work);  // nothing is left to go on with
}

}  // namespace wetgate::train
