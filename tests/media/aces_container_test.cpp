#include "media/aces_container.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "media/exr_frame.h"
#include "media/worked.h"
#include "support/save.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

using Texts = std::vector<std::string>;

FloatImage ramp(const Box& window) {
    FloatImage image = make_float_image(window);
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < window.area(); ++i)
            image.channel(c)[i] = static_cast<float>(i) / 64.0F - static_cast<float>(c);
    }
    return image;
}

HostFrame plain(const Box& window, const std::optional<std::vector<float>>& alpha = std::nullopt) {
    HostFrame like;
    like.number = 7;
    like.display_window = {0, 0, 20, 12};
    like.pixel_aspect = 2.0F;
    like.timecode = parse_timecode("01:02:03:04", {24, 1});
    return make_rgb_frame(like, ramp(window), SampleType::F32, 0, alpha);
}

/// `frame` with an EXR header that has `attribute` too, as if it came from a file.
HostFrame from_file(const HostFrame& frame, const std::filesystem::path& file,
                    const std::vector<RawAttribute>& more) {
    tests::save(file, encode_exr(frame, {}));
    HostFrame read = read_exr(file, 7, {});
    auto header = std::make_shared<exr::ExrHeader>(*exr::exr_header_of(read));
    for (const RawAttribute& attribute : more) exr::put_attribute(header->raw.parts[0], attribute);
    read.header = header;
    return read;
}

}  // namespace

TEST_CASE("what is written as an ACES container is one, with or without alpha") {
    const tests::TempFolder temp;
    const Box window{-2, 1, 14, 10};
    for (const bool with_alpha : {false, true}) {
        std::optional<std::vector<float>> alpha;
        if (with_alpha) alpha.emplace(window.area(), 0.5F);
        const HostFrame like = plain(window);
        Texts left_out;
        tests::save(temp / "a.exr", encode_aces_container(like, ramp(window), alpha, {}, left_out));
        CHECK(left_out.empty());
        CHECK(aces_container_faults(temp / "a.exr", {}) == Texts{});
        const HostFrame read = read_exr(temp / "a.exr", 7, {});
        CHECK(read.window() == window);
        CHECK(read.display_window == like.display_window);
        CHECK(read.pixel_aspect == 2.0F);
        CHECK(read.timecode == like.timecode);
        CHECK(read.worked_part().planes.size() == (with_alpha ? 4 : 3));
        const FloatImage back = read_worked(read);
        for (std::size_t i = 0; i < window.area(); ++i)
            REQUIRE(back.channel(1)[i] == ramp(window).channel(1)[i]);  // sixty-fourths fit a half
    }
}

TEST_CASE("attributes that a container may hold are carried, the others are named") {
    const tests::TempFolder temp;
    const Box window{0, 0, 8, 4};
    const HostFrame like =
        from_file(plain(window), temp / "in.exr",
                  {exr::text_attribute("owner", "us"), exr::text_attribute("com.maker.lens", "50 mm"),
                   exr::raw_attribute("worldToCamera", "m44f", std::array<float, 16>{}),
                   exr::raw_attribute("isoSpeed", "int", std::int32_t{800}),  // the standard says float
                   exr::raw_attribute("lineOrder", "lineOrder", std::uint8_t{1})});
    Texts left_out;
    ExrWriteOptions options;
    options.reel = "A001";
    tests::save(temp / "out.exr", encode_aces_container(like, ramp(window), std::nullopt, options, left_out));
    CHECK(aces_container_faults(temp / "out.exr", {}) == Texts{});
    std::sort(left_out.begin(), left_out.end());
    CHECK(left_out == Texts{"isoSpeed", "worldToCamera"});
    const auto attributes = scan_exr_header(temp / "out.exr", {}).parts.at(0);
    const auto text_of = [&](const char* name) {
        const RawAttribute* found = exr::find_attribute(attributes, name);
        return found == nullptr
                   ? std::string()
                   : std::string(reinterpret_cast<const char*>(found->value.data()), found->value.size());
    };
    CHECK(text_of("owner") == "us");
    CHECK(text_of("com.maker.lens") == "50 mm");
    CHECK(text_of("reelName") == "A001");
}

TEST_CASE("every rule that a file breaks is told") {
    const tests::TempFolder temp;
    const Box window{0, 0, 8, 4};
    Texts unused;
    const auto bytes = encode_aces_container(plain(window), ramp(window), std::nullopt, {}, unused);
    tests::save(temp / "good.exr", bytes);
    struct Case {
        ExrWriteOptions options;
        std::vector<RawAttribute> attributes;
        std::string fault;
    };
    ExrWriteOptions zipped, floats, colours;
    zipped.compression = "zip";
    floats.pixel = SampleType::F32;
    colours.chromaticities = {0.64F, 0.33F, 0.3F, 0.6F, 0.15F, 0.06F, 0.3127F, 0.329F};
    const std::vector<Case> cases = {
        {zipped, {}, "it is compressed (zip)"},
        {floats, {}, "channel B is not half float"},
        {colours, {}, "the chromaticities are not those of ACES2065-1"},
        {{},
         {exr::raw_attribute("acesImageContainerFlag", "int", std::int32_t{0})},
         "acesImageContainerFlag is not 1"},
        {{}, {exr::raw_attribute("cameraToWorld", "m44f", std::array<float, 16>{})}, "has type m44f"},
        {{},
         {exr::raw_attribute("focus", "double", 1.0)},
         "the attribute focus has type double; it is float"},
        {{}, {exr::raw_attribute("acesImageContainerFlag", "float", 1.0F)}, "has type float; it is int"}};
    for (const Case& each : cases) {
        HostFrame frame = read_exr(temp / "good.exr", 7, {});
        auto header = std::make_shared<exr::ExrHeader>(*exr::exr_header_of(frame));
        for (const RawAttribute& attribute : each.attributes)
            exr::put_attribute(header->raw.parts[0], attribute);
        frame.header = header;
        tests::save(temp / "bad.exr", encode_exr(frame, each.options));
        const Texts faults = aces_container_faults(temp / "bad.exr", {});
        CAPTURE(each.fault);
        CHECK(std::any_of(faults.begin(), faults.end(), [&](const std::string& fault) {
            return fault.find(each.fault) != std::string::npos;
        }));
    }
    tests::save(temp / "plain.exr", encode_exr(plain(window), {}));
    const Texts faults = aces_container_faults(temp / "plain.exr", {});
    CHECK(std::find(faults.begin(), faults.end(), "the attribute acesImageContainerFlag is missing") !=
          faults.end());
    CHECK_THROWS_AS(aces_container_faults(temp / "none.exr", {}), Error);
}

TEST_CASE("tiles, parts and depth are no container") {
    for (const char* name :
         {"footage/exr/Tiles/GoldenGate.exr", "footage/exr/Beachball/multipart.0001.exr"}) {
        const auto file = tests::shared(name);
        if (!file) {
            MESSAGE("skipped: no ../shared/footage/exr here");
            return;
        }
        CHECK(aces_container_faults(*file, {}).size() >= 2);
    }
}

}  // namespace wetgate::media
