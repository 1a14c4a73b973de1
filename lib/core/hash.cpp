#include "core/hash.h"

#include <xxhash.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <new>

#include "core/running_hash.h"

namespace wetgate {
namespace {

std::string digits_of(const XXH128_hash_t& hash) {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text.data();
}

}  // namespace

std::string content_hash(std::span<const std::byte> bytes) {
    return digits_of(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string content_hash(std::string_view text) {
    return content_hash(std::as_bytes(std::span(text.data(), text.size())));
}

struct RunningHash::State {
    XXH3_state_t* xxh = XXH3_createState();
    State() = default;
    ~State() { XXH3_freeState(xxh); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

RunningHash::RunningHash() : state_(std::make_unique<State>()) {
    if (state_->xxh == nullptr || XXH3_128bits_reset(state_->xxh) != XXH_OK) throw std::bad_alloc();
}
RunningHash::~RunningHash() = default;

void RunningHash::add(std::span<const std::byte> bytes) {
    XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string RunningHash::text() const {
    return digits_of(XXH3_128bits_digest(state_->xxh));
}

}  // namespace wetgate
