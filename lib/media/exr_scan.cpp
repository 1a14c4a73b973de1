#include "media/exr_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <unordered_set>

#include "core/error.h"

namespace wetgate::media::exr {
namespace {

constexpr std::size_t longest_name = 255;
// Decoders compute with int inside a chunk (CVE-2026-34588 of the PIZ decoder is such an overflow).
constexpr std::int64_t largest_chunk = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t always_allowed_buffer = std::int64_t{64} << 20;
// Channels on levels of parts, which cost memory however few pixels they have. A rip-mapped 8K texture of 100
// channels has 20 000.
constexpr std::int64_t most_planes = 262'144;

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorKind::Input, "is damaged or not a picture that can be read: " + what);
}

// Sizes of the attribute types of fixed size ("OpenEXR File Layout", predefined attribute types).
const std::map<std::string, std::size_t, std::less<>>& fixed_sizes() {
    static const std::map<std::string, std::size_t, std::less<>> sizes = {
        {"box2i", 16},      {"box2f", 16},   {"chromaticities", 32},
        {"compression", 1}, {"double", 8},   {"envmap", 1},
        {"float", 4},       {"int", 4},      {"keycode", 28},
        {"lineOrder", 1},   {"m33f", 36},    {"m33d", 72},
        {"m44f", 64},       {"m44d", 128},   {"rational", 8},
        {"tiledesc", 9},    {"timecode", 8}, {"v2i", 8},
        {"v2f", 8},         {"v2d", 16},     {"v3i", 12},
        {"v3f", 12},        {"v3d", 24},     {"deepImageState", 1}};
    return sizes;
}

void check_value(const RawAttribute& attribute) {
    const auto& value = attribute.value;
    bool good = true;
    if (const auto fixed = fixed_sizes().find(attribute.type); fixed != fixed_sizes().end()) {
        good = value.size() == fixed->second;
    } else if (attribute.type == "floatvector") {
        good = value.size() % sizeof(float) == 0;
    } else if (attribute.type == "preview") {
        good = value.size() >= 8;
        if (good) {
            const std::uint64_t pixels =
                std::uint64_t{value_at<std::uint32_t>(value, 0)} * value_at<std::uint32_t>(value, 4);
            good = pixels == (value.size() - 8) / 4 && value.size() % 4 == 0;
        }
    } else if (attribute.type == "stringvector") {
        std::size_t at = 0;
        while (good && at < value.size()) {
            if (value.size() - at < 4) {
                good = false;
                break;
            }
            const std::uint32_t length = value_at<std::uint32_t>(value, at);
            at += 4;
            good = length <= value.size() - at;
            at += good ? length : 0;
        }
    }
    if (!good) {
        damaged(fmt::format("attribute '{}' of type '{}' cannot have {} bytes", attribute.name,
                            attribute.type, value.size()));
    }
}

// Reads attributes up to the empty name that ends a part's header.
std::vector<RawAttribute> read_attributes(Cursor& cursor, const Limits& limits,
                                          std::int64_t& attribute_bytes) {
    std::vector<RawAttribute> attributes;
    std::unordered_set<std::string> names;
    for (;;) {
        RawAttribute attribute;
        attribute.name = cursor.text(longest_name);
        if (attribute.name.empty()) return attributes;
        attribute.type = cursor.text(longest_name);
        const auto size = cursor.value<std::int32_t>();
        if (size < 0) damaged(fmt::format("attribute '{}' declares a negative size", attribute.name));
        attribute_bytes += size;
        if (attribute_bytes > limits.max_attribute_bytes) {
            damaged(fmt::format("its attributes take more than the allowed {} bytes",
                                limits.max_attribute_bytes));
        }
        if (attributes.size() == static_cast<std::size_t>(limits.max_attributes)) {
            damaged(fmt::format("a part has more than the allowed {} attributes", limits.max_attributes));
        }
        if (!names.insert(attribute.name).second)
            damaged(fmt::format("attribute '{}' appears twice", attribute.name));
        const auto value = cursor.bytes(size);
        attribute.value.assign(value.begin(), value.end());
        check_value(attribute);
        attributes.push_back(std::move(attribute));
    }
}

const RawAttribute* typed(const std::vector<RawAttribute>& attributes, std::string_view name,
                          std::string_view type) {
    const RawAttribute* attribute = find_attribute(attributes, name);
    if (attribute != nullptr && attribute->type != type) {
        damaged(fmt::format("attribute '{}' has type '{}' instead of '{}'", name, attribute->type, type));
    }
    return attribute;
}

