#include "nets/sha256.h"

extern "C" {
#include <libavutil/mem.h>
#include <libavutil/sha.h>
}

#include <array>
#include <cstdint>
#include <memory>
#include <new>

namespace wetgate::nets {

std::string sha256(std::span<const std::byte> bytes) {
    constexpr int kBits = 256;
    const std::unique_ptr<AVSHA, void (*)(void*)> state(av_sha_alloc(), av_free);
    if (!state || av_sha_init(state.get(), kBits) < 0) throw std::bad_alloc();
    av_sha_update(state.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    std::array<std::uint8_t, kBits / 8> digest{};
    av_sha_final(state.get(), digest.data());
    std::string text;
    for (const std::uint8_t byte : digest) {
        text.push_back("0123456789abcdef"[byte >> 4]);
        text.push_back("0123456789abcdef"[byte & 15U]);
    }
    return text;
}

}  // namespace wetgate::nets
