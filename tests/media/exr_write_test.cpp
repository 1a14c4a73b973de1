#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>

#include "core/error.h"
#include "media/exr.h"
#include "media/exr_convert.h"
#include "media/exr_frame.h"
#include "media/exr_luma_chroma.h"
#include "support/save.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace exr = wetgate::media::exr;
namespace fs = std::filesystem;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::HostFrame;
using wetgate::PixelModel;
using wetgate::Plane;
using wetgate::SampleType;
using wetgate::media::copy_exr;
using wetgate::media::encode_exr;
using wetgate::media::ExrWriteOptions;
using wetgate::media::read_exr;
using wetgate::media::scan_exr_header;
using wetgate::tests::save;

namespace {

void fill(Plane& plane, int seed) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(plane.width * plane.height); ++i) {
        const float value =
            static_cast<float>((i * 37 + static_cast<std::size_t>(seed) * 11) % 101) / 16.0F - 1.0F;
        if (plane.type == SampleType::Half) plane.samples<std::uint16_t>()[i] = exr::half_bits(value);
        if (plane.type == SampleType::F32) plane.samples<float>()[i] = value;
        if (plane.type == SampleType::U32)
            plane.samples<std::uint32_t>()[i] = static_cast<std::uint32_t>(i * 77777777U);
    }
}

// A frame from nowhere: R, G, B half, data window off the origin.
HostFrame plain_frame(SampleType type = SampleType::Half) {
    HostFrame frame;
    frame.number = 7;
    frame.parts.emplace_back();
    frame.parts[0].window = {-3, 5, 30, 24};
    for (const char* name : {"R", "G", "B"}) {
        frame.parts[0].planes.push_back(wetgate::make_plane(name, type, 33, 19));
        fill(frame.parts[0].planes.back(), name[0]);
    }
    frame.worked = {PixelModel::Rgb, 0, {0, 1, 2}};
    frame.display_window = {0, 0, 28, 28};
    return frame;
}

// A frame with an EXR header of these layouts.
HostFrame frame_of(const std::vector<exr::Layout>& layouts, bool multi_part) {
    auto header = std::make_shared<exr::ExrHeader>();
    header->layouts = layouts;
    header->raw = exr::minimal_header(layouts, multi_part);
    for (auto& layout : header->layouts) layout.display_window = {0, 0, 1, 1};
    for (auto& attributes : header->raw.parts) {
        attributes.insert(attributes.begin(),
                          {"unknown", "made.up", {std::byte{1}, std::byte{0}, std::byte{255}}});
        exr::put_attribute(attributes, exr::raw_attribute("preview", "preview", 1U, 1U, 0xFF00FF00U));
    }
    HostFrame frame;
    frame.header = header;
    frame.parts = exr::parts_of(layouts);
    int seed = 0;
    for (auto& part : frame.parts) {
        for (Plane& plane : part.planes) {
            plane = wetgate::make_plane(plane.name, plane.type, plane.width, plane.height, plane.x_sampling,
                                        plane.y_sampling);
            fill(plane, ++seed);
        }
    }
    frame.worked = exr::choose_planes(*header, frame.parts, {});
    exr::describe(frame, {});
    return frame;
}

void check_carried(const HostFrame& frame) {
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, {}));
    const HostFrame again = read_exr(temp / "a.exr", 7, {});
    REQUIRE(again.parts.size() == frame.parts.size());
    for (std::size_t p = 0; p < frame.parts.size(); ++p) {
        CHECK(again.parts[p].window == frame.parts[p].window);
        for (std::size_t i = 0; i < frame.parts[p].planes.size(); ++i) {
            const Plane& a = frame.parts[p].planes[i];
            const Plane& b = again.parts[p].planes[i];
            CAPTURE(a.name);
            REQUIRE(a.data->size() == b.data->size());
            CHECK(std::memcmp(a.data->data(), b.data->data(), a.data->size()) == 0);
        }
    }
    const auto& raw = exr::exr_header_of(frame)->raw;
    const auto& found = exr::exr_header_of(again)->raw;
    CHECK(found.version_and_flags == raw.version_and_flags);
    CHECK(exr::header_bytes(found) == exr::header_bytes(raw));
}

