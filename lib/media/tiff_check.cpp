#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "media/byte_order.h"
#include "media/still_format.h"

namespace wetgate::media {
namespace {

constexpr std::uint64_t max_entries = 4096;

enum Tag : int {
    ImageWidth = 256,
    ImageLength = 257,
    BitsPerSample = 258,
    Photometric = 262,
    StripOffsets = 273,
    SamplesPerPixel = 277,
    RowsPerStrip = 278,
    StripByteCounts = 279,
    PlanarConfiguration = 284,
    TileWidth = 322,
    TileLength = 323,
    TileOffsets = 324,
    TileByteCounts = 325
};

/// The first directory of a TIFF or BigTIFF, every value bounds-checked.
class Directory {
public:
    Directory(ByteSpan file, const Limits& limits) : file_(file) {
        if (file.size() < 8) refuse_still("the TIFF is truncated inside its header");
        big_endian_ = std::to_integer<char>(file[0]) == 'M';
        is_big_tiff_ = load_u16(file.data() + 2, big_endian_) == 43;
        const std::uint64_t start = is_big_tiff_ ? u64_at(8) : u32_at(4);
        const std::uint64_t count = is_big_tiff_ ? u64_at(start) : u16_at(start);
        if (count > std::min<std::uint64_t>(max_entries, static_cast<std::uint64_t>(limits.max_attributes))) {
            refuse_still(fmt::format("the TIFF claims {} tags", count));
        }
        const std::uint64_t entry_bytes = is_big_tiff_ ? 20 : 12;
        std::uint64_t at = start + (is_big_tiff_ ? 8 : 2);
        for (std::uint64_t i = 0; i < count; ++i, at += entry_bytes) read_entry(at);
    }

    bool has(int tag) const { return entries_.count(tag) != 0; }
    std::uint64_t count(int tag) const { return has(tag) ? entries_.at(tag).count : 0; }

    std::uint64_t value(int tag, std::uint64_t index = 0) const {
        const Entry& entry = entries_.at(tag);
        if (index >= entry.count) refuse_still(fmt::format("the TIFF's tag {} has too few values", tag));
        const std::uint64_t at = entry.at + index * entry.size;
        switch (entry.size) {
            case 1:
                return std::to_integer<std::uint64_t>(file_[need(at, 1)]);
            case 2:
                return u16_at(at);
            case 4:
                return u32_at(at);
            default:
                return u64_at(at);
        }
    }
    std::uint64_t value_or(int tag, std::uint64_t fallback) const { return has(tag) ? value(tag) : fallback; }
    std::uint64_t required(int tag, const char* name) const {
        if (!has(tag)) refuse_still(fmt::format("the TIFF has no {}", name));
        return value(tag);
    }

private:
    struct Entry {
        std::uint64_t at = 0, count = 0, size = 0;
    };

    std::size_t need(std::uint64_t at, std::uint64_t bytes) const {
        if (at > file_.size() || bytes > file_.size() - at)
            refuse_still("the TIFF is truncated: a directory lies past its end");
        return static_cast<std::size_t>(at);
    }
    std::uint64_t u16_at(std::uint64_t at) const { return load_u16(file_.data() + need(at, 2), big_endian_); }
    std::uint64_t u32_at(std::uint64_t at) const { return load_u32(file_.data() + need(at, 4), big_endian_); }
    std::uint64_t u64_at(std::uint64_t at) const { return load_u64(file_.data() + need(at, 8), big_endian_); }

    void read_entry(std::uint64_t at) {
        // Bytes of a value of each TIFF type, 0 for a type that no tag of ours has.
        constexpr std::array<std::uint64_t, 19> sizes{0, 1, 0, 2, 4, 0, 0, 0, 0, 0,
                                                      0, 0, 0, 4, 0, 0, 8, 0, 8};
        const int tag = static_cast<int>(u16_at(at));
        const std::uint64_t type = u16_at(at + 2);
        Entry entry;
        entry.count = is_big_tiff_ ? u64_at(at + 4) : u32_at(at + 4);
        entry.size = type < sizes.size() ? sizes[static_cast<std::size_t>(type)] : 0;
        if (entry.size == 0) return;
        if (entry.count > file_.size() / entry.size)
            refuse_still(fmt::format("the TIFF's tag {} is larger than the file", tag));
        const std::uint64_t place = at + (is_big_tiff_ ? 12 : 8);
        const bool is_inline = entry.count * entry.size <= (is_big_tiff_ ? 8U : 4U);
        entry.at = is_inline ? place : (is_big_tiff_ ? u64_at(place) : u32_at(place));
        need(entry.at, entry.count * entry.size);
        entries_.emplace(tag, entry);
    }

