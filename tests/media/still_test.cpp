#include "media/still.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "core/error.h"
#include "media/oiio_still.h"
#include "media/still_library.h"
#include "support/shared.h"
#include "support/temp_folder.h"

using wetgate::Box;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::HostFrame;
using wetgate::Plane;
using wetgate::SampleType;
using wetgate::media::encode_still;
using wetgate::media::Limits;
using wetgate::media::read_still;
using wetgate::media::StillWriteOptions;
using wetgate::tests::TempFolder;

namespace {

using Bytes = std::vector<std::byte>;

// Noise of every code value, so that nothing is right by chance.
HostFrame noise(int width, int height, SampleType type, int bits,
                std::vector<std::string> names = {"R", "G", "B"}) {
    HostFrame frame;
    frame.parts.resize(1);
    frame.parts[0].window = frame.display_window = {0, 0, width, height};
    std::mt19937 random(5);
    for (const std::string& name : names) {
        Plane plane = wetgate::make_plane(name, type, width, height);
        const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t value = static_cast<std::uint32_t>(random());
            if (type == SampleType::U8)
                plane.samples<std::uint8_t>()[i] = static_cast<std::uint8_t>(value & 0xFF);
            if (type == SampleType::U16)
                plane.samples<std::uint16_t>()[i] = static_cast<std::uint16_t>(value & ((1U << bits) - 1U));
            if (type == SampleType::F32)
                plane.samples<float>()[i] = static_cast<float>(value % 4001U) / 1000.0F - 1.0F;
        }
        frame.parts[0].planes.push_back(std::move(plane));
    }
    frame.color.bits = bits;
    frame.worked.model = names.size() < 3 ? wetgate::PixelModel::Luminance : wetgate::PixelModel::Rgb;
    for (int c = 0; c < (names.size() < 3 ? 1 : 3); ++c) frame.worked.plane[c] = c;
    return frame;
}

bool same_pixels(const HostFrame& a, const HostFrame& b) {
    const std::vector<Plane>& left = a.worked_part().planes;
    const std::vector<Plane>& right = b.worked_part().planes;
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (left[i].name != right[i].name || left[i].type != right[i].type ||
            left[i].data->size() != right[i].data->size() ||
            std::memcmp(left[i].data->data(), right[i].data->data(), left[i].data->size()) != 0) {
            return false;
        }
    }
    return true;
}

std::filesystem::path write(const TempFolder& folder, const std::string& name, const Bytes& bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return folder / name;
}

StillWriteOptions options(const std::string& type, int bits = 0) {
    StillWriteOptions made;
    made.type = type;
    made.bits = bits;
    return made;
}

void set_u32(Bytes& bytes, std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i)
        bytes[at + i] = static_cast<std::byte>((value >> (24 - 8 * i)) & 0xFF);
}

std::string refusal(const std::filesystem::path& file) {
    try {
        read_still(file, 1001, {});
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(error.context().frame == 1001);
        CHECK(std::string(error.what()).find(file.filename().string()) != std::string::npos);
        return error.message();
    }
    FAIL_CHECK("not refused: " << file);
    return "";
}

}  // namespace