exr::Layout layout_of(exr::Compression compression) {
    exr::Layout layout;
    layout.channels = {{"A", SampleType::F32, 0, 1, 1},
                       {"B", SampleType::Half, 0, 1, 1},
                       {"G", SampleType::Half, 1, 1, 1},
                       {"R", SampleType::Half, 0, 1, 1},
                       {"id", SampleType::U32, 0, 1, 1}};
    layout.compression = compression;
    layout.data_window = {-7, 3, 60, 48};
    layout.display_window = {0, 0, 1, 1};
    return layout;
}

}  // namespace

TEST_CASE("scan lines of every lossless kind and both orders come back bit for bit with their header") {
    for (const auto compression : {exr::Compression::None, exr::Compression::Rle, exr::Compression::Zips,
                                   exr::Compression::Zip, exr::Compression::Piz}) {
        for (const auto order : {exr::LineOrder::Increasing, exr::LineOrder::Decreasing}) {
            exr::Layout layout = layout_of(compression);
            layout.line_order = order;
            CAPTURE(exr::name_of(compression));
            check_carried(frame_of({layout}, false));
        }
    }
}

TEST_CASE("tiles of every level mode, rounding and order come back bit for bit with their header") {
    for (const auto mode : {exr::LevelMode::One, exr::LevelMode::Mip, exr::LevelMode::Rip}) {
        for (const bool up : {false, true}) {
            for (const auto order :
                 {exr::LineOrder::Increasing, exr::LineOrder::Decreasing, exr::LineOrder::Random}) {
                exr::Layout layout = layout_of(exr::Compression::Zip);
                layout.tiles = exr::Tiles{16, 9, mode, up};
                layout.line_order = order;
                check_carried(frame_of({layout}, false));
            }
        }
    }
}

TEST_CASE("subsampled channels and several parts come back bit for bit, also one part with part numbers") {
    exr::Layout chroma = layout_of(exr::Compression::Zip);
    chroma.data_window = {-8, 4, 60, 48};
    chroma.channels = {{"BY", SampleType::Half, 0, 2, 2},
                       {"RY", SampleType::Half, 0, 2, 2},
                       {"Y", SampleType::F32, 0, 1, 1}};
    exr::Layout tiled = layout_of(exr::Compression::Rle);
    tiled.tiles = exr::Tiles{32, 32, exr::LevelMode::Mip, false};
    check_carried(frame_of({chroma}, false));
    std::vector<exr::Layout> layouts = {layout_of(exr::Compression::Piz), tiled, chroma};
    check_carried(frame_of(layouts, true));
    check_carried(frame_of({tiled}, true));
}

TEST_CASE("samples that no packing makes smaller, and chunks of a single sample, come back bit for bit") {
    for (const auto compression : {exr::Compression::Zips, exr::Compression::Zip}) {
        CAPTURE(exr::name_of(compression));
        exr::Layout layout = layout_of(compression);
        HostFrame noise = frame_of({layout}, false);
        std::uint32_t state = 1;  // Numerical Recipes' generator: its upper bits are noise
        for (Plane& plane : noise.parts[0].planes) {
            auto* bytes = reinterpret_cast<std::uint8_t*>(plane.data->data());
            for (std::size_t i = 0; i < plane.data->size(); ++i)
                bytes[i] = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24U);
        }
        check_carried(noise);
        CHECK(encode_exr(noise, {}).size() > noise.bytes());

        layout.channels = {{"Y", SampleType::Half, 0, 1, 1}};
        layout.data_window = {5, -2, 6, -1};
        check_carried(frame_of({layout}, false));
    }
}