const RawAttribute& required(const std::vector<RawAttribute>& attributes, std::string_view name,
                             std::string_view type) {
    const RawAttribute* attribute = typed(attributes, name, type);
    if (attribute == nullptr) damaged(fmt::format("the required attribute '{}' is missing", name));
    return *attribute;
}

std::string text_of(const RawAttribute* attribute) {
    if (attribute == nullptr) return {};
    return {reinterpret_cast<const char*>(attribute->value.data()), attribute->value.size()};
}

Box window_from(const RawAttribute& attribute, const Limits& limits) {
    std::int32_t corner[4];
    std::memcpy(corner, attribute.value.data(), sizeof corner);
    constexpr std::int64_t far = std::int64_t{1} << 30;
    for (const std::int64_t value : corner) {
        if (value <= -far || value >= far)
            damaged(fmt::format("'{}' lies out of all bounds", attribute.name));
    }
    const std::int64_t width = std::int64_t{corner[2]} - corner[0] + 1;
    const std::int64_t height = std::int64_t{corner[3]} - corner[1] + 1;
    if (width < 1 || height < 1) damaged(fmt::format("'{}' is empty", attribute.name));
    if (width > limits.max_dimension || height > limits.max_dimension) {
        damaged(fmt::format("'{}' is {} x {}; at most {} pixels a side are read", attribute.name, width,
                            height, limits.max_dimension));
    }
    return {corner[0], corner[1], corner[2] + 1, corner[3] + 1};
}

std::vector<Channel> channels_from(const RawAttribute& attribute, const Limits& limits) {
    ByteSource bytes(attribute.value);
    Cursor cursor(bytes, 0, "the channel list");
    std::vector<Channel> channels;
    for (;;) {
        Channel channel;
        channel.name = cursor.text(longest_name);
        if (channel.name.empty()) break;
        if (channels.size() == static_cast<std::size_t>(limits.max_channels)) {
            damaged(fmt::format("a part has more than the allowed {} channels", limits.max_channels));
        }
        const auto type = cursor.value<std::int32_t>();
        if (type < 0 || type > 2)
            damaged(fmt::format("channel '{}' has the unknown pixel type {}", channel.name, type));
        channel.type = type == 0 ? SampleType::U32 : (type == 1 ? SampleType::Half : SampleType::F32);
        channel.perceptually_linear = cursor.value<std::uint8_t>();
        cursor.bytes(3);
        channel.x_sampling = cursor.value<std::int32_t>();
        channel.y_sampling = cursor.value<std::int32_t>();
        if (channel.x_sampling < 1 || channel.y_sampling < 1) {
            damaged(fmt::format("channel '{}' has a sampling rate below 1", channel.name));
        }
        channels.push_back(std::move(channel));
    }
    if (cursor.offset() != bytes.size()) damaged("the channel list has bytes after its end");
    if (channels.empty()) damaged("a part has no channels");
    std::sort(channels.begin(), channels.end(),
              [](const Channel& a, const Channel& b) { return a.name < b.name; });
    const auto twin = std::adjacent_find(channels.begin(), channels.end(),
                                         [](const Channel& a, const Channel& b) { return a.name == b.name; });
    if (twin != channels.end()) damaged(fmt::format("channel '{}' appears twice", twin->name));
    return channels;
}

Tiles tiles_from(const RawAttribute& attribute, const Limits& limits) {
    const auto width = value_at<std::uint32_t>(attribute.value, 0);
    const auto height = value_at<std::uint32_t>(attribute.value, 4);
    const auto mode = std::to_integer<unsigned>(attribute.value[8]);
    if (width == 0 || height == 0) damaged("its tiles are empty");
    if (width > limits.max_dimension || height > limits.max_dimension) {
        damaged(fmt::format("its tiles are {} x {}; at most {} pixels a side are read", width, height,
                            limits.max_dimension));
    }
    if ((mode & 0xFU) > 2 || mode >> 4 > 1) damaged(fmt::format("its tile mode {} is unknown", mode));
    return {width, height, static_cast<LevelMode>(mode & 0xFU), mode >> 4 == 1};
}

