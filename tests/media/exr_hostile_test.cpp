#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "media/exr.h"
#include "support/temp_folder.h"

using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::media::Limits;
using wetgate::media::read_exr;
using wetgate::media::scan_exr_header;
using namespace std::string_literals;

namespace {

template <class T>
std::string raw(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string attribute(const std::string& name, const std::string& type, const std::string& value) {
    return name + '\0' + type + '\0' + raw(static_cast<std::int32_t>(value.size())) + value;
}

std::string box(int x0, int y0, int x1, int y1) {
    return raw(x0) + raw(y0) + raw(x1) + raw(y1);
}

std::string channel(const std::string& name, int type) {
    return name + '\0' + raw(type) + std::string(4, '\0') + raw(1) + raw(1);
}

/// A file of one half channel, 8 x 4, built by hand so that each piece can be made hostile.
struct HandMade {
    int flags = 2;
    char compression = 0;
    char line_order = 0;
    std::string window = box(0, 0, 7, 3);
    std::string channels = channel("Y", 1) + '\0';
    std::string more_attributes;
    std::string aspect = raw(1.0F);
    bool end_header = true;

    std::string header() const {
        return raw(std::int32_t{20000630}) + raw(flags) + attribute("channels", "chlist", channels) +
               attribute("compression", "compression", std::string(1, compression)) +
               attribute("dataWindow", "box2i", window) +
               attribute("displayWindow", "box2i", box(0, 0, 7, 3)) +
               attribute("lineOrder", "lineOrder", std::string(1, line_order)) +
               attribute("pixelAspectRatio", "float", aspect) +
               attribute("screenWindowCenter", "v2f", raw(0.0F) + raw(0.0F)) +
               attribute("screenWindowWidth", "float", raw(1.0F)) + more_attributes +
               (end_header ? "\0"s : ""s);
    }
    /// Header, table and `rows` uncompressed rows whose samples are all 0x3C00 (1.0) with the row's number in
    /// the low bits.
    std::string file(int rows = 4) const {
        std::string bytes = header();
        const std::size_t start = bytes.size() + static_cast<std::size_t>(rows) * 8;
        for (int y = 0; y < rows; ++y)
            bytes += raw(static_cast<std::int64_t>(start + static_cast<std::size_t>(y) * 24));
        for (int y = 0; y < rows; ++y) bytes += row(y);
        return bytes;
    }
    static std::string row(int y) {
        std::string bytes = raw(y) + raw(std::int32_t{16});
        for (int x = 0; x < 8; ++x) bytes += raw(static_cast<std::uint16_t>(0x3C00 + y));
        return bytes;
    }
    /// A file of one chunk (four rows fit in one of a compressed kind) with this coded data.
    std::string one_chunk(const std::string& data) const {
        const std::string bytes = header();
        return bytes + raw(static_cast<std::int64_t>(bytes.size() + 8)) + raw(std::int32_t{0}) +
               raw(static_cast<std::int32_t>(data.size())) + data;
    }
};

/// A zlib stream that stores `data` as it is (RFC 1950, RFC 1951 section 3.2.4).
std::string zlib_stored(const std::string& data) {
    std::uint32_t a = 1, b = 0;
    for (const char c : data) {
        a = (a + static_cast<unsigned char>(c)) % 65521;
        b = (b + a) % 65521;
    }
    const auto size = static_cast<std::uint16_t>(data.size());
    const std::uint32_t adler = b << 16 | a;
    std::string sum;
    for (int shift = 24; shift >= 0; shift -= 8) sum += static_cast<char>(adler >> shift & 0xFF);
    return "\x78\x01\x01"s + raw(size) + raw(static_cast<std::uint16_t>(~size)) + data + sum;
}

class Bench {
public:
    /// The reason of the refusal; empty when the file was read.
    std::string refusal(const std::string& bytes) {
        const auto file = folder_ / "hostile.exr";
        std::ofstream(file, std::ios::binary) << bytes;
        try {
            read_exr(file, 5, {});
            return {};
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            CHECK(error.context().file == file.string());
            CHECK(error.context().frame == 5);
            return error.message();
        }
    }

private:
    wetgate::tests::TempFolder folder_;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a well-formed hand-made file is read with its own samples") {
    const wetgate::tests::TempFolder folder;
    std::ofstream(folder / "good.exr", std::ios::binary) << HandMade{}.file();
    const auto frame = read_exr(folder / "good.exr", 1, {});
    REQUIRE(frame.worked.model == wetgate::PixelModel::Luminance);
    const auto* samples = frame.parts[0].planes[0].samples<std::uint16_t>();
    for (std::size_t i = 0; i < 32; ++i) CHECK(samples[i] == 0x3C00 + i / 8);
}

TEST_CASE("hostile headers are refused with a reason") {
    Bench bench;
    const auto with = [](auto change) {
        HandMade made;
        change(made);
        return made.file();
    };
    CHECK(bench.refusal("") == "is empty");
    CHECK(contains(bench.refusal("not an exr file at all"), "not an EXR"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.flags = 0x802; })), "deep"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.flags = 0x2002; })), "version"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.compression = 10; })), "compression 10"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.line_order = 2; })), "line order"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.window = box(0, 0, -1, 3); })), "empty"));
    CHECK(
        contains(bench.refusal(with([](HandMade& m) { m.window = box(-2147483647 - 1, 0, 2147483647, 3); })),
                 "bounds"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.window = box(0, 0, 1 << 20, 3); })), "at most"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.aspect = raw(0.0F); })), "aspect"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.aspect = raw(std::uint32_t{0x7FC00000}); })),
                   "aspect"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.channels = "\0"s; })), "no channels"));
    CHECK(contains(
        bench.refusal(with([](HandMade& m) { m.channels = channel("Y", 1) + channel("Y", 1) + '\0'; })),
        "twice"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.channels = channel("Y", 3) + '\0'; })),
                   "pixel type"));
    CHECK(contains(
        bench.refusal(with([](HandMade& m) { m.more_attributes = attribute("a", "int", "1234567"); })),
        "'a'"));
    CHECK(contains(bench.refusal(with(
                       [](HandMade& m) { m.more_attributes = attribute("lineOrder", "lineOrder", "\0"s); })),
                   "twice"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.more_attributes = "a\0int\0\xFF\xFF\xFF\xFF"s; })),
                   "negative"));
    CHECK(contains(bench.refusal(with([](HandMade& m) { m.more_attributes = "a\0int\0\xFF\xFF\xFF\x7F"s; })),
                   "attributes"));
    CHECK(
        contains(bench.refusal(with([](HandMade& m) { m.more_attributes = std::string(300, 'n') + "\0"s; })),
                 "longer"));
}