TEST_CASE(
    "pixels are copied as their file packs them: the same bytes as packed anew, behind the new header") {
    const wetgate::tests::TempFolder temp;
    ExrWriteOptions marked;
    marked.reel = "A001";
    exr::Layout zip = layout_of(exr::Compression::Zip), piz = layout_of(exr::Compression::Piz);
    exr::Layout tiled = zip, none = layout_of(exr::Compression::None);
    tiled.tiles = exr::Tiles{16, 16, exr::LevelMode::Mip, false};
    none.line_order = exr::LineOrder::Decreasing;
    for (const bool multi_part : {false, true}) {
        for (const exr::Layout& layout : {zip, piz, tiled, none}) {
            CAPTURE(exr::name_of(layout.compression));
            save(temp / "a.exr", encode_exr(frame_of({layout}, multi_part), {}));
            const HostFrame frame = read_exr(temp / "a.exr", 7, {});
            CHECK(copy_exr(temp / "a.exr", frame, marked) == encode_exr(frame, marked));
        }
    }
    save(temp / "a.exr", encode_exr(frame_of({zip, none}, true), {}));
    const HostFrame frame = read_exr(temp / "a.exr", 7, {});
    CHECK(copy_exr(temp / "a.exr", frame, marked) == encode_exr(frame, marked));

    // From the file, and not from the frame: the last byte of a file that is not packed is a sample's.
    std::vector<std::byte> bytes = encode_exr(frame_of({layout_of(exr::Compression::None)}, false), {});
    save(temp / "b.exr", bytes);
    const HostFrame before = read_exr(temp / "b.exr", 7, {});
    bytes.back() ^= std::byte{1};
    save(temp / "b.exr", bytes);
    CHECK(copy_exr(temp / "b.exr", before, {}) == bytes);
}

TEST_CASE("pixels that are to be packed or laid out otherwise are not copied, nor those of a damaged file") {
    const wetgate::tests::TempFolder temp;
    const std::vector<std::byte> bytes = encode_exr(frame_of({layout_of(exr::Compression::Zip)}, false), {});
    save(temp / "a.exr", bytes);
    HostFrame frame = read_exr(temp / "a.exr", 7, {});
    ExrWriteOptions options;
    CHECK(copy_exr(temp / "a.exr", frame, options).has_value());
    options.compression = "zips";
    CHECK_FALSE(copy_exr(temp / "a.exr", frame, options).has_value());
    options = {};
    options.pixel = SampleType::F32;
    CHECK_FALSE(copy_exr(temp / "a.exr", frame, options).has_value());
    frame.parts[0].window.x0 += 2;
    frame.parts[0].window.x1 += 2;
    CHECK_FALSE(copy_exr(temp / "a.exr", frame, {}).has_value());

    frame.parts[0].window.x0 -= 2;
    frame.parts[0].window.x1 -= 2;
    save(temp / "a.exr", {bytes.begin(), bytes.end() - 1});
    CHECK_THROWS_AS((void)copy_exr(temp / "a.exr", frame, {}), Error);
}

TEST_CASE("NaN payloads, infinities, denormals and negative zero survive") {
    HostFrame frame = plain_frame();
    auto* samples = frame.parts[0].planes[0].samples<std::uint16_t>();
    const std::uint16_t odd[] = {0x7E01, 0xFFFF, 0x7C00, 0xFC00, 0x8000, 0x0001, 0x7BFF, 0x7C01};
    std::memcpy(samples, odd, sizeof odd);
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, {}));
    const HostFrame again = read_exr(temp / "a.exr", 1, {});
    const Plane& red = again.parts[0].planes[2];
    REQUIRE(red.name == "R");
    CHECK(std::memcmp(red.data->data(), samples, red.data->size()) == 0);
}

TEST_CASE("a frame without a header gets one of its own windows, timecode and colour") {
    HostFrame frame = plain_frame();
    frame.timecode = wetgate::parse_timecode("01:02:03:04", {24, 1});
    frame.pixel_aspect = 2.0F;
    frame.color.primaries = 9;
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, {}));
    CHECK(encode_exr(frame, {}) == encode_exr(frame, {}));
    const HostFrame again = read_exr(temp / "a.exr", 7, {});
    CHECK(again.display_window == frame.display_window);
    CHECK(again.window() == frame.window());
    CHECK(again.pixel_aspect == 2.0F);
    CHECK(again.timecode == frame.timecode);
    const auto header = scan_exr_header(temp / "a.exr", {});
    std::vector<std::string> names;
    for (const auto& attribute : header.parts[0]) names.push_back(attribute.name);
    CHECK(names == std::vector<std::string>{"channels", "chromaticities", "compression", "dataWindow",
                                            "displayWindow", "framesPerSecond", "lineOrder",
                                            "pixelAspectRatio", "screenWindowCenter", "screenWindowWidth",
                                            "timeCode"});
}

