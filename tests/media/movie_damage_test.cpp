#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "media/movie_test_support.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

constexpr int width = 160, height = 96, frames = 8;

struct TestMovie {
    std::vector<std::vector<std::byte>> packets;
    std::vector<std::string> hashes;
};

TestMovie make_movie(const std::filesystem::path& path) {
    MovOptions options;
    options.video = tests::test_options(width, height);
    TestMovie movie{tests::test_packets(options.video, frames), {}};
    tests::write_test_movie(path, options, movie.packets);
    const auto source = tests::open_movie(path);
    movie.hashes = tests::hashes_of(*source);
    return movie;
}

std::size_t find_packet(const std::vector<char>& bytes, const std::vector<std::byte>& packet) {
    const auto* begin = reinterpret_cast<const char*>(packet.data());
    const auto found = std::search(bytes.begin(), bytes.end(), begin, begin + packet.size());
    REQUIRE(found != bytes.end());
    return static_cast<std::size_t>(found - bytes.begin());
}

std::size_t find_box(const std::vector<char>& bytes, std::string_view type) {
    const auto found = std::search(bytes.begin(), bytes.end(), type.begin(), type.end());
    REQUIRE(found != bytes.end());
    return static_cast<std::size_t>(found - bytes.begin());
}

void put_word(std::vector<char>& bytes, std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i)
        bytes.at(at + static_cast<std::size_t>(i)) = static_cast<char>(value >> (24 - 8 * i) & 0xff);
}

/// moov before mdat, as a camera or a web tool writes it, with its chunk offsets moved.
std::vector<char> with_header_first(const std::vector<char>& bytes) {
    const std::size_t header = find_box(bytes, "moov") - 4;
    const std::size_t data = find_box(bytes, "mdat") - 4;
    REQUIRE(data < header);
    std::vector<char> moov(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
    const std::size_t offsets = find_box(moov, "stco");
    const auto word = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(moov.at(at + i));
        return value;
    };
    const std::uint32_t count = word(offsets + 8);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = offsets + 12 + 4 * std::size_t{i};
        put_word(moov, at, word(at) + static_cast<std::uint32_t>(moov.size()));
    }
    std::vector<char> moved(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(data));
    moved.insert(moved.end(), moov.begin(), moov.end());
    moved.insert(moved.end(), bytes.begin() + static_cast<std::ptrdiff_t>(data),
                 bytes.begin() + static_cast<std::ptrdiff_t>(header));
    return moved;
}

TEST_CASE("a frame overwritten with garbage fails alone: the others keep their numbers and bits") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    for (const std::size_t victim : {std::size_t{0}, std::size_t{3}, std::size_t{7}}) {
        std::vector<char> bytes = whole;
        const std::size_t at = find_packet(bytes, movie.packets[victim]);
        for (std::size_t i = 0; i < movie.packets[victim].size(); ++i)
            bytes[at + i] = static_cast<char>(i * 37 + 11);
        tests::put_bytes(folder / "garbage.mov", bytes);
        const auto source = tests::open_movie(folder / "garbage.mov");
        std::vector<std::string> expected = movie.hashes;
        expected[victim].clear();
        CHECK(tests::hashes_of(*source) == expected);
        CHECK(source->read(5).number == 5);
    }
}

TEST_CASE("a damaged slice is refused though the decoder gives a picture") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    std::vector<char> bytes = tests::bytes_of(folder / "whole.mov");
    // The picture's slices come after its header and table of sizes; a run of ones is no code word there.
    const std::size_t at = find_packet(bytes, movie.packets[4]);
    const std::size_t size = movie.packets[4].size();
    for (std::size_t i = size / 2; i < size / 2 + 200; ++i) bytes[at + i] = '\0';
    tests::put_bytes(folder / "slice.mov", bytes);
    std::vector<std::string> expected = movie.hashes;
    expected[4].clear();
    CHECK(tests::hashes_of(*tests::open_movie(folder / "slice.mov")) == expected);
}