TEST_CASE("a small file that declares a huge picture is refused before memory is taken") {
    Bench bench;
    HandMade made;
    made.window = box(0, 0, 32767, 32767);
    made.compression = 9;  // dwab: few chunks
    CHECK(contains(bench.refusal(made.one_chunk("x") + std::string(4096, 'x')), "cannot hold"));
    made.window = box(0, 0, 65535, 0);
    made.channels.clear();
    for (int i = 100; i < 600; ++i) made.channels += channel("c" + std::to_string(i), 2);
    made.channels += '\0';
    CHECK(contains(bench.refusal(made.one_chunk("x")), "chunks are far larger"));
}

TEST_CASE(
    "a file that declares more channels on levels than any picture has is refused before they are listed") {
    Bench bench;
    HandMade made;
    made.flags = 0x202;  // tiled
    made.window = box(0, 0, 65535, 32767);
    made.channels.clear();
    for (int i = 1000; i < 2024; ++i) made.channels += channel("c" + std::to_string(i), 1);
    made.channels += '\0';
    made.more_attributes =
        attribute("tiles", "tiledesc", raw(std::uint32_t{65536}) + raw(std::uint32_t{65536}) + '\2');  // rip
    CHECK(contains(bench.refusal(made.header() + std::string(4096, 'x')), "more than 262144 planes"));
}

TEST_CASE("a hundred thousand tiny attributes are refused at once") {
    Bench bench;
    HandMade made;
    for (int i = 0; i < 100000; ++i)
        made.more_attributes += attribute("a" + std::to_string(i), "int", raw(i));
    const std::string bytes = made.file();
    const auto start = std::chrono::steady_clock::now();
    CHECK(contains(bench.refusal(bytes), "4096 attributes"));
    CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 0.5);
}

TEST_CASE("a chunk table that lies is refused") {
    Bench bench;
    const std::string good = HandMade{}.file();
    const std::size_t table = HandMade{}.header().size();
    const auto with_entry = [&](std::size_t entry, std::int64_t offset) {
        std::string bytes = good;
        std::memcpy(bytes.data() + table + 8 * entry, &offset, sizeof offset);
        return bytes;
    };
    const auto first = static_cast<std::int64_t>(table + 32);
    CHECK(bench.refusal(good).empty());
    CHECK(contains(bench.refusal(with_entry(1, first)), "another chunk"));
    CHECK(contains(bench.refusal(with_entry(1, -5)), "past the end"));
    CHECK(contains(bench.refusal(with_entry(1, std::int64_t{1} << 62)), "past the end"));
    CHECK_FALSE(bench.refusal(with_entry(1, 3)).empty());
    std::string longer = good;
    longer[static_cast<std::size_t>(first) + 4] = 17;  // the first row's size
    CHECK(contains(bench.refusal(longer), "17 bytes for 16"));
    CHECK(contains(bench.refusal(good.substr(0, good.size() - 1)), "past the end"));
}

TEST_CASE("a chunk table that was never filled in is rebuilt only when every chunk is there") {
    Bench bench;
    std::string bytes = HandMade{}.file();
    std::memset(bytes.data() + HandMade{}.header().size(), 0, 32);
    CHECK(bench.refusal(bytes).empty());
    CHECK(contains(bench.refusal(bytes.substr(0, bytes.size() - 24)), "1 chunks are missing"));
    bytes.replace(bytes.size() - 24, 24, HandMade::row(2));
    CHECK(contains(bench.refusal(bytes), "twice"));
}

TEST_CASE("coded data that unpacks to another number of bytes than the picture has is refused") {
    Bench bench;
    HandMade made;
    made.compression = 3;  // zip: four rows are one chunk of 64 bytes
    CHECK_FALSE(bench.refusal(made.one_chunk(zlib_stored(std::string(20, 'a')))).empty());
    CHECK_FALSE(bench.refusal(made.one_chunk("\x78\x9C garbage")).empty());
    made.compression = 5;  // pxr24
    CHECK_FALSE(bench.refusal(made.one_chunk(zlib_stored(std::string(20, 'a')))).empty());
    made.compression = 1;  // rle: a row a chunk
    made.window = box(0, 0, 7, 0);
    CHECK(bench.refusal(made.one_chunk("\x0F"s + "a")).empty());  // a run of 16
    CHECK_FALSE(bench.refusal(made.one_chunk("\x04"s + "a")).empty());
    CHECK_FALSE(bench.refusal(made.one_chunk("\x10"s + "a")).empty());
    CHECK_FALSE(bench.refusal(made.one_chunk("\xF0"s + "abc")).empty());
}
