#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "spec/path_pattern.h"

namespace wetgate::train {

struct FootageSpec {
    spec::PathPattern path;
    std::optional<FrameRange> range;
    std::optional<int> first_frame;
    std::string colorspace;
};

enum class Task { Pairs, Denoise, Inpaint, Upscale, Prune };

/// schemas/train.schema.json as a struct; paths are absolute.
struct TrainSpec {
    std::string name;
    Task task = Task::Pairs;
    std::filesystem::path output, work;
    std::string licence, data_note;
    std::vector<std::string> credits;
    nlohmann::json shows = "*";

    FootageSpec before, after;  ///< pairs
    FrameSet key_frames;
    std::optional<FrameRange> range;

    std::vector<FootageSpec> pictures;
    std::filesystem::path stills;
    bool noisy = false;
    std::string start;

    nlohmann::json network = nlohmann::json::object();
    int steps = 0, batch = 0, patch_px = 0, checkpoint_every = 0, threads = 1;
    double learning_rate = 0;
    std::uint64_t seed = 0;
    std::string device;
    nlohmann::json json;  ///< as written, with defaults
};

/// Error{Usage} with every problem of the file.
TrainSpec read_train_spec(const std::filesystem::path& file);

}  // namespace wetgate::train