void check_samplings(const Layout& layout) {
    const Box& window = layout.data_window;
    for (const Channel& channel : layout.channels) {
        const bool fits = window.x0 % channel.x_sampling == 0 && window.width() % channel.x_sampling == 0 &&
                          window.y0 % channel.y_sampling == 0 && window.height() % channel.y_sampling == 0;
        if (!fits)
            damaged(fmt::format("the sampling of channel '{}' does not fit the data window", channel.name));
        if (layout.tiles && (channel.x_sampling != 1 || channel.y_sampling != 1)) {
            damaged(fmt::format("channel '{}' of a tiled part is subsampled", channel.name));
        }
    }
}

// Whether the chunks of a part are tiles, by the flags (one part) or its type (many).
bool is_tiled(const std::vector<RawAttribute>& attributes, std::int32_t flags) {
    const std::string type = text_of(typed(attributes, "type", "string"));
    const bool multi_part = (flags & flag_multi_part) != 0;
    if ((flags & flag_non_image) != 0 || (multi_part && (type == "deepscanline" || type == "deeptile"))) {
        throw Error(ErrorKind::Input,
                    "holds deep data, which is not read; flatten it first (many samples a pixel have no "
                    "single picture)");
    }
    if (!multi_part)
        return (flags & flag_tiled) != 0;  // as OpenEXR: a wrong `type` in a single-part file is ignored
    if (type != "scanlineimage" && type != "tiledimage")
        damaged(fmt::format("a part has the unknown type '{}'", type));
    return type == "tiledimage";
}

Layout layout_from(const std::vector<RawAttribute>& attributes, std::int32_t flags, const Limits& limits) {
    Layout layout;
    const bool tiled = is_tiled(attributes, flags);
    layout.name = text_of(typed(attributes, "name", "string"));
    layout.view = text_of(typed(attributes, "view", "string"));
    layout.channels = channels_from(required(attributes, "channels", "chlist"), limits);
    const auto compression =
        std::to_integer<unsigned>(required(attributes, "compression", "compression").value[0]);
    if (compression > static_cast<unsigned>(Compression::Dwab))
        damaged(fmt::format("its compression {} is unknown", compression));
    layout.compression = static_cast<Compression>(compression);
    const auto order = std::to_integer<unsigned>(required(attributes, "lineOrder", "lineOrder").value[0]);
    if (order > (tiled ? 2U : 1U)) damaged(fmt::format("its line order {} is unknown", order));
    layout.line_order = static_cast<LineOrder>(order);
    layout.data_window = window_from(required(attributes, "dataWindow", "box2i"), limits);
    layout.display_window = window_from(required(attributes, "displayWindow", "box2i"), limits);
    // libavcodec leaves it out where it is not told of one; OpenEXR reads 1 then.
    const RawAttribute* aspect = typed(attributes, "pixelAspectRatio", "float");
    layout.pixel_aspect = aspect != nullptr ? value_at<float>(aspect->value, 0) : 1.0F;
    if (!(layout.pixel_aspect >= 1e-6F && layout.pixel_aspect <= 1e6F))
        damaged("its pixel aspect ratio is no positive number");
    required(attributes, "screenWindowCenter", "v2f");
    const auto screen_width = value_at<float>(required(attributes, "screenWindowWidth", "float").value, 0);
    if (!std::isfinite(screen_width) || screen_width < 0)
        damaged("its screen window width is no positive number");
    const RawAttribute* tiles = typed(attributes, "tiles", "tiledesc");
    if (tiled && tiles == nullptr) damaged("it is tiled but does not say how");
    if (tiled) layout.tiles = tiles_from(*tiles, limits);
    check_samplings(layout);
    return layout;
}

void check_shared_attributes(const std::vector<std::vector<RawAttribute>>& parts) {
    std::set<std::string> names;
    for (const auto& attributes : parts) {
        const std::string name = text_of(&required(attributes, "name", "string"));
        if (!names.insert(name).second) damaged(fmt::format("two parts are named '{}'", name));
        for (const char* shared : {"displayWindow", "pixelAspectRatio", "timeCode", "chromaticities"}) {
            const RawAttribute* here = find_attribute(attributes, shared);
            const RawAttribute* first = find_attribute(parts.front(), shared);
            if (here != nullptr &&
                (first == nullptr || here->type != first->type || here->value != first->value)) {
                damaged(fmt::format("its parts do not agree on '{}'", shared));
            }
        }
    }
}

