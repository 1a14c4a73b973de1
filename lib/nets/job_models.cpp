#include "nets/job_models.h"

#include <fmt/format.h>

#include "core/error.h"
#include "nets/tiles.h"

namespace wetgate::nets {

ModelCard JobModels::card(const std::string& name, const std::string& task) const {
    const ModelStore store(folder_);
    ModelCard card = store.card(name);
    if (!task.empty() && card.task != task) {
        throw Error(ErrorKind::Model, fmt::format("model '{}' is made for '{}' and cannot be used for '{}'",
                                                  name, card.task, task));
    }
    store.check_scope(card, show_);
    return card;
}

std::shared_ptr<const LoadedModel> JobModels::load(const std::string& name, const std::string& task) const {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const LoadedModel>& kept = loaded_[name];
    if (kept && (task.empty() || kept->card.task == task)) return kept;
    ModelCard own = card(name, task);
    Network network = ModelStore(folder_).load(own, show_);
    network.place(device_, half_ && device_.is_cuda());
    const int tile_px = usual_tile_px(own.shape, device_.is_cuda());
    kept = std::make_shared<LoadedModel>(LoadedModel{std::move(own), std::move(network), tile_px});
    return kept;
}

}  // namespace wetgate::nets
