#include "core/hash.h"

#include <doctest/doctest.h>

#include "core/running_hash.h"

namespace wetgate {

TEST_CASE("bytes that come piece by piece have the hash of the whole") {
    CHECK(content_hash(std::string_view()) == "99aa06d3014798d86001c324468d497f");  // XXH3-128 of nothing
    std::string text;
    for (int i = 0; i < 5000; ++i) text += static_cast<char>(i * 7 % 251);
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    for (const std::size_t piece : {1U, 17U, 256U, 5000U}) {
        RunningHash hash;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            hash.add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
        CHECK(hash.text() == content_hash(text));
    }
    CHECK(RunningHash().text() == content_hash(std::string_view()));
}

}  // namespace wetgate