TEST_CASE("floats become the nearest half and finite ones never an infinity") {
    CHECK(exr::half_bits(1.0F) == 0x3C00);
    CHECK(exr::half_bits(1.0F + 1.0F / 2048) == 0x3C00);  // a tie goes to the even one
    CHECK(exr::half_bits(1.0F + 3.0F / 2048) == 0x3C02);
    CHECK(exr::half_bits(1e9F) == 0x7BFF);
    CHECK(exr::half_bits(-65520.0F) == 0xFBFF);
    CHECK(exr::half_bits(std::numeric_limits<float>::infinity()) == 0x7C00);
    CHECK(std::isnan(exr::half_value(exr::half_bits(std::numeric_limits<float>::quiet_NaN()))));
    HostFrame frame = plain_frame(SampleType::F32);
    frame.parts[0].planes[1].samples<float>()[3] = 70000.0F;
    ExrWriteOptions options;
    options.pixel = SampleType::Half;
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, options));
    const HostFrame again = read_exr(temp / "a.exr", 1, {});
    CHECK(again.parts[0].planes[1].type == SampleType::Half);
    CHECK(again.parts[0].planes[1].samples<std::uint16_t>()[3] == 0x7BFF);
}

TEST_CASE("ten-bit codes become half as code / 1023") {
    HostFrame frame = plain_frame(SampleType::U16);
    for (Plane& plane : frame.parts[0].planes) std::memset(plane.data->data(), 0, plane.data->size());
    frame.color.bits = 10;
    frame.parts[0].planes[0].samples<std::uint16_t>()[0] = 1023;
    frame.parts[0].planes[0].samples<std::uint16_t>()[1] = 512;
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, {}));
    const Plane red = read_exr(temp / "a.exr", 1, {}).parts[0].planes[2];
    CHECK(red.samples<std::uint16_t>()[0] == 0x3C00);
    CHECK(red.samples<std::uint16_t>()[1] == exr::half_bits(512.0F / 1023.0F));
}

TEST_CASE("asked-for attributes are added and the others stay, and a changed timecode keeps its user bits") {
    exr::Layout layout = layout_of(exr::Compression::Zip);
    HostFrame frame = frame_of({layout}, false);
    auto header = std::make_shared<exr::ExrHeader>(*exr::exr_header_of(frame));
    exr::put_attribute(header->raw.parts[0],
                       exr::raw_attribute("timeCode", "timecode", 0x80020304U, 0xABCDU));
    frame.header = header;
    frame.timecode = wetgate::parse_timecode("10:00:00:01", {24, 1});
    ExrWriteOptions options;
    options.attributes["wetgate:a name that needs the long-names flag"] = "hold";
    options.compression = "piz";
    const wetgate::tests::TempFolder temp;
    save(temp / "a.exr", encode_exr(frame, options));
    const auto raw = scan_exr_header(temp / "a.exr", {});
    CHECK((raw.version_and_flags & exr::flag_long_names) != 0);
    const auto* note = exr::find_attribute(raw.parts[0], "wetgate:a name that needs the long-names flag");
    REQUIRE(note != nullptr);
    CHECK(note->value.size() == 4);
    const auto* timecode = exr::find_attribute(raw.parts[0], "timeCode");
    CHECK(exr::value_at<std::uint32_t>(timecode->value, 0) == 0x90000001U);
    CHECK(exr::value_at<std::uint32_t>(timecode->value, 4) == 0xABCDU);
    CHECK(exr::find_attribute(raw.parts[0], "unknown")->value.size() == 3);
    options.compression = "lzma";
    CHECK_THROWS_AS(encode_exr(frame, options), Error);
}

TEST_CASE(
    "a file that leaves its pixel aspect out, as FFmpeg's may, has square pixels, and the output says so") {
    const wetgate::tests::TempFolder temp;
    std::vector<std::byte> bytes = encode_exr(plain_frame(), {});
    const std::string name = "pixelAspectRatio";
    const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end(),
                                   [](std::byte a, char b) { return std::to_integer<char>(a) == b; });
    REQUIRE(found != bytes.end());
    *found = std::byte{'P'};  // an attribute of another name
    save(temp / "a.exr", bytes);
    const HostFrame frame = read_exr(temp / "a.exr", 7, {});
    CHECK(frame.pixel_aspect == 1);
    save(temp / "b.exr", encode_exr(frame, {}));
    const auto written = scan_exr_header(temp / "b.exr", {}).parts.at(0);
    const auto* aspect = exr::find_attribute(written, name);
    REQUIRE(aspect != nullptr);
    CHECK(exr::value_at<float>(aspect->value, 0) == 1);
}

