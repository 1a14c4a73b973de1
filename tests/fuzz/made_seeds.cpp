#include <cmath>
#include <cstring>
#include <memory>

#include "core/atomic_file.h"
#include "fuzz/input.h"
#include "fuzz/seeds.h"
#include "media/exr.h"
#include "media/exr_frame.h"
#include "media/movie.h"
#include "media/still.h"
#include "media/worked.h"
#include "nets/safetensors.h"

namespace wetgate::fuzz {
namespace {

namespace exr = media::exr;

Bytes to_bytes(std::span<const std::byte> bytes) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return {first, first + bytes.size()};
}

// Smooth, so that every coder has something to find; closed form in x, y and n.
float wave(int x, int y, int n) {
    return static_cast<float>(0.5 + 0.4 * std::sin(0.21 * x + 0.13 * y * (n + 1) + n));
}

void fill(Plane& plane, int n) {
    for (int y = 0; y < plane.height; ++y) {
        for (int x = 0; x < plane.width; ++x) {
            const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width) +
                                   static_cast<std::size_t>(x);
            // Halves between 0.5 and 1: their bits grow with the value.
            const auto code = static_cast<std::uint16_t>(wave(x, y, n) * 1023.0F);
            if (plane.type == SampleType::F32) plane.samples<float>()[at] = wave(x, y, n);
            if (plane.type == SampleType::U32) plane.samples<std::uint32_t>()[at] = code;
            if (plane.type == SampleType::Half)
                plane.samples<std::uint16_t>()[at] = static_cast<std::uint16_t>(0x3800 + code % 1024);
        }
    }
}

Bytes exr_of(std::vector<exr::Layout> layouts, bool multi_part) {
    auto header = std::make_shared<exr::ExrHeader>();
    header->raw = exr::minimal_header(layouts, multi_part);
    for (auto& attributes : header->raw.parts) {
        exr::put_attribute(attributes, exr::text_attribute("reelName", "A001_C003"));
        exr::put_attribute(attributes, exr::raw_attribute("preview", "preview", 1U, 1U, 0xFF00FF00U));
        exr::put_attribute(attributes, exr::raw_attribute("framesPerSecond", "rational", 24000, 1001U));
        exr::put_attribute(attributes, exr::raw_attribute("chromaticities", "chromaticities", 0.64F, 0.33F,
                                                          0.3F, 0.6F, 0.15F, 0.06F, 0.3127F, 0.329F));
    }
    HostFrame frame;
    frame.parts = exr::parts_of(layouts);
    header->layouts = std::move(layouts);
    frame.header = header;
    int n = 0;
    for (ImagePart& part : frame.parts) {
        for (Plane& plane : part.planes) {
            plane = make_plane(plane.name, plane.type, plane.width, plane.height, plane.x_sampling,
                               plane.y_sampling);
            fill(plane, ++n);
        }
    }
    frame.worked = exr::choose_planes(*header, frame.parts, {});
    exr::describe(frame, {});
    media::ExrWriteOptions options;
    options.compression = exr::name_of(header->layouts.front().compression);
    return to_bytes(media::encode_exr(frame, options));
}

exr::Layout layout_of(exr::Compression compression) {
    exr::Layout layout;
    layout.channels = {{"A", SampleType::F32, 0, 1, 1},
                       {"B", SampleType::Half, 0, 1, 1},
                       {"G", SampleType::Half, 0, 1, 1},
                       {"R", SampleType::Half, 0, 1, 1},
                       {"id", SampleType::U32, 0, 1, 1}};
    layout.compression = compression;
    layout.data_window = {-3, 5, 37, 45};
    layout.display_window = {0, 0, 40, 48};
    return layout;
}

exr::Layout tiled(exr::Compression compression, exr::LevelMode mode) {
    exr::Layout layout = layout_of(compression);
    layout.tiles = exr::Tiles{16, 16, mode, false};
    return layout;
}

exr::Layout luma_chroma() {
    exr::Layout layout = layout_of(exr::Compression::Zip);
    layout.channels = {{"BY", SampleType::Half, 0, 2, 2},
                       {"RY", SampleType::Half, 0, 2, 2},
                       {"Y", SampleType::Half, 0, 1, 1}};
    layout.data_window = {0, 0, 40, 40};
    return layout;
}

std::vector<Seed> exr_seeds() {
    using exr::Compression;
    std::vector<Seed> seeds;
    for (int code = 0; code <= static_cast<int>(Compression::Dwab); ++code) {
        const auto compression = static_cast<Compression>(code);
        seeds.push_back(
            {std::string(exr::name_of(compression)) + ".exr", exr_of({layout_of(compression)}, false)});
    }
    for (const Compression compression :
         {Compression::None, Compression::Zip, Compression::Piz, Compression::Dwaa}) {
        const std::string name = exr::name_of(compression);
        seeds.push_back({"tiled_" + name + ".exr", exr_of({tiled(compression, exr::LevelMode::One)}, false)});
        seeds.push_back({"mip_" + name + ".exr", exr_of({tiled(compression, exr::LevelMode::Mip)}, false)});
        exr::Layout left = layout_of(compression), right = tiled(compression, exr::LevelMode::Rip);
        left.name = "left";
        right.name = "right";
        seeds.push_back({"parts_" + name + ".exr", exr_of({left, right}, true)});
    }
    seeds.push_back({"luma_chroma.exr", exr_of({luma_chroma()}, false)});
    return seeds;
}

