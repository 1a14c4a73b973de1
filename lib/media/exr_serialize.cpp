#include "media/exr_scan.h"

namespace wetgate::media::exr {
namespace {

constexpr std::size_t longest_short_name = 31;

}  // namespace

RawAttribute text_attribute(std::string name, std::string_view text) {
    RawAttribute made{std::move(name), "string", {}};
    append_bytes(made.value, std::as_bytes(std::span(text.data(), text.size())));
    return made;
}

void put_attribute(std::vector<RawAttribute>& attributes, RawAttribute attribute) {
    for (RawAttribute& each : attributes) {
        if (each.name != attribute.name) continue;
        each = std::move(attribute);
        return;
    }
    attributes.push_back(std::move(attribute));
}

void flag_long_names_of(RawExrHeader& header, const std::vector<Layout>& layouts) {
    bool long_names = false;
    for (const auto& attributes : header.parts) {
        for (const RawAttribute& each : attributes) {
            long_names =
                long_names || each.name.size() > longest_short_name || each.type.size() > longest_short_name;
        }
    }
    for (const Layout& layout : layouts) {
        for (const Channel& channel : layout.channels)
            long_names = long_names || channel.name.size() > longest_short_name;
    }
    if (long_names) header.version_and_flags |= flag_long_names;
}

std::vector<std::byte> channel_list_bytes(const std::vector<Channel>& channels) {
    std::vector<std::byte> bytes;
    for (const Channel& channel : channels) {
        append_text(bytes, channel.name);
        append(bytes, std::int32_t{
                          channel.type == SampleType::U32 ? 0 : (channel.type == SampleType::Half ? 1 : 2)});
        append(bytes, std::uint32_t{channel.perceptually_linear});
        append(bytes, std::int32_t{channel.x_sampling});
        append(bytes, std::int32_t{channel.y_sampling});
    }
    bytes.push_back(std::byte{0});
    return bytes;
}

std::vector<std::byte> header_bytes(const RawExrHeader& header) {
    std::vector<std::byte> bytes;
    append(bytes, magic_number);
    append(bytes, std::int32_t{header.version_and_flags});
    for (const auto& attributes : header.parts) {
        for (const RawAttribute& each : attributes) {
            append_text(bytes, each.name);
            append_text(bytes, each.type);
            append(bytes, static_cast<std::int32_t>(each.value.size()));
            append_bytes(bytes, each.value);
        }
        bytes.push_back(std::byte{0});
    }
    if ((header.version_and_flags & flag_multi_part) != 0) bytes.push_back(std::byte{0});
    return bytes;
}

RawExrHeader minimal_header(const std::vector<Layout>& layouts, bool multi_part) {
    RawExrHeader header;
    header.version_and_flags = version_number | (multi_part ? flag_multi_part : 0) |
                               (!multi_part && layouts.front().tiles ? flag_tiled : 0);
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        const Layout& layout = layouts[i];
        const Box& window = layout.data_window;
        auto& attributes = header.parts.emplace_back();
        attributes.push_back({"channels", "chlist", channel_list_bytes(layout.channels)});
        attributes.push_back(raw_attribute("compression", "compression", layout.compression));
        attributes.push_back(
            raw_attribute("dataWindow", "box2i", window.x0, window.y0, window.x1 - 1, window.y1 - 1));
        attributes.push_back(raw_attribute("displayWindow", "box2i", 0, 0, 0, 0));
        attributes.push_back(raw_attribute("lineOrder", "lineOrder", layout.line_order));
        attributes.push_back(raw_attribute("pixelAspectRatio", "float", 1.0F));
        attributes.push_back(raw_attribute("screenWindowCenter", "v2f", 0.0F, 0.0F));
        attributes.push_back(raw_attribute("screenWindowWidth", "float", 1.0F));
        if (layout.tiles) {
            const auto mode = static_cast<std::uint8_t>(static_cast<unsigned>(layout.tiles->mode) |
                                                        (layout.tiles->round_up ? 0x10U : 0U));
            attributes.push_back(raw_attribute("tiles", "tiledesc",
                                               static_cast<std::uint32_t>(layout.tiles->width),
                                               static_cast<std::uint32_t>(layout.tiles->height), mode));
        }
        if (multi_part) {
            const auto chunks = static_cast<std::int32_t>(ChunkGrid(layout).count());
            attributes.push_back(raw_attribute("chunkCount", "int", chunks));
            attributes.push_back(text_attribute("name", std::to_string(i)));
            attributes.push_back(text_attribute("type", layout.tiles ? "tiledimage" : "scanlineimage"));
        }
    }
    flag_long_names_of(header, layouts);
    return header;
}

}  // namespace wetgate::media::exr
