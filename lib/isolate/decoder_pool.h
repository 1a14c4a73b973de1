#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "isolate/decoder_process.h"

namespace wetgate::isolate {

/// How decoder processes are run.
struct DecoderSettings {
    std::filesystem::path program;          ///< wetgate-decoder
    std::chrono::seconds frame_limit{120};  ///< for one frame; a decoder that takes longer is ended
};

/// The decoder processes of this process: those that wait for work, and what the dead ones died of. For any
/// thread.
class DecoderPool {
public:
    explicit DecoderPool(DecoderSettings settings) : settings_(std::move(settings)) {}

    const DecoderSettings& settings() const { return settings_; }

    /// One that has nothing to do, or a new one. Errors as DecoderProcess.
    std::unique_ptr<DecoderProcess> take(const Log& log);
    /// A new one.
    std::unique_ptr<DecoderProcess> start(const Log& log) const;
    /// For the next who needs one. Its source is closed.
    void give_back(std::unique_ptr<DecoderProcess> decoder);

    /// What became of a decoder that was given this frame: it is not given to another.
    std::optional<std::string> death_of(const std::filesystem::path& file, int frame) const;
    void remember_death(const std::filesystem::path& file, int frame, std::string why);

private:
    const DecoderSettings settings_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<DecoderProcess>> idle_;
    std::map<std::pair<std::filesystem::path, int>, std::string> deaths_;
};

}  // namespace wetgate::isolate