HostFrame rgb_frame(int width, int height, int n, SampleType type, int bits) {
    HostFrame like;
    like.number = n;
    like.display_window = {0, 0, width, height};
    FloatImage image = make_float_image(like.display_window);
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) image.channel(c)[y * width + x] = wave(x, y, n + c);
        }
    }
    return media::make_rgb_frame(like, image, type, bits, std::nullopt);
}

constexpr int movie_width = 64, movie_height = 48;

media::ProResOptions prores_of(media::ProResProfile profile) {
    media::ProResOptions options;
    options.profile = profile;
    options.rate = {24000, 1001};
    options.width = movie_width;
    options.height = movie_height;
    options.color.primaries = options.color.transfer = options.color.matrix = 1;
    options.color.bits = 10;
    return options;
}

std::vector<std::vector<std::byte>> packets_of(const media::ProResOptions& options, int frames) {
    const media::ChromaFormat chroma{options.profile >= media::ProResProfile::P4444 ? 1 : 2, 1};
    const auto encoder = media::make_prores_encoder(options);
    std::vector<std::vector<std::byte>> packets;
    for (int n = 0; n < frames; ++n) {
        const HostFrame rgb = rgb_frame(movie_width, movie_height, n, SampleType::F32, 0);
        packets.push_back(encoder->encode(
            media::make_video_frame(rgb, media::read_worked(rgb), options.color, chroma, std::nullopt)));
    }
    return packets;
}

Bytes movie_of(media::ProResProfile profile, bool with_timecode) {
    constexpr int frames = 6;
    media::MovOptions options;
    options.video = prores_of(profile);
    if (with_timecode) {
        options.timecode = parse_timecode("01:00:00:00", options.video.rate);
        options.reel = "A001";
    }
    const auto packets = packets_of(options.video, frames);
    const InputFile place("made.mov", {});
    AtomicFile out(place.path());
    media::write_mov(out, options, frames,
                     [&](std::int64_t n) { return packets.at(static_cast<std::size_t>(n)); });
    out.commit();
    const std::string bytes = read_text(place.path(), std::int64_t{1} << 24);
    return {bytes.begin(), bytes.end()};
}

std::vector<Seed> packet_seeds() {
    Seed seed{"packets", {}};
    for (const auto& packet : packets_of(prores_of(media::ProResProfile::Proxy), 3)) {
        seed.bytes.push_back(static_cast<std::uint8_t>(packet.size() >> 8));
        seed.bytes.push_back(static_cast<std::uint8_t>(packet.size() & 0xFF));
        const Bytes coded = to_bytes(packet);
        seed.bytes.insert(seed.bytes.end(), coded.begin(), coded.end());
    }
    return {seed};
}

std::vector<Seed> movie_seeds() {
    return {{"422_proxy.mov", movie_of(media::ProResProfile::Proxy, true)},
            {"422_hq.mov", movie_of(media::ProResProfile::Hq, false)},
            {"4444.mov", movie_of(media::ProResProfile::P4444, true)}};
}

// The atom 'moov' alone: it is the last one of a movie of ours.
std::vector<Seed> header_seeds() {
    std::vector<Seed> seeds = movie_seeds();
    for (Seed& seed : seeds) {
        constexpr std::string_view type = "moov";
        const auto found = std::search(seed.bytes.begin(), seed.bytes.end(), type.begin(), type.end());
        require(found - seed.bytes.begin() >= 4 && found != seed.bytes.end(), "a movie of ours has a header");
        seed.bytes.erase(seed.bytes.begin(), found - 4);
    }
    return seeds;
}

std::vector<Seed> still_seeds() {
    struct Way {
        const char* type;
        int bits;
        const char* compression;
    };
    std::vector<Seed> seeds;
    for (const Way& way : {Way{"dpx", 10, ""}, Way{"dpx", 12, ""}, Way{"dpx", 16, ""},
                           Way{"tiff", 16, "none"}, Way{"tiff", 8, "lzw"}, Way{"tiff", 32, "zip"},
                           Way{"png", 8, ""}, Way{"png", 16, ""}, Way{"jpeg", 8, ""}}) {
        media::StillWriteOptions options;
        options.type = way.type;
        options.bits = way.bits;
        options.compression = way.compression;
        options.rate = {24, 1};
        const HostFrame frame = rgb_frame(24, 18, 1, SampleType::F32, 0);
        seeds.push_back({std::string(way.type) + std::to_string(way.bits) + way.compression,
                         to_bytes(media::encode_still(frame, options))});
    }
    return seeds;
}

std::vector<Seed> weights_seeds() {
    nets::Tensors tensors;
    tensors.metadata = {{"made_by", "wetgate"}};
    tensors.by_name["head.weight"] = {{2, 3, 1, 1}, {1, -2, 3, -4, 5, -6}};
    tensors.by_name["head.bias"] = {{2}, {0.5F, 0.25F}};
    tensors.by_name["scale"] = {{}, {1}};
    std::vector<Seed> seeds;
    for (const nets::Storage storage : {nets::Storage::Float32, nets::Storage::Float16}) {
        const std::string bytes = nets::serialize_safetensors(tensors, storage);
        seeds.push_back(
            {storage == nets::Storage::Float32 ? "float" : "half", Bytes(bytes.begin(), bytes.end())});
    }
    return seeds;
}

}  // namespace

std::vector<Seed> made_seeds(const std::string& target) {
    media::set_exr_threads(0);
    if (target == "exr" || target == "exr_header") return exr_seeds();
    if (target == "movie") return movie_seeds();
    if (target == "mov_atoms") return header_seeds();
    if (target == "mux") return packet_seeds();
    if (target == "still") return still_seeds();
    if (target == "safetensors") return weights_seeds();
    return {};
}

}  // namespace wetgate::fuzz