TEST_CASE("lower levels are box averages of the changed picture") {
    for (const auto mode : {exr::LevelMode::Mip, exr::LevelMode::Rip}) {
        exr::Layout layout = layout_of(exr::Compression::Zip);
        layout.data_window = {0, 0, 8, 4};
        layout.tiles = exr::Tiles{8, 8, mode, false};
        HostFrame frame = frame_of({layout}, false);
        const auto red = static_cast<std::size_t>(frame.worked.plane[0]);
        for (std::uint16_t i = 0; i < 32; ++i)
            frame.parts[0].planes[red].samples<std::uint16_t>()[i] = exr::half_bits(i);
        const Plane alpha = frame.parts[1].planes[0];
        wetgate::media::rebuild_levels(frame);
        for (const auto& part : frame.parts) {
            if (part.level_x != 1 || part.level_y != 1) continue;
            CHECK(part.planes[red].samples<std::uint16_t>()[0] == exr::half_bits((0 + 1 + 8 + 9) / 4.0F));
            CHECK(part.planes[red].samples<std::uint16_t>()[5] == exr::half_bits((18 + 19 + 26 + 27) / 4.0F));
        }
        CHECK(frame.parts.back().planes[red].samples<std::uint16_t>()[0] == exr::half_bits(15.5F));
        CHECK(frame.parts[1].planes[0].data == alpha.data);  // alpha is not worked on
    }
}

TEST_CASE("luminance-chroma follows a change where touched and keeps every other bit") {
    exr::Layout layout = layout_of(exr::Compression::Zip);
    layout.data_window = {0, 0, 16, 8};
    layout.channels = {{"BY", SampleType::Half, 0, 2, 2},
                       {"RY", SampleType::Half, 0, 2, 2},
                       {"Y", SampleType::Half, 0, 1, 1}};
    HostFrame frame = frame_of({layout}, false);
    REQUIRE(frame.worked.model == PixelModel::LumaChroma);
    const auto worked = [&](int i) -> Plane& {
        return frame.parts[0].planes[static_cast<std::size_t>(frame.worked.plane[i])];
    };
    for (std::size_t i = 0; i < 128; ++i) worked(0).samples<std::uint16_t>()[i] = exr::half_bits(0.5F);
    for (std::size_t i = 0; i < 32; ++i) {
        worked(1).samples<std::uint16_t>()[i] = exr::half_bits(0.25F);
        worked(2).samples<std::uint16_t>()[i] = exr::half_bits(-0.5F);
    }
    auto rgb = wetgate::media::rgb_from_luma_chroma(frame);
    CHECK(rgb.channel(0)[9] == doctest::Approx(0.625));
    CHECK(rgb.channel(2)[9] == doctest::Approx(0.25));
    CHECK(0.2126F * rgb.channel(0)[9] + 0.7152F * rgb.channel(1)[9] + 0.0722F * rgb.channel(2)[9] ==
          doctest::Approx(0.5).epsilon(1e-3));

    const HostFrame before = frame;
    wetgate::media::luma_chroma_from_rgb(frame, rgb, std::vector<float>(128, 1.0F));
    for (int i = 0; i < 3; ++i) {
        const Plane& old = before.parts[0].planes[static_cast<std::size_t>(frame.worked.plane[i])];
        CHECK(std::memcmp(worked(i).data->data(), old.data->data(), old.data->size()) == 0);
    }
    std::vector<float> touch(128, 0.0F);
    touch[16 * 2 + 4] = 1.0F;  // pixel (4, 2) sits on chroma sample (2, 1)
    for (int c = 0; c < 3; ++c) rgb.channel(c)[16 * 2 + 4] = 0.75F;
    wetgate::media::luma_chroma_from_rgb(frame, rgb, touch);
    for (std::size_t i = 0; i < 128; ++i) {
        CHECK(exr::half_value(worked(0).samples<std::uint16_t>()[i]) == (i == 36 ? 0.75F : 0.5F));
    }
    for (std::size_t i = 0; i < 32; ++i) {  // the pixel has a quarter of the sample's tent
        const float expected = i == 8 + 2 ? 0.25F * 0.75F : 0.25F;
        CHECK(exr::half_value(worked(1).samples<std::uint16_t>()[i]) ==
              doctest::Approx(expected).epsilon(2e-3));
    }
}
