#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "media/byte_order.h"
#include "media/dpx.h"

namespace wetgate::media {
namespace {

template <class Stored, class Value>
void gather_row(const std::vector<const Plane*>& planes, std::vector<Value>& row, std::size_t y) {
    const std::size_t channels = planes.size();
    for (std::size_t c = 0; c < channels; ++c) {
        const auto width = static_cast<std::size_t>(planes[c]->width);
        const Stored* in = planes[c]->samples<Stored>() + y * width;
        for (std::size_t x = 0; x < width; ++x) row[x * channels + c] = static_cast<Value>(in[x]);
    }
}

// A header of ours: big endian, V2.0, all that is not known undefined (ones for numbers, zeros for text).
std::vector<std::byte> new_header() {
    std::vector<std::byte> head(dpx_at::standard_end, std::byte{0});
    const auto fill = [&head](std::size_t from, std::size_t to) {
        std::fill(head.begin() + static_cast<std::ptrdiff_t>(from),
                  head.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0xFF});
    };
    store_u32(head.data(), dpx_magic, true);
    std::memcpy(head.data() + dpx_at::version, "V2.0", 4);
    std::memcpy(head.data() + 160, "wetgate", 7);
    store_u32(head.data() + dpx_at::ditto, 1, true);
    store_u32(head.data() + dpx_at::generic_size, 1664, true);
    store_u32(head.data() + dpx_at::industry_size, 384, true);
    fill(dpx_at::encryption, dpx_at::encryption + 4);
    store_u16(head.data() + dpx_at::elements, 1, true);
    for (std::size_t i = 0; i < 8; ++i) {
        const std::size_t element = dpx_at::first_element + 72 * i;
        fill(element, element + dpx_at::image_padding + 4);
    }
    std::byte* element = head.data() + dpx_at::first_element;
    element[dpx_at::transfer] = element[dpx_at::colorimetric] =
        std::byte{0};  // user defined: the job names the space
    fill(1408, 1432);  // orientation
    fill(1620, 1636);  // border, pixel aspect
    fill(1712, 1732);  // film: position, length, held, rate, shutter
    fill(1920, 1972);  // video
    return head;
}

/// The plane of each of `channels`, in that order; empty when one is missing.
std::vector<const Plane*> planes_for(const HostFrame& frame, const std::vector<std::string>& channels) {
    std::vector<const Plane*> planes;
    const ImagePart& part = frame.worked_part();
    for (const std::string& channel : channels) {
        const auto found = std::find_if(part.planes.begin(), part.planes.end(),
                                        [&](const Plane& plane) { return plane.name == channel; });
        if (found == part.planes.end()) return {};
        planes.push_back(&*found);
    }
    return planes;
}

bool same_shape(const HostFrame& frame, const DpxHeader& header, int bits) {
    return header.format == StillFormat::Dpx && header.layout.width == frame.window().width() &&
           header.layout.height == frame.window().height() && header.layout.packing.bits == bits &&
           header.layout.channels.size() == frame.worked_part().planes.size() &&
           !planes_for(frame, header.layout.channels).empty();
}

// A layout of ours: what scanners and graders write, every row of whole 32-bit words for 10 bits.
DpxLayout new_layout(const HostFrame& frame, int bits, bool big_endian) {
    DpxLayout layout;
    layout.width = frame.window().width();
    layout.height = frame.window().height();
    const std::vector<std::string> choices[] = {{"R", "G", "B", "A"}, {"R", "G", "B"}, {"Y"}};
    for (const std::vector<std::string>& channels : choices) {
        if (layout.channels.empty() && !planes_for(frame, channels).empty()) layout.channels = channels;
    }
    if (layout.channels.empty()) {
        throw Error(ErrorKind::Usage,
                    "a DPX is written from planes R, G, B(, A) or Y; this frame has none such");
    }
    DpxPacking& packing = layout.packing;
    packing.bits = bits;
    packing.big_endian = big_endian;
    packing.low_first = layout.channels.size() == 1;
    switch (bits) {
        case 8:
            packing.layout = DpxPacking::Layout::Bytes;
            break;
        case 10:
            packing.layout = DpxPacking::Layout::Filled;
            break;
        case 12:
        case 16:
            packing.layout = DpxPacking::Layout::Words;
            break;
        case 32:
            packing.layout = DpxPacking::Layout::Float;
            break;
        default:
            throw Error(ErrorKind::Usage, fmt::format("a DPX has 8, 10, 12, 16 or 32 bits, not {}", bits));
    }
    layout.offset = dpx_at::standard_end;
    layout.row_stride = packing.row_bytes(layout.samples_per_row());
    return layout;
}

std::uint8_t descriptor_of(const DpxLayout& layout) {
    return layout.channels.size() == 1 ? 6 : (layout.channels.size() == 3 ? 50 : 51);
}

// The fields that say how the picture lies; the rest of a header stays as it came.
void describe(std::vector<std::byte>& head, const DpxLayout& layout) {
    const bool big = layout.packing.big_endian;
    std::byte* element = head.data() + dpx_at::first_element;
    store_u32(head.data() + dpx_at::image_offset, static_cast<std::uint32_t>(layout.offset), big);
    store_u32(head.data() + dpx_at::user_size, 0, big);
    store_u32(head.data() + dpx_at::file_size,
              static_cast<std::uint32_t>(layout.offset + layout.data_bytes()), big);
    store_u32(head.data() + dpx_at::width, static_cast<std::uint32_t>(layout.width), big);
    store_u32(head.data() + dpx_at::height, static_cast<std::uint32_t>(layout.height), big);
    store_u32(element + dpx_at::sign, 0, big);
    const bool is_float = layout.packing.bits == 32;
    store_u32(element + dpx_at::low_data, is_float ? dpx_undefined : 0, big);
    store_u32(element + dpx_at::high_data, is_float ? dpx_undefined : (1U << layout.packing.bits) - 1U, big);
    element[dpx_at::descriptor] = static_cast<std::byte>(descriptor_of(layout));
    element[dpx_at::depth] = static_cast<std::byte>(layout.packing.bits);
    const bool spare_bits = layout.packing.bits == 10 || layout.packing.bits == 12;
    store_u16(element + dpx_at::packing, spare_bits ? 1 : 0, big);
    store_u16(element + dpx_at::encoding, 0, big);
    store_u32(element + dpx_at::data_offset, static_cast<std::uint32_t>(layout.offset), big);
    store_u32(element + dpx_at::line_padding, 0, big);
    store_u32(element + dpx_at::image_padding, 0, big);
}

std::vector<std::byte> header_for(const HostFrame& frame, const DpxHeader* source, DpxLayout& layout,
                                  const Rate& rate) {
    const bool has_source = source != nullptr && source->format == StillFormat::Dpx &&
                            source->layout.offset >= dpx_at::standard_end;
    std::vector<std::byte> head = has_source ? source->before : new_header();
    head.resize(dpx_at::standard_end);
    if (has_source) layout.packing.big_endian = source->layout.packing.big_endian;
    describe(head, layout);
    if (has_source) return head;
    const auto fps = static_cast<float>(rate.fps());
    store_f32(head.data() + dpx_at::film_rate, fps, true);
    store_f32(head.data() + dpx_at::video_rate, fps, true);
    store_u32(head.data() + dpx_at::pixel_aspect,
              static_cast<std::uint32_t>(frame.pixel_aspect * 10000.0F + 0.5F), true);
    store_u32(head.data() + dpx_at::pixel_aspect + 4, 10000, true);
    return head;
}

void write_rows(const std::vector<const Plane*>& planes, const DpxLayout& layout, std::byte* out) {
    const bool is_float = layout.packing.bits == 32;
    const SampleType type =
        is_float ? SampleType::F32 : (layout.packing.bits == 8 ? SampleType::U8 : SampleType::U16);
    for (const Plane* plane : planes) {
        if (plane->type != type || plane->width != layout.width || plane->height != layout.height) {
            throw Error(ErrorKind::Internal,
                        "DPX writer: a plane of another type or size than the picture's");
        }
    }
    std::vector<std::uint16_t> codes(is_float ? 0 : layout.samples_per_row());
    std::vector<float> values(is_float ? layout.samples_per_row() : 0);
    for (std::size_t y = 0; y < static_cast<std::size_t>(layout.height); ++y) {
        std::byte* row = out + y * layout.row_stride;
        if (is_float) {
            gather_row<float>(planes, values, y);
            layout.packing.pack(values.data(), row, values.size());
        } else {
            if (type == SampleType::U8)
                gather_row<std::uint8_t>(planes, codes, y);
            else
                gather_row<std::uint16_t>(planes, codes, y);
            layout.packing.pack(codes.data(), row, codes.size());
        }
    }
}

// Only when it differs from what the header says: the flag bits of a kept time code stay.
void set_timecode(std::vector<std::byte>& head, const HostFrame& frame, bool big) {
    if (!frame.timecode || head.size() < dpx_at::standard_end) return;
    const std::uint32_t there = load_u32(head.data() + dpx_at::timecode, big);
    if (there != dpx_undefined && from_packed_bcd(there, frame.timecode->rate) == frame.timecode) return;
    // Eight decimal digits (SMPTE ST 268-1): no place for the field mark, which lies in the tens of seconds.
    constexpr std::uint32_t field_mark = 0x8000U;
    store_u32(head.data() + dpx_at::timecode, packed_bcd(*frame.timecode) & ~field_mark, big);
}

}  // namespace

std::vector<std::byte> encode_dpx(const HostFrame& frame, int bits, const Rate& rate) {
    const auto* source = dynamic_cast<const DpxHeader*>(frame.header.get());
    const bool kept = source != nullptr && same_shape(frame, *source, bits);
    DpxLayout layout = kept ? source->layout : new_layout(frame, bits, true);
    std::vector<std::byte> file = kept ? source->before : header_for(frame, source, layout, rate);
    set_timecode(file, frame, layout.packing.big_endian);
    const std::size_t before = file.size();
    file.resize(before + layout.data_bytes());  // cleared: padding between rows is zero
    write_rows(planes_for(frame, layout.channels), layout, file.data() + before);
    if (kept) file.insert(file.end(), source->after.begin(), source->after.end());
    return file;
}

}  // namespace wetgate::media
