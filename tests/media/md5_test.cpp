#include "media/md5.h"

#include <doctest/doctest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/temp_folder.h"

namespace wetgate::media {

TEST_CASE("the MD5 of a file is that of RFC 1321's test suite") {
    const tests::TempFolder temp;
    const auto of = [&](std::string_view text) {
        write_atomic(temp / "t", text);
        return md5_of(temp / "t");
    };
    CHECK(of("") == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(of("abc") == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(of("12345678901234567890123456789012345678901234567890123456789012345678901234567890") ==
          "57edf4a22be3c955ac49da2e2107b67a");
    CHECK_THROWS_AS(md5_of(temp / "none"), Error);
}

}  // namespace wetgate::media