TEST_CASE("a frame of any depth that a format has comes back bit for bit, and twice the same bytes") {
    const TempFolder folder;
    struct Case {
        const char* type;
        SampleType samples;
        int bits;
        std::vector<std::string> names;
    };
    const std::vector<std::string> rgb{"R", "G", "B"}, rgba{"R", "G", "B", "A"}, grey{"Y"};
    const Case cases[] = {
        {"dpx", SampleType::U8, 8, rgb},    {"dpx", SampleType::U16, 10, rgb},
        {"dpx", SampleType::U16, 10, rgba}, {"dpx", SampleType::U16, 10, grey},
        {"dpx", SampleType::U16, 12, rgb},  {"dpx", SampleType::U16, 16, rgba},
        {"dpx", SampleType::F32, 0, rgb},   {"tiff", SampleType::U8, 8, rgba},
        {"tiff", SampleType::U16, 16, rgb}, {"tiff", SampleType::F32, 0, rgb},
        {"tiff", SampleType::U8, 8, grey},  {"png", SampleType::U8, 8, rgb},
        {"png", SampleType::U16, 16, rgba}, {"png", SampleType::U8, 8, {"Y", "A"}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.type);
        CAPTURE(each.bits);
        CAPTURE(each.names.size());
        for (const int width : {1, 7, 32}) {
            const HostFrame frame = noise(width, 5, each.samples, each.bits, each.names);
            const Bytes bytes = encode_still(frame, options(each.type));
            const HostFrame back = read_still(write(folder, std::string("a.") + each.type, bytes), 7, {});
            CHECK(same_pixels(frame, back));
            CHECK(back.number == 7);
            CHECK(back.color.bits == each.bits);
            // An untouched frame is the same file again.
            CHECK(encode_still(back, options(each.type)) == bytes);
        }
    }
}

TEST_CASE("no clock gets into a file") {
    const HostFrame frame = noise(8, 4, SampleType::U8, 8);
    std::vector<Bytes> first;
    for (const char* type : {"dpx", "tiff", "png", "jpeg"})
        first.push_back(encode_still(frame, options(type)));
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    std::size_t i = 0;
    for (const char* type : {"dpx", "tiff", "png", "jpeg"})
        CHECK(encode_still(frame, options(type)) == first[i++]);
}

TEST_CASE("10-bit DPX words are read as the standard lays them, from either byte order") {
    const TempFolder folder;
    HostFrame frame = noise(2, 1, SampleType::U16, 10);
    const std::uint16_t codes[3][2] = {{1023, 1}, {512, 64}, {3, 940}};
    for (std::size_t c = 0; c < 3; ++c)
        std::copy_n(codes[c], 2, frame.parts[0].planes[c].samples<std::uint16_t>());
    Bytes bytes = encode_still(frame, options("dpx"));
    REQUIRE(bytes.size() == 2048 + 8);
    CHECK(static_cast<int>(bytes[800]) == 50);
    CHECK(static_cast<int>(bytes[803]) == 10);
    CHECK(static_cast<int>(bytes[805]) == 1);  // filled, method A
    const std::uint32_t words[] = {1023U << 22 | 512U << 12 | 3U << 2, 1U << 22 | 64U << 12 | 940U << 2};
    for (std::size_t w = 0; w < 2; ++w) {
        Bytes expected(4);
        set_u32(expected, 0, words[w]);
        CHECK(std::equal(expected.begin(), expected.end(),
                         bytes.begin() + 2048 + static_cast<std::ptrdiff_t>(4 * w)));
    }
    // The same picture from a little-endian machine: every field of the header that is read, and the words,
    // reversed.
    Bytes little = bytes;
    for (const std::size_t at : {0,   4,   16,  20,  24,   28,   32,   660,  772,  776,  780, 784,
                                 792, 808, 812, 816, 1628, 1632, 1724, 1920, 1940, 2048, 2052}) {
        std::reverse(little.begin() + static_cast<std::ptrdiff_t>(at),
                     little.begin() + static_cast<std::ptrdiff_t>(at + 4));
    }
    for (const std::size_t at : {768, 770, 804, 806}) std::swap(little[at], little[at + 1]);
    const HostFrame back = read_still(write(folder, "little.dpx", little), 1, {});
    CHECK(same_pixels(frame, back));
    CHECK(encode_still(back, options("dpx")) == little);
}