    ByteSpan file_;
    bool big_endian_ = false;
    bool is_big_tiff_ = false;
    std::map<int, Entry> entries_;
};

std::uint64_t blocks(std::uint64_t size, std::uint64_t block) {
    return (size + block - 1) / block;
}

}  // namespace

StillShape check_tiff(ByteSpan file, const Limits& limits) {
    const Directory tags(file, limits);
    StillShape shape;
    shape.width =
        static_cast<std::int64_t>(std::min<std::uint64_t>(tags.required(ImageWidth, "width"), 1U << 31));
    shape.height =
        static_cast<std::int64_t>(std::min<std::uint64_t>(tags.required(ImageLength, "height"), 1U << 31));
    const std::uint64_t samples = tags.value_or(SamplesPerPixel, 1);
    const std::uint64_t bits = tags.value_or(BitsPerSample, 1);
    if (samples < 1 || samples > static_cast<std::uint64_t>(limits.max_channels))
        refuse_still(fmt::format("the TIFF has {} channels", samples));
    if (bits < 1 || bits > 64) refuse_still(fmt::format("the TIFF has {} bits a sample", bits));
    if (const std::uint64_t photometric = tags.value_or(Photometric, 2);
        photometric > 3 && photometric != 6) {
        refuse_still(
            fmt::format("a TIFF of photometric kind {} (CMYK, Lab, log ...) is not read: convert it to RGB",
                        photometric));
    }
    const auto bytes_per_pixel = static_cast<std::int64_t>(samples * blocks(bits, 8));
    check_size(shape.width, shape.height, bytes_per_pixel, static_cast<std::int64_t>(file.size()), limits);

    const auto width = static_cast<std::uint64_t>(shape.width);
    const auto height = static_cast<std::uint64_t>(shape.height);
    const bool is_tiled = tags.has(TileOffsets);
    const int offsets = is_tiled ? TileOffsets : StripOffsets;
    const int counts = is_tiled ? TileByteCounts : StripByteCounts;
    std::uint64_t expected = tags.value_or(PlanarConfiguration, 1) == 2 ? samples : 1;
    if (is_tiled) {
        const std::uint64_t tile_width = tags.required(TileWidth, "tile width");
        const std::uint64_t tile_height = tags.required(TileLength, "tile height");
        const auto side = static_cast<std::uint64_t>(limits.max_dimension);
        if (tile_width < 1 || tile_height < 1 || tile_width > side || tile_height > side) {
            refuse_still(fmt::format("the TIFF has tiles of {}x{}", tile_width, tile_height));
        }
        check_size(static_cast<std::int64_t>(tile_width), static_cast<std::int64_t>(tile_height),
                   bytes_per_pixel, static_cast<std::int64_t>(file.size()), limits);
        expected *= blocks(width, tile_width) * blocks(height, tile_height);
    } else {
        const std::uint64_t rows = std::min(tags.value_or(RowsPerStrip, height), height);
        if (rows == 0) refuse_still("the TIFF has strips of no rows");
        expected *= blocks(height, rows);
    }
    if (tags.count(offsets) < expected || tags.count(counts) < expected) {
        refuse_still(fmt::format("the TIFF lists {} of its {} strips or tiles",
                                 std::min(tags.count(offsets), tags.count(counts)), expected));
    }
    for (std::uint64_t i = 0; i < expected; ++i) {
        const std::uint64_t at = tags.value(offsets, i);
        const std::uint64_t bytes = tags.value(counts, i);
        if (at == 0 || bytes == 0 || at > file.size() || bytes > file.size() - at) {
            refuse_still(fmt::format("the TIFF is truncated: strip or tile {} of {} lies past the file's end",
                                     i + 1, expected));
        }
    }
    return shape;
}

}  // namespace wetgate::media
