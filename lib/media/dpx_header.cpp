#include "media/dpx.h"

namespace wetgate::media {
namespace {

using Layout = DpxPacking::Layout;

// The combinations that dpx_layout() and cineon_layout() make.
bool is_readable(const DpxPacking& packing) {
    switch (packing.layout) {
        case Layout::Bytes:
            return packing.bits == 8;
        case Layout::Words:
            return packing.bits == 12 || packing.bits == 16;
        case Layout::Filled:
            return packing.bits == 10;
        case Layout::Packed:
            return packing.bits == 10 || packing.bits == 12;
        case Layout::Float:
            return packing.bits == 32;
    }
    return false;
}

}  // namespace

void DpxHeader::pack(WireWriter& out) const {
    out.value(layout.packing.layout);
    out.value(layout.packing.bits);
    out.value(layout.packing.left_justified);
    out.value(layout.packing.low_first);
    out.value(layout.packing.big_endian);
    out.count(layout.channels.size());
    for (const std::string& channel : layout.channels) out.text(channel);
    out.value(layout.width);
    out.value(layout.height);
    out.count(layout.row_stride);
    out.bytes(before);
    out.bytes(after);
}

std::shared_ptr<DpxHeader> DpxHeader::unpack(WireReader& in, const Limits& limits) {
    auto header = std::make_shared<DpxHeader>();
    DpxLayout& layout = header->layout;
    layout.packing.layout = in.choice(Layout::Float);
    layout.packing.bits = in.value<int>();
    layout.packing.left_justified = in.flag();
    layout.packing.low_first = in.flag();
    layout.packing.big_endian = in.flag();
    if (!is_readable(layout.packing)) throw WireFault("a packing that is not read");
    for (std::size_t left = in.count(4); left > 0; --left) layout.channels.push_back(in.text());
    const std::vector<std::string>& channels = layout.channels;
    using Names = std::vector<std::string>;
    if (channels != Names{"Y"} && channels != Names{"R", "G", "B"} && channels != Names{"R", "G", "B", "A"} &&
        channels != Names{"A", "B", "G", "R"})
        throw WireFault("channels that are not read");
    layout.width = in.value<std::int64_t>(1, limits.max_dimension);
    layout.height = in.value<std::int64_t>(1, limits.max_dimension);
    layout.row_stride = in.count(static_cast<std::size_t>(limits.max_decoded_bytes / layout.height));
    if (layout.row_stride < layout.packing.row_bytes(layout.samples_per_row()))
        throw WireFault("rows that overlap");
    const auto bytes = [&in] {
        const std::span<const std::byte> read = in.bytes();
        return std::vector<std::byte>(read.begin(), read.end());
    };
    header->before = bytes();
    header->after = bytes();
    // The encoder writes to the standard fields of what it keeps.
    constexpr std::size_t least = dpx_at::first_element + 72;
    if (header->before.size() < least) throw WireFault("a header that is too short");
    layout.offset = header->before.size();
    return header;
}

}  // namespace wetgate::media
