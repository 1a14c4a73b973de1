#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "color/color.h"
#include "core/log.h"
#include "media/source.h"
#include "passes/coding.h"
#include "train/train_spec.h"

namespace wetgate::train {

/// The working space of training: the one that jobs have unless they say otherwise.
inline constexpr const char* working_space = "ACEScg";

/// Frames of a source in working linear light. For one thread.
class Footage {
public:
    /// Error{Input} when it is not there, Error{Usage} for an unknown colour space.
    Footage(const FootageSpec& spec, const color::Config& colors, const Log& log);

    /// [3,H,W] float32, working linear.
    at::Tensor linear(int frame);
    FrameRange range() const { return source_->info().range; }

private:
    std::unique_ptr<media::FrameSource> source_;
    std::unique_ptr<color::Transform> to_working_;
};

/// Clips and stills of a spec, in the order of learning.
std::vector<FootageSpec> all_footage(const TrainSpec& spec);

/// sRGB, in which clean pictures are kept.
passes::Coding display_coding(const color::Config& colors);

/// The JPEG and PNG files of a folder, by name; none for an empty path. Error{Input} when it holds none.
std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder);

}  // namespace wetgate::train
