#include "nets/job_models.h"

#include <fmt/format.h>

#include "core/atomic_file.h"
#include "core/binary_folder.h"
#include "core/error.h"
#include "nets/sha256.h"
#include "nets/tiles.h"

namespace wetgate::nets {

ModelCard JobModels::card(const ModelUse& use) const {
    const ModelStore store(folder_);
    ModelCard card = store.card(use.name);
    if (!use.task.empty() && card.task != use.task) {
        throw Error(ErrorKind::Model, fmt::format("model '{}' is made for '{}' and cannot be used for '{}'",
                                                  use.name, card.task, use.task));
    }
    store.check_scope(card, show_);
    if (card.shape.kind == NetworkShape::Kind::Script && use.sha256.empty()) {
        throw Error(ErrorKind::Model,
                    fmt::format("model '{}' is code: its \"sha256\" must stand in the job too", card.name));
    }
    if (!use.sha256.empty() && use.sha256 != card.sha256) {
        throw Error(ErrorKind::Model,
                    fmt::format("model '{}' is not the one that the job was written for (SHA-256 {}, the job "
                                "says {})",
                                card.name, card.sha256, use.sha256));
    }
    return card;
}

std::shared_ptr<const LoadedModel> JobModels::load(const ModelUse& use) const {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const LoadedModel>& kept = loaded_[use.name + "/" + use.task + "/" + use.sha256];
    if (kept) return kept;
    ModelCard own = card(use);
    Network network = ModelStore(folder_).load(own, show_);
    network.place(device_, half_ && device_.is_cuda());
    const int tile_px = usual_tile_px(own.shape, device_.is_cuda());
    kept = std::make_shared<LoadedModel>(LoadedModel{std::move(own), std::move(network), tile_px});
    return kept;
}

std::string JobModels::file(const std::string& name, const std::string& sha256_hex) const {
    constexpr std::int64_t most_bytes = std::int64_t{64} << 20;
    std::filesystem::path path = folder_ / name;
    std::error_code ignored;
    // A show's own folder of models need not have it.
    if (!std::filesystem::exists(path, ignored)) path = binary_folder() / "models" / name;
    const ErrorContext where{.file = path.string(), .shot = {}, .frame = {}};
    std::string bytes;
    try {
        bytes = read_text(path, most_bytes);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;
        throw Error(ErrorKind::Model,
                    error.message() + "; it comes with wetgate, in models/ beside the binary", where);
    }
    if (sha256(std::as_bytes(std::span(bytes))) != sha256_hex)
        throw Error(ErrorKind::Model, "is not the file that came with wetgate (SHA-256)", where);
    return bytes;
}

}  // namespace wetgate::nets
