#include "isolate/decoder_pool.h"

namespace wetgate::isolate {

std::unique_ptr<DecoderProcess> DecoderPool::take(const Log& log) {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<DecoderProcess> decoder = std::move(idle_.back());
            idle_.pop_back();
            return decoder;
        }
    }
    return start(log);
}

std::unique_ptr<DecoderProcess> DecoderPool::start(const Log& log) const {
    return std::make_unique<DecoderProcess>(settings_.program, log);
}

void DecoderPool::give_back(std::unique_ptr<DecoderProcess> decoder) {
    constexpr std::size_t most_idle = 16;
    Patience patience(std::chrono::seconds(1));
    if (!decoder->channel().send(MessageKind::Close, {}, patience)) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < most_idle) idle_.push_back(std::move(decoder));
}

std::optional<std::string> DecoderPool::death_of(const std::filesystem::path& file, int frame) const {
    const std::lock_guard lock(mutex_);
    const auto found = deaths_.find({file, frame});
    return found == deaths_.end() ? std::nullopt : std::optional(found->second);
}

void DecoderPool::remember_death(const std::filesystem::path& file, int frame, std::string why) {
    const std::lock_guard lock(mutex_);
    deaths_[{file, frame}] = std::move(why);
}

}  // namespace wetgate::isolate