void check_sizes(ScannedHeader& header, std::int64_t file_bytes, const Limits& limits) {
    std::int64_t chunks = 0, planes = 0;
    for (std::size_t i = 0; i < header.layouts.size(); ++i) {
        const Layout& layout = header.layouts[i];
        const ChunkGrid grid(layout);
        chunks += grid.count();
        planes += std::ssize(levels_of(layout)) * std::ssize(layout.channels);
        if (planes > most_planes)
            damaged(
                fmt::format("it declares more than {} planes (channels on levels of parts)", most_planes));
        const std::int64_t bytes = decoded_bytes(layout);
        header.decoded_bytes += bytes;
        if (header.decoded_bytes > limits.max_decoded_bytes) {
            throw Error(
                ErrorKind::Input,
                fmt::format("declares pictures of more than the allowed {} bytes; raise the memory limit "
                            "if that is meant",
                            limits.max_decoded_bytes));
        }
        if (grid.buffer_bytes() > std::max(always_allowed_buffer, 2 * bytes) ||
            grid.buffer_bytes() > largest_chunk) {
            damaged("its chunks are far larger than its picture");
        }
        if (!header.multi_part()) continue;
        const RawAttribute& count = required(header.raw.parts[i], "chunkCount", "int");
        if (value_at<std::int32_t>(count.value, 0) != grid.count())
            damaged("a part's chunkCount does not fit its windows");
    }
    if (chunks > file_bytes / 8)
        damaged(fmt::format("it declares {} chunks, more than {} bytes can hold", chunks, file_bytes));
    if (header.decoded_bytes > limits.free_decoded_bytes &&
        header.decoded_bytes / limits.max_expansion > file_bytes) {
        damaged(fmt::format("{} bytes cannot hold the {} bytes of pixels that it declares", file_bytes,
                            header.decoded_bytes));
    }
}

}  // namespace

const RawAttribute* find_attribute(const std::vector<RawAttribute>& attributes, std::string_view name) {
    const auto found = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const RawAttribute& attribute) { return attribute.name == name; });
    return found == attributes.end() ? nullptr : &*found;
}

ScannedHeader scan_header(ByteSource& source, const Limits& limits) {
    return scan_header(source, limits, source.size());
}

ScannedHeader scan_header(ByteSource& source, const Limits& limits, std::int64_t file_bytes) {
    Cursor cursor(source, 0, "the header");
    if (source.size() < 8 || cursor.value<std::int32_t>() != magic_number) {
        throw Error(ErrorKind::Input, source.size() == 0 ? "is empty" : "is not an EXR file");
    }
    ScannedHeader header;
    header.raw.version_and_flags = cursor.value<std::int32_t>();
    const std::int32_t flags = header.raw.version_and_flags & ~0xFF;
    if ((header.raw.version_and_flags & 0xFF) != version_number ||
        (flags & ~(flag_tiled | flag_long_names | flag_non_image | flag_multi_part)) != 0) {
        damaged(fmt::format("its version word {:#x} is unknown", header.raw.version_and_flags));
    }
    if (header.multi_part() && (flags & flag_tiled) != 0)
        damaged("it claims to be both tiled and multi-part");
    std::int64_t attribute_bytes = 0;
    for (;;) {
        auto attributes = read_attributes(cursor, limits, attribute_bytes);
        if (header.multi_part() && attributes.empty()) break;
        if (header.raw.parts.size() == static_cast<std::size_t>(limits.max_parts)) {
            damaged(fmt::format("it has more than the allowed {} parts", limits.max_parts));
        }
        header.layouts.push_back(layout_from(attributes, flags, limits));
        header.raw.parts.push_back(std::move(attributes));
        if (!header.multi_part()) break;
    }
    if (header.layouts.empty()) damaged("it has no parts");
    if (header.multi_part()) check_shared_attributes(header.raw.parts);
    header.raw.header_bytes = static_cast<std::size_t>(cursor.offset());
    check_sizes(header, file_bytes, limits);
    return header;
}

}  // namespace wetgate::media::exr

namespace wetgate::media {

RawExrHeader scan_exr_header(const std::filesystem::path& file, const Limits& limits) {
    try {
        exr::ByteSource source(file);
        return exr::scan_header(source, limits).raw;
    } catch (const Error& error) {
        throw error.within({.file = file.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace wetgate::media
