#include "core/base64.h"

#include <doctest/doctest.h>

namespace wetgate::tests {

TEST_CASE("bytes of any count come back") {
    CHECK(to_base64({}).empty());
    CHECK(to_base64({'f', 'o', 'o', 'b'}) == "Zm9vYg==");  // RFC 4648, section 10
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 300; ++i) {
        CHECK(from_base64(to_base64(bytes)) == bytes);
        bytes.push_back(static_cast<std::uint8_t>(i * 37));
    }
}

TEST_CASE("text that is cut or foreign is none") {
    for (const char* text : {"Zg", "Z===", "Zm9v!A==", "Zg==Zg==", "Zm=v"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64(text).has_value());
    }
}

}  // namespace wetgate::tests