TEST_CASE("a packet that is shorter than its own header says is refused") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    std::vector<char> bytes = tests::bytes_of(folder / "whole.mov");
    const std::size_t sizes = find_box(bytes, "stsz");
    put_word(bytes, sizes + 16 + 4 * 2, static_cast<std::uint32_t>(movie.packets[2].size() - 40));
    tests::put_bytes(folder / "short.mov", bytes);
    const std::vector<std::string> hashes = tests::hashes_of(*tests::open_movie(folder / "short.mov"));
    CHECK(hashes[0] == movie.hashes[0]);
    CHECK(hashes[1] == movie.hashes[1]);
    CHECK(hashes[2].empty());
}

TEST_CASE("a truncated movie gives its whole frames under their numbers and refuses the rest") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    const std::vector<char> header_first = with_header_first(whole);
    int partial = 0;
    for (int part = 0; part < 10; ++part) {
        CAPTURE(part);
        const auto cut =
            static_cast<std::ptrdiff_t>(header_first.size() * static_cast<std::size_t>(part) / 10);
        tests::put_bytes(folder / "cut.mov", {header_first.begin(), header_first.begin() + cut});
        try {
            const std::vector<std::string> hashes = tests::hashes_of(*tests::open_movie(folder / "cut.mov"));
            REQUIRE(hashes.size() == frames);
            const auto first_lost = std::find(hashes.begin(), hashes.end(), std::string());
            CHECK(std::equal(hashes.begin(), first_lost, movie.hashes.begin()));
            CHECK(
                std::all_of(first_lost, hashes.end(), [](const std::string& hash) { return hash.empty(); }));
            CHECK(first_lost != hashes.end());
            ++partial;
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
        }
        const auto tail_cut = static_cast<std::ptrdiff_t>(whole.size() * static_cast<std::size_t>(part) / 10);
        tests::put_bytes(folder / "cut.mov", {whole.begin(), whole.begin() + tail_cut});
        CHECK_THROWS_AS(tests::open_movie(folder / "cut.mov"), Error);  // without its header
    }
    CHECK(partial >= 6);
}

TEST_CASE("a cut long-GOP clip never gives a wrong picture or a wrong number") {
    const auto clip = tests::shared("footage/clips/mdn_hisgirlfriday_1940.mp4");
    if (!clip) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    const tests::TempFolder folder;
    const std::vector<char> whole = tests::bytes_of(*clip);
    const std::vector<std::string> expected = tests::hashes_of(*tests::open_movie(*clip));
    for (const int percent : {35, 60, 85}) {
        CAPTURE(percent);
        const auto cut = static_cast<std::ptrdiff_t>(whole.size() * static_cast<std::size_t>(percent) / 100);
        tests::put_bytes(folder / "cut.mp4", {whole.begin(), whole.begin() + cut});
        try {
            const std::vector<std::string> hashes = tests::hashes_of(*tests::open_movie(folder / "cut.mp4"));
            REQUIRE(hashes.size() == expected.size());
            for (std::size_t i = 0; i < hashes.size(); ++i) {
                if (!hashes[i].empty()) CHECK(hashes[i] == expected[i]);
            }
            CHECK_FALSE(hashes[10].empty());
            CHECK(hashes.back().empty());
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
        }
    }
}

TEST_CASE("damage in a predicted clip is refused alike in order and by jumps") {
    const auto clip = tests::shared("footage/clips/sam_juggle.mp4");
    if (!clip) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    const tests::TempFolder folder;
    std::vector<char> bytes = tests::bytes_of(*clip);
    const std::vector<std::string> whole = tests::hashes_of(*tests::open_movie(*clip));
    for (std::size_t i = 0; i < 3000; ++i) bytes[bytes.size() / 2 + i] = static_cast<char>(i * 61 + 5);
    tests::put_bytes(folder / "hurt.mp4", bytes);
    const std::vector<std::string> in_order = tests::hashes_of(*tests::open_movie(folder / "hurt.mp4"));
    REQUIRE(in_order.size() == whole.size());
    const auto refused = std::count(in_order.begin(), in_order.end(), std::string());
    CHECK(refused > 0);
    CHECK(refused < static_cast<std::ptrdiff_t>(whole.size()));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        if (!in_order[i].empty()) CHECK(in_order[i] == whole[i]);
    }
    const auto jumping = tests::open_movie(folder / "hurt.mp4");
    for (int i = 0; i < 12; ++i) {
        const int frame = i * 101 % static_cast<int>(whole.size());
        std::string hash;
        try {
            hash = tests::hash_of(jumping->read(frame));
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
        }
        CHECK(hash == in_order[static_cast<std::size_t>(frame)]);
    }
}

