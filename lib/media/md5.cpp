#include "media/md5.h"

extern "C" {
#include <libavutil/md5.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "media/movie_file.h"

namespace wetgate::media {

std::string md5_of(const std::filesystem::path& file) {
    MovieFile input(file);
    const std::unique_ptr<AVMD5, void (*)(void*)> state(av_md5_alloc(), av_free);
    if (!state) throw std::bad_alloc();
    av_md5_init(state.get());
    std::vector<std::uint8_t> piece(std::size_t{1} << 20);
    for (std::int64_t at = 0; at < input.size();) {
        const std::int64_t got =
            input.read_at(at, piece.data(), std::min<std::int64_t>(input.size() - at, std::ssize(piece)));
        if (got <= 0)
            throw Error(ErrorKind::Input, "ends early", {.file = file.string(), .shot = {}, .frame = {}});
        av_md5_update(state.get(), piece.data(), static_cast<std::size_t>(got));
        at += got;
    }
    std::array<std::uint8_t, 16> digest{};
    av_md5_final(state.get(), digest.data());
    std::string text;
    for (const std::uint8_t byte : digest) {
        text.push_back("0123456789abcdef"[byte >> 4]);
        text.push_back("0123456789abcdef"[byte & 15U]);
    }
    return text;
}

}  // namespace wetgate::media
