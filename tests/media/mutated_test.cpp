// What a damaged file may do at most: be refused, or be read as it was before.
#include <doctest/doctest.h>

#include <algorithm>

#include "fuzz/mutate.h"
#include "media/exr.h"
#include "media/movie_test_support.h"
#include "support/save.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

template <class Byte>
void damage(std::vector<Byte>& bytes, std::size_t first, std::size_t end, fuzz::Random& random) {
    for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) {
        const std::size_t at = first + random.below(end - first);
        const auto old = static_cast<unsigned char>(bytes[at]);
        const auto flipped = static_cast<unsigned char>(old ^ (1U << random.below(8)));
        bytes[at] =
            static_cast<Byte>(random.below(2) == 0 ? flipped : static_cast<unsigned char>(random.next()));
    }
}

}  // namespace

TEST_CASE(
    "a picture whose chunks have checksums is read as it was or refused, whatever byte behind the header is "
    "wrong") {
    const tests::TempFolder folder;
    HostFrame like;
    like.display_window = {0, 0, 56, 48};
    const HostFrame made =
        make_rgb_frame(like, tests::test_picture(56, 48, 1), SampleType::Half, 0, std::nullopt);
    for (const std::string compression : {"zip", "zips", "pxr24"}) {
        ExrWriteOptions options;
        options.compression = compression;
        const std::vector<std::byte> whole = encode_exr(made, options);
        const auto file = folder / "damaged.exr";
        tests::save(file, whole);
        const std::string hash = tests::hash_of(read_exr(file, 1, {}));
        const std::size_t header = scan_exr_header(file, {}).header_bytes;
        fuzz::Random random(1001);
        int refused = 0;
        for (int i = 0; i < 500; ++i) {
            std::vector<std::byte> bytes = whole;
            damage(bytes, header, bytes.size(), random);
            tests::save(file, bytes);
            CAPTURE(compression);
            CAPTURE(i);
            std::string seen;
            try {
                seen = tests::hash_of(read_exr(file, 1, {}));
            } catch (const Error& error) {
                CHECK(error.kind() == ErrorKind::Input);
                ++refused;
            }
            CHECK((seen.empty() || seen == hash));
        }
        CHECK(refused >
              400);  // the others changed nothing that is read, as the table of a file that is whole
    }
}

TEST_CASE("bytes that are wrong in one frame of a movie change no other frame, and no number") {
    constexpr int frames = 6;
    const tests::TempFolder folder;
    MovOptions options;
    options.video = tests::test_options(96, 64);
    const auto packets = tests::test_packets(options.video, frames);
    tests::write_test_movie(folder / "whole.mov", options, packets);
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    const std::vector<std::string> hashes = tests::hashes_of(*tests::open_movie(folder / "whole.mov"));
    fuzz::Random random(7);
    for (int i = 0; i < 120; ++i) {
        const std::size_t victim = random.below(frames);
        const auto* first = reinterpret_cast<const char*>(packets[victim].data());
        const auto found = std::search(whole.begin(), whole.end(), first, first + packets[victim].size());
        REQUIRE(found != whole.end());
        const auto at = static_cast<std::size_t>(found - whole.begin());
        std::vector<char> bytes = whole;
        damage(bytes, at, at + packets[victim].size(), random);
        tests::put_bytes(folder / "damaged.mov", bytes);
        std::vector<std::string> seen = tests::hashes_of(*tests::open_movie(folder / "damaged.mov"));
        REQUIRE(seen.size() == hashes.size());
        seen[victim] = hashes[victim];  // ProRes has no checksum: another picture, or a refusal
        CAPTURE(i);
        CHECK(seen == hashes);
    }
}

}  // namespace wetgate::media