TEST_CASE("tables that lie about counts and sizes are refused quickly") {
    const tests::TempFolder folder;
    make_movie(folder / "whole.mov");
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    struct Lie {
        const char* box;
        std::size_t offset;
        std::uint32_t value;
    };
    const Lie lies[] = {{"stsz", 8, 100},          {"stsz", 12, 0xffffffffU}, {"stts", 8, 0xffffffffU},
                        {"stts", 12, 0x7fffffffU}, {"stco", 8, 0xffffffffU},  {"stco", 12, 0xfffffff0U},
                        {"stsc", 16, 0x7fffffffU}};
    for (const Lie& lie : lies) {
        CAPTURE(lie.box);
        CAPTURE(lie.offset);
        std::vector<char> bytes = whole;
        put_word(bytes, find_box(bytes, lie.box) + lie.offset, lie.value);
        if (lie.offset == 8 && std::string_view(lie.box) == "stsz") {
            put_word(bytes, find_box(bytes, "stsz") + 12,
                     0x7fffffffU);  // one constant size, two thousand million samples
        }
        tests::put_bytes(folder / "lie.mov", bytes);
        const auto begin = std::chrono::steady_clock::now();
        try {
            const auto source = tests::open_movie(folder / "lie.mov");
            CHECK(source->info().range.size() <= frames);
            tests::hashes_of(*source);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
        }
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
    }
}

