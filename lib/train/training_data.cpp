#include "train/training_data.h"

#include <ATen/ATen.h>

#include "core/hash.h"

namespace wetgate::train {
namespace {

constexpr std::size_t held_out_every = 20;
constexpr std::size_t least_sources = 4;
constexpr std::int64_t most_bytes = std::int64_t{8} << 30;

}  // namespace

bool TrainingData::holds_out(std::size_t index, std::size_t count) {
    if (count < least_sources) return false;
    if (count < held_out_every) return index + 1 == count;
    return index % held_out_every == held_out_every - 1;
}

bool TrainingData::take(const at::Tensor& picture, bool held_out) {
    const at::Tensor host = picture.contiguous();
    if (bytes_ + static_cast<std::int64_t>(host.nbytes()) > most_bytes) return false;
    bytes_ += static_cast<std::int64_t>(host.nbytes());
    hash_ = content_hash(
        hash_ + content_hash(std::span(static_cast<const std::byte*>(host.data_ptr()), host.nbytes())));
    ++(held_out ? held_out_ : learned_);
    return true;
}

std::unique_ptr<TrainingData> training_data(Task task, const TrainSpec& spec, const TrainTools& tools) {
    if (spec.noisy) return noisy_dailies(spec, tools);
    return clean_pictures(task, spec, tools);
}

}  // namespace wetgate::train
