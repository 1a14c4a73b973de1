#include "media/dpx_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/byte_order.h"

namespace wetgate::media {
namespace {

constexpr std::int64_t max_header_bytes = std::int64_t{64} << 20;

std::vector<std::string> dpx_channels(int descriptor) {
    switch (descriptor) {
        case 6:
            return {"Y"};
        case 50:
            return {"R", "G", "B"};
        case 51:
            return {"R", "G", "B", "A"};
        case 52:
            return {"A", "B", "G", "R"};
        default:
            break;
    }
    refuse_still(fmt::format(
        "DPX image descriptor {} is not read (luminance, RGB, RGBA and ABGR are): convert it to RGB",
        descriptor));
}

DpxPacking dpx_packing(int bits, int packing, std::size_t channels, bool big) {
    DpxPacking out{
        .bits = bits, .left_justified = packing != 2, .low_first = channels == 1, .big_endian = big};
    if (packing < 0 || packing > 2) refuse_still(fmt::format("DPX packing {} is unknown", packing));
    switch (bits) {
        case 8:
            out.layout = DpxPacking::Layout::Bytes;
            return out;
        case 10:
            out.layout = packing == 0 ? DpxPacking::Layout::Packed : DpxPacking::Layout::Filled;
            return out;
        case 12:
            out.layout = packing == 0 ? DpxPacking::Layout::Packed : DpxPacking::Layout::Words;
            return out;
        case 16:
            out.layout = DpxPacking::Layout::Words;
            return out;
        case 32:
            out.layout = DpxPacking::Layout::Float;
            return out;
        default:
            break;
    }
    refuse_still(fmt::format("DPX of {} bits is not read (8, 10, 12, 16 and 32-bit float are)", bits));
}

// Rows end at 32-bit words by the standard; most writers of 8 and 16 bit pictures do not do that. The file's
// own length says which it was, the padding field more.
void set_row_stride(DpxLayout& layout, std::uint32_t line_padding, std::size_t bytes_there) {
    const std::size_t row = layout.packing.row_bytes(layout.samples_per_row());
    const std::size_t aligned = (row + 3) / 4 * 4;
    const auto height = static_cast<std::size_t>(layout.height);
    layout.row_stride = row;
    if (line_padding != dpx_undefined && line_padding != 0) {
        layout.row_stride = row + line_padding;
    } else if (aligned != row && bytes_there == aligned * height) {
        layout.row_stride = aligned;
    }
}

// Everything that could ask for memory is bounded by the file's own length.
void check_layout(const DpxLayout& layout, std::size_t file_bytes, const Limits& limits) {
    const auto samples = static_cast<std::int64_t>(layout.channels.size());
    check_size(layout.width, layout.height, samples * (layout.packing.bits == 32 ? 4 : 2),
               static_cast<std::int64_t>(file_bytes), limits);
    if (layout.row_stride > file_bytes ||
        layout.data_bytes() > file_bytes - std::min(layout.offset, file_bytes)) {
        refuse_still(fmt::format("the file is truncated: {} bytes, but {}x{} pixels from byte {} need {}",
                                 file_bytes, layout.width, layout.height, layout.offset,
                                 layout.offset + layout.data_bytes()));
    }
}

}  // namespace

DpxLayout dpx_layout(ByteSpan file, const Limits& limits) {
    if (file.size() < dpx_at::standard_end) refuse_still("the file ends inside its DPX header");
    const std::byte* head = file.data();
    const bool big = load_u32(head, true) == dpx_magic;
    const std::byte* element = head + dpx_at::first_element;
    const int elements = load_u16(head + dpx_at::elements, big);
    if (elements != 1)
        refuse_still(
            fmt::format("DPX with {} image elements is not read: write one of RGB or RGBA", elements));
    if (load_u32(element + dpx_at::sign, big) == 1) refuse_still("DPX of signed samples is not read");
    if (const int encoding = load_u16(element + dpx_at::encoding, big); encoding != 0 && encoding != 0xFFFF) {
        refuse_still("run-length encoded DPX is not read: write it uncompressed");
    }
    if (const std::uint32_t key = load_u32(head + dpx_at::encryption, big);
        key != dpx_undefined && key != 0) {
        refuse_still("the DPX says that it is encrypted");
    }
    DpxLayout layout;
    layout.width = load_u32(head + dpx_at::width, big);
    layout.height = load_u32(head + dpx_at::height, big);
    layout.channels = dpx_channels(std::to_integer<int>(element[dpx_at::descriptor]));
    layout.packing = dpx_packing(std::to_integer<int>(element[dpx_at::depth]),
                                 load_u16(element + dpx_at::packing, big), layout.channels.size(), big);
    const std::uint32_t element_offset = load_u32(element + dpx_at::data_offset, big);
    const std::uint32_t image_offset = load_u32(head + dpx_at::image_offset, big);
    layout.offset = element_offset == dpx_undefined || element_offset == 0 ? image_offset : element_offset;
    if (layout.offset < dpx_at::first_element + 72 ||
        layout.offset > static_cast<std::size_t>(max_header_bytes) || layout.offset >= file.size()) {
        refuse_still(
            fmt::format("the DPX header puts the picture at byte {} of {}", layout.offset, file.size()));
    }
    check_size(layout.width, layout.height, 1, static_cast<std::int64_t>(file.size()), limits);
    set_row_stride(layout, load_u32(element + dpx_at::line_padding, big), file.size() - layout.offset);
    check_layout(layout, file.size(), limits);
    return layout;
}

DpxLayout cineon_layout(ByteSpan file, const Limits& limits) {
    constexpr std::size_t header_end = 1024, channel_count = 193, first_channel = 196, channel_size = 28,
                          interleave = 680, packing = 681, sign = 682, line_padding = 684;
    if (file.size() < header_end) refuse_still("the file ends inside its Cineon header");
    const std::byte* head = file.data();
    const bool big = load_u32(head, true) == cineon_magic;
    const int channels = std::to_integer<int>(head[channel_count]);
    if (channels != 1 && channels != 3)
        refuse_still(fmt::format("Cineon with {} channels is not read (1 and 3 are)", channels));
    DpxLayout layout;
    layout.channels = channels == 1 ? std::vector<std::string>{"Y"} : std::vector<std::string>{"R", "G", "B"};
    const std::byte* first = head + first_channel;
    const int bits = std::to_integer<int>(first[2]);
    layout.width = load_u32(first + 4, big);
    layout.height = load_u32(first + 8, big);
    for (int c = 1; c < channels; ++c) {
        const std::byte* other = first + static_cast<std::size_t>(c) * channel_size;
        if (std::to_integer<int>(other[2]) != bits || load_u32(other + 4, big) != layout.width ||
            load_u32(other + 8, big) != layout.height) {
            refuse_still("the Cineon's channels differ in size or depth");
        }
    }
    const int fill = std::to_integer<int>(head[packing]) & 0x7F;
    if (std::to_integer<int>(head[interleave]) != 0 || std::to_integer<int>(head[sign]) != 0) {
        refuse_still("Cineon that is not pixel-interleaved unsigned is not read");
    }
    layout.packing.big_endian = big;
    layout.packing.bits = bits;
    if (bits == 10 && (fill == 5 || fill == 6)) {
        layout.packing.layout = DpxPacking::Layout::Filled;
        layout.packing.left_justified = fill == 5;
    } else if (bits != 8) {
        refuse_still(
            fmt::format("Cineon of {} bits with packing {} is not read (10 bits in 32-bit words, and 8, are)",
                        bits, fill));
    }
    layout.offset = load_u32(head + 4, big);
    if (layout.offset < header_end || layout.offset > static_cast<std::size_t>(max_header_bytes) ||
        layout.offset >= file.size()) {
        refuse_still(
            fmt::format("the Cineon header puts the picture at byte {} of {}", layout.offset, file.size()));
    }
    check_size(layout.width, layout.height, 1, static_cast<std::int64_t>(file.size()), limits);
    set_row_stride(layout, load_u32(head + line_padding, big), file.size() - layout.offset);
    check_layout(layout, file.size(), limits);
    return layout;
}

}  // namespace wetgate::media
