#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "train/train.h"
#include "train/trainer.h"

namespace wetgate::train {

/// What the net of a pass learns from and, apart from that, is judged by: of twenty sources (clips or stills)
/// one is held out, and of four to nineteen the last.
class TrainingData {
public:
    virtual ~TrainingData() = default;
    /// `count` examples, a function of the arguments alone. `held_out`: from what learning never sees. Called
    /// from several threads.
    virtual Batch batch(std::int64_t count, std::uint64_t seed, bool held_out) const = 0;

    const std::string& hash() const { return hash_; }  ///< of every picture
    std::size_t learned() const { return learned_; }
    std::size_t held_out() const { return held_out_; }  ///< pictures; 0: too few sources to hold one out

protected:
    /// Says whether source `index` of `count` is held out.
    static bool holds_out(std::size_t index, std::size_t count);
    /// Takes a picture into account; false when no more can be kept in memory.
    bool take(const at::Tensor& picture, bool held_out);

private:
    std::string hash_;
    std::size_t learned_ = 0, held_out_ = 0;
    std::int64_t bytes_ = 0;
};

/// Clean pictures, into which the faults of the task are planted: denoise, inpaint, upscale.
std::unique_ptr<TrainingData> clean_pictures(Task task, const TrainSpec& spec, const TrainTools& tools);
/// Noisy dailies that nobody has clean, recorrupted. See Note [The factory].
std::unique_ptr<TrainingData> noisy_dailies(const TrainSpec& spec, const TrainTools& tools);

/// What the task of the spec learns from.
std::unique_ptr<TrainingData> training_data(Task task, const TrainSpec& spec, const TrainTools& tools);

}  // namespace wetgate::train
