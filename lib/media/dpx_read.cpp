#include <fmt/format.h>

#include <cmath>
#include <string>

#include "media/byte_order.h"
#include "media/dpx.h"

namespace wetgate::media {
namespace {

template <class Stored, class Value>
void scatter_row(const std::vector<Value>& row, std::vector<Plane>& planes, std::size_t y) {
    const std::size_t channels = planes.size();
    for (std::size_t c = 0; c < channels; ++c) {
        const auto width = static_cast<std::size_t>(planes[c].width);
        Stored* out = planes[c].samples<Stored>() + y * width;
        for (std::size_t x = 0; x < width; ++x) out[x] = static_cast<Stored>(row[x * channels + c]);
    }
}

HostFrame read_layout(ByteSpan file, const DpxLayout& layout) {
    const int bits = layout.packing.bits;
    const bool is_float = bits == 32;
    const SampleType type = is_float ? SampleType::F32 : (bits == 8 ? SampleType::U8 : SampleType::U16);
    HostFrame frame;
    ImagePart part;
    part.window = {0, 0, static_cast<int>(layout.width), static_cast<int>(layout.height)};
    for (const std::string& channel : layout.channels) {
        part.planes.push_back(make_plane(channel, type, part.window.x1, part.window.y1));
    }
    std::vector<std::uint16_t> codes(is_float ? 0 : layout.samples_per_row());
    std::vector<float> values(is_float ? layout.samples_per_row() : 0);
    for (std::size_t y = 0; y < static_cast<std::size_t>(layout.height); ++y) {
        const std::byte* row = file.data() + layout.offset + y * layout.row_stride;
        if (is_float) {
            layout.packing.unpack(row, values.data(), values.size());
            scatter_row<float>(values, part.planes, y);
        } else {
            layout.packing.unpack(row, codes.data(), codes.size());
            if (type == SampleType::U8)
                scatter_row<std::uint8_t>(codes, part.planes, y);
            else
                scatter_row<std::uint16_t>(codes, part.planes, y);
        }
    }
    frame.worked.model = layout.channels.size() == 1 ? PixelModel::Luminance : PixelModel::Rgb;
    for (std::size_t c = 0; c < part.planes.size(); ++c) {
        const std::size_t role = std::string("RGB").find(part.planes[c].name);
        if (part.planes[c].name == "Y")
            frame.worked.plane[0] = static_cast<int>(c);
        else if (role != std::string::npos)
            frame.worked.plane[role] = static_cast<int>(c);
    }
    frame.display_window = part.window;
    frame.parts.push_back(std::move(part));
    frame.color.bits = is_float ? 0 : bits;
    frame.color.full_range = true;
    return frame;
}

std::shared_ptr<DpxHeader> carried(ByteSpan file, const DpxLayout& layout, StillFormat format) {
    auto header = std::make_shared<DpxHeader>();
    header->format = format;
    const auto end = static_cast<std::ptrdiff_t>(layout.offset + layout.data_bytes());
    header->layout = layout;
    header->before.assign(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(layout.offset));
    header->after.assign(file.begin() + end, file.end());
    return header;
}

std::optional<Rate> rate_at(ByteSpan file, std::size_t offset, bool big) {
    const float value = load_f32(file.data() + offset, big);
    if (!std::isfinite(value) || value < 1.0F || value > 1000.0F) return std::nullopt;
    return parse_rate(fmt::format("{:.3f}", value));
}

// Transfer and colorimetric codes of ST 268-1 table 5B that H.273 knows too.
int h273_of(int dpx_code) {
    switch (dpx_code) {
        case 5:
        case 6:
            return 1;
        case 7:
            return 5;
        case 8:
            return 6;
        default:
            return 2;
    }
}

}  // namespace

HostFrame read_dpx(ByteSpan file, const Limits& limits) {
    const DpxLayout layout = dpx_layout(file, limits);
    const bool big = layout.packing.big_endian;
    HostFrame frame = read_layout(file, layout);
    const auto header = carried(file, layout, StillFormat::Dpx);
    if (layout.offset >= dpx_at::standard_end) {  // else those fields are pixels
        header->rate = rate_at(file, dpx_at::film_rate, big);
        if (!header->rate) header->rate = rate_at(file, dpx_at::video_rate, big);
        const std::uint32_t packed = load_u32(file.data() + dpx_at::timecode, big);
        if (packed != dpx_undefined) frame.timecode = from_packed_bcd(packed, header->rate.value_or(Rate{}));
        const std::uint32_t horizontal = load_u32(file.data() + dpx_at::pixel_aspect, big);
        const std::uint32_t vertical = load_u32(file.data() + dpx_at::pixel_aspect + 4, big);
        if (horizontal != dpx_undefined && vertical != dpx_undefined && horizontal > 0 && vertical > 0) {
            const double aspect = static_cast<double>(horizontal) / vertical;
            if (aspect > 0.1 && aspect < 10.0) frame.pixel_aspect = static_cast<float>(aspect);
        }
    }
    const std::byte* element = file.data() + dpx_at::first_element;
    frame.color.transfer = h273_of(std::to_integer<int>(element[dpx_at::transfer]));
    if (frame.color.transfer == 5) frame.color.transfer = 6;  // BT.601 has one curve, two sets of primaries
    frame.color.primaries = h273_of(std::to_integer<int>(element[dpx_at::colorimetric]));
    frame.header = header;
    return frame;
}

HostFrame read_cineon(ByteSpan file, const Limits& limits) {
    const DpxLayout layout = cineon_layout(file, limits);
    HostFrame frame = read_layout(file, layout);
    frame.header = carried(file, layout, StillFormat::Cineon);
    return frame;
}

}  // namespace wetgate::media
