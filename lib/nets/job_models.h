#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "nets/model_store.h"

namespace wetgate::nets {

/// A model that a pass is going to run.
struct ModelUse {
    std::string name;
    std::string task;         ///< as a card's "task"; empty: any
    std::string sha256 = {};  ///< that the job insists on; empty: the card's is enough, except for code
};

/// A model that passes run.
struct LoadedModel {
    ModelCard card;
    Network network;
    int tile_px = 0;  ///< of forward_tiled()
};

/// The models that the passes of one job run on: its show's, on its device, each loaded once. Thread-safe. A
/// job without a learned pass never looks for the folder.
class JobModels {
public:
    /// `folder`: as model_folder() gives it. `half`: weights in float16, for CUDA.
    JobModels(std::filesystem::path folder, std::string show, c10::Device device, bool half)
        : folder_(std::move(folder)), show_(std::move(show)), device_(device), half_(half) {}

    /// Its card, when the model is for the task, may run on the show and is what the job insists on;
    /// Error{Model} otherwise. A TorchScript is code: the job must insist on its hash.
    ModelCard card(const ModelUse& use) const;
    /// card(), with weights that are those of the card, on the device.
    std::shared_ptr<const LoadedModel> load(const ModelUse& use) const;
    /// The bytes of a file in the models' folder that came with wetgate and is no net of its own: YuNet.
    /// Error{Model} where it is not there or not the one with this hash.
    std::string file(const std::string& name, const std::string& sha256_hex) const;

private:
    std::filesystem::path folder_;
    std::string show_;
    c10::Device device_;
    bool half_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::shared_ptr<const LoadedModel>> loaded_;
};

}  // namespace wetgate::nets