TEST_CASE("an untouched DPX keeps header, user data, trailing bytes and time code to the last byte") {
    const TempFolder folder;
    Bytes bytes = encode_still(noise(9, 3, SampleType::U16, 10), options("dpx"));
    Bytes user(512, std::byte{0x5A});
    bytes.insert(bytes.begin() + 2048, user.begin(), user.end());
    bytes.insert(bytes.end(), 7, std::byte{0x33});
    set_u32(bytes, 4, 2560);
    set_u32(bytes, 808, 2560);
    set_u32(bytes, 32, 512);
    set_u32(bytes, 1920, 0x01020304);
    std::memcpy(bytes.data() + 1764, "slate 12A", 9);
    const HostFrame frame = read_still(write(folder, "user.dpx", bytes), 1, {});
    REQUIRE(frame.timecode);
    CHECK(to_string(*frame.timecode) == "01:02:03:04");
    CHECK(encode_still(frame, options("dpx")) == bytes);
    SUBCASE("another depth keeps the header's text") {
        const Bytes wider = encode_still(frame, options("dpx", 16));
        CHECK(wider.size() == 2048 + 9 * 3 * 6);
        CHECK(std::memcmp(wider.data() + 1764, "slate 12A", 9) == 0);
        const HostFrame back = read_still(write(folder, "wide.dpx", wider), 1, {});
        const int code = frame.worked_part().planes[0].samples<std::uint16_t>()[4];
        CHECK(back.worked_part().planes[0].samples<std::uint16_t>()[4] ==
              static_cast<int>(std::floor(code * 65535.0 / 1023.0 + 0.5)));
    }
}

TEST_CASE("integers clip and round where a float picture is written to them") {
    HostFrame frame = noise(6, 1, SampleType::F32, 0, {"Y"});
    const float values[] = {-0.5F, 0.0F, 0.5F, 1.0F, 2.0F, std::nanf("")};
    std::copy_n(values, 6, frame.parts[0].planes[0].samples<float>());
    const TempFolder folder;
    const HostFrame back = read_still(write(folder, "a.png", encode_still(frame, options("png", 8))), 1, {});
    const std::uint8_t expected[] = {0, 0, 128, 255, 255, 0};
    CHECK(std::memcmp(back.worked_part().planes[0].data->data(), expected, 6) == 0);
}