std::vector<char> box(std::string_view type, const std::vector<char>& body) {
    std::vector<char> bytes(8 + body.size());
    put_word(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
    std::copy(type.begin(), type.end(), bytes.begin() + 4);
    std::copy(body.begin(), body.end(), bytes.begin() + 8);
    return bytes;
}

std::vector<char> operator+(std::vector<char> a, const std::vector<char>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::string refusal_of(const std::filesystem::path& path) {
    try {
        tests::open_movie(path);
        return {};
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        return error.message();
    }
}

TEST_CASE("a sample table that lies is found wherever libavformat would find it") {
    const tests::TempFolder folder;
    const auto refusal = [&](const std::vector<char>& bytes) {
        tests::put_bytes(folder / "lie.mov", bytes);
        return refusal_of(folder / "lie.mov");
    };
    std::vector<char> table(12);
    put_word(table, 4, 1);  // one constant size
    put_word(table, 8, 0x7fffffffU);
    const std::vector<char> lie = box("stsz", table);
    const std::vector<char> zeros(24);
    for (const char* holder : {"udta", "dinf", "mvex", "tref", "wave", "ilst"})
        CHECK(refusal(box("moov", box(holder, lie))).find("'stsz' table declares 2147483647") !=
              std::string::npos);
    const std::vector<char> handler = box("hdlr", zeros);
    CHECK(refusal(box("moov", box("meta", handler + lie))).find("declares") != std::string::npos);
    CHECK(refusal(box("moov", box("meta", std::vector<char>(4) + handler + lie))).find("declares") !=
          std::string::npos);
    CHECK(refusal(box("meta", std::vector<char>(8000) + handler + lie)).find("declares") !=
          std::string::npos);
    CHECK(refusal(box("junk", zeros) + box("moov", lie)).find("declares") != std::string::npos);
    std::vector<char> many;
    for (int i = 0; i < 70'000; ++i) many = std::move(many) + box("free", {});
    CHECK(refusal(many + box("moov", lie)).find("declares") != std::string::npos);
    std::vector<char> small_sizes(12);
    put_word(small_sizes, 4, 4);  // bits a size
    put_word(small_sizes, 8, 0x1fffffffU);
    CHECK(refusal(box("moov", box("stz2", small_sizes))).find("'stz2' table declares 536870911") !=
          std::string::npos);
}

TEST_CASE("colour tags of a number that nobody has defined are unspecified") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    std::vector<char> bytes = tests::bytes_of(folder / "whole.mov");
    const std::size_t tags = find_box(bytes, "colr") + 8;  // behind 'colr' and 'nclc'
    for (std::size_t i = 0; i < 6; i += 2) bytes.at(tags + i + 1) = '\xFA';
    for (const auto& packet : movie.packets) {  // and in the frames' own headers (SMPTE RDD 36, 5.1.1)
        const std::size_t header = find_packet(bytes, packet) + 8;
        for (std::size_t i = 14; i < 17; ++i) bytes.at(header + i) = '\xFA';
    }
    tests::put_bytes(folder / "tagged.mov", bytes);
    const auto source = tests::open_movie(folder / "tagged.mov");
    CHECK(source->info().color.primaries == 2);
    CHECK(source->info().color.transfer == 2);
    CHECK(source->info().color.matrix == 2);
}

TEST_CASE("a header that reaches far past the end of its file is refused, media that do are not") {
    const tests::TempFolder folder;
    make_movie(folder / "whole.mov");
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    std::vector<char> bytes = whole + box("udta", {});
    put_word(bytes, whole.size(), 0x40000000);
    tests::put_bytes(folder / "lie.mov", bytes);
    CHECK(refusal_of(folder / "lie.mov").find("'udta' box reaches") != std::string::npos);
    bytes = whole + box("mdat", {});
    put_word(bytes, whole.size(), 0x40000000);
    tests::put_bytes(folder / "recording.mov", bytes);
    CHECK(refusal_of(folder / "recording.mov").empty());
}

TEST_CASE("a compressed movie header is refused before it unpacks") {
    const tests::TempFolder folder;
    tests::put_bytes(folder / "packed.mov", box("moov", box("cmov", box("dcom", {'z', 'l', 'i', 'b'}))));
    CHECK(refusal_of(folder / "packed.mov").find("is compressed ('cmov')") != std::string::npos);
}

TEST_CASE("a picture that no such file could hold is not decoded") {
    const tests::TempFolder folder;
    const TestMovie movie = make_movie(folder / "whole.mov");
    std::vector<char> bytes = tests::bytes_of(folder / "whole.mov");
    for (const auto& packet : movie.packets) {
        const std::size_t at = find_packet(bytes, packet);
        bytes[at + 16] = bytes[at + 17] = bytes[at + 18] = bytes[at + 19] = '\x7f';  // 32639 x 32639
    }
    const std::size_t entry = find_box(bytes, "apch");
    for (std::size_t i = 0; i < 4; ++i) bytes[entry + 28 + i] = '\x7f';
    tests::put_bytes(folder / "huge.mov", bytes);
    CHECK_THROWS_AS(tests::open_movie(folder / "huge.mov"), Error);
}

TEST_CASE("a frame of another size in the middle is refused, the others are not") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = tests::test_options(width, height);
    auto packets = tests::test_packets(options.video, 4);
    packets[2] = tests::test_packets(tests::test_options(width, height - 16), 1)[0];
    tests::write_test_movie(folder / "mixed.mov", options, packets);
    const auto source = tests::open_movie(folder / "mixed.mov");
    const std::vector<std::string> hashes = tests::hashes_of(*source);
    CHECK_FALSE(hashes[1].empty());
    CHECK(hashes[2].empty());
    CHECK_FALSE(hashes[3].empty());
    CHECK_THROWS_WITH_AS(source->read(2), doctest::Contains("160 x 80"), Error);
}

TEST_CASE("every byte of a small movie may be wrong without a crash") {
    const tests::TempFolder folder;
    make_movie(folder / "whole.mov");
    const std::vector<char> whole = tests::bytes_of(folder / "whole.mov");
    const std::size_t header = find_box(whole, "moov") - 4;
    for (std::size_t at = header; at < whole.size(); at += 7) {
        std::vector<char> bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
        tests::put_bytes(folder / "flip.mov", bytes);
        try {
            const auto source = tests::open_movie(folder / "flip.mov");
            source->read(source->info().range.first);
        } catch (const Error& error) {
            CHECK(error.kind() != ErrorKind::Internal);
        }
    }
}

}  // namespace
}  // namespace wetgate::media