TEST_CASE("a file cut anywhere is refused with its name") {
    const TempFolder folder;
    const HostFrame frame = noise(61, 37, SampleType::U8, 8);
    for (const std::string type : {"dpx", "tiff", "png", "jpeg"}) {
        CAPTURE(type);
        const Bytes whole = encode_still(frame, options(type));
        CHECK_NOTHROW(read_still(write(folder, "whole." + type, whole), 1, {}));
        for (int tenth = 0; tenth < 10; ++tenth) {
            const std::size_t size = whole.size() * static_cast<std::size_t>(tenth) / 10;
            refusal(write(folder, "cut" + std::to_string(tenth) + "." + type,
                          Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
        }
        refusal(write(folder, "last." + type, Bytes(whole.begin(), whole.end() - 1)));
    }
}

TEST_CASE("a header that asks for more than the file holds is refused before anything is allocated") {
    const TempFolder folder;
    Bytes bytes = encode_still(noise(4, 4, SampleType::U16, 10), options("dpx"));
    const auto with = [&](std::size_t at, std::uint32_t value) {
        Bytes changed = bytes;
        set_u32(changed, at, value);
        return write(folder, "h" + std::to_string(at) + ".dpx", changed);
    };
    CHECK(refusal(with(772, 46341)).find("truncated") != std::string::npos);
    CHECK(refusal(with(772, 0)).find("0x4") != std::string::npos);
    CHECK(refusal(with(772, 0xFFFFFFFF)).find("outside") != std::string::npos);
    CHECK(refusal(with(808, 0x7FFFFFFF)).find("picture at byte") != std::string::npos);
    CHECK(refusal(with(812, 0x7FFFFFFF)).find("truncated") != std::string::npos);
    CHECK(refusal(with(800, 0x640202FF)).find("descriptor") != std::string::npos);
    CHECK(refusal(with(804, 0x00010001)).find("run-length") != std::string::npos);
    refusal(folder / "absent.dpx");
    refusal(write(folder, "text.dpx", Bytes(100, std::byte{'x'})));
    refusal(write(folder, "empty.dpx", {}));
}

TEST_CASE("the hostile pictures of others' test suites are read or refused, quickly") {
    const auto damaged = wetgate::tests::shared("footage/damaged/oiio-repo");
    if (!damaged) {
        MESSAGE("skipped: no footage/damaged here");
        return;
    }
    for (const char* name :
         {"bomb-46341.cin", "bomb-46341.dpx", "broken_bitdepth.cin", "broken_bitdepth2.cin",
          "crash-1chan-10bit-filled-methodA.dpx", "crash-badusersize.dpx"}) {
        CAPTURE(name);
        const auto start = std::chrono::steady_clock::now();
        try {
            const HostFrame frame = read_still(*damaged / name, 1, {});
            MESSAGE(name << " is read, " << frame.window().width() << "x" << frame.window().height());
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            MESSAGE(std::string(error.what()));
        }
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
    }
}

TEST_CASE("a Cineon is read as 10-bit code values") {
    const TempFolder folder;
    Bytes bytes(2048 + 2 * 4, std::byte{0});
    set_u32(bytes, 0, 0x802A5FD7);
    set_u32(bytes, 4, 2048);
    bytes[193] = std::byte{3};
    for (std::size_t c = 0; c < 3; ++c) {
        bytes[196 + 28 * c + 2] = std::byte{10};
        set_u32(bytes, 196 + 28 * c + 4, 2);
        set_u32(bytes, 196 + 28 * c + 8, 1);
    }
    bytes[681] = std::byte{5};
    set_u32(bytes, 2048, 95U << 22 | 685U << 12 | 1023U << 2);
    set_u32(bytes, 2052, 1U << 22 | 2U << 12 | 3U << 2);
    const HostFrame frame = read_still(write(folder, "a.cin", bytes), 1, {});
    CHECK(frame.color.bits == 10);
    const std::uint16_t expected[3][2] = {{95, 1}, {685, 2}, {1023, 3}};
    for (std::size_t c = 0; c < 3; ++c) {
        CHECK(std::memcmp(frame.worked_part().planes[c].data->data(), expected[c], 4) == 0);
    }
    // Written as DPX, which there is a writer for.
    CHECK(same_pixels(frame, read_still(write(folder, "a.dpx", encode_still(frame, options("dpx"))), 1, {})));
    set_u32(bytes, 200, 46341);
    refusal(write(folder, "bomb.cin", bytes));
}

TEST_CASE("a sequence is described by its first readable frame and read by number") {
    const TempFolder folder;
    HostFrame frame = noise(8, 4, SampleType::U16, 10);
    frame.timecode = wetgate::Timecode{100, {24, 1}, false};
    StillWriteOptions dpx = options("dpx");
    dpx.rate = {24000, 1001};
    write(folder, "a.1002.dpx", encode_still(frame, dpx));
    write(folder, "a.1001.dpx", Bytes(10));
    wetgate::media::SourceRequest request;
    request.display_name = "a.####.dpx";
    request.is_sequence = true;
    request.range = wetgate::FrameRange{1001, 1004};
    request.path_of = [&](int number) { return folder / ("a." + std::to_string(number) + ".dpx"); };
    const auto source =
        wetgate::media::open_still_source(request, wetgate::silent_log(), wetgate::media::read_with_oiio);
    CHECK(source->info().format == "dpx");
    CHECK(source->info().rate == wetgate::Rate{24000, 1001});
    CHECK(source->info().rate_is_declared);
    REQUIRE(source->info().start_timecode);
    CHECK(source->info().start_timecode->frame == 99);
    CHECK(source->info().width == 8);
    CHECK(source->read(1002).number == 1002);
    CHECK_THROWS_AS(source->read(1001), Error);
    CHECK_THROWS_AS(source->read(1003), Error);
    CHECK_THROWS_AS(source->read(2000), Error);
    CHECK(source->read(1002).number == 1002);
}
