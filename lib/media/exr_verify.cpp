#include "media/exr_verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace wetgate::media::exr {
namespace {

// Bytes that RLE data unpacks to; -1 when a run reaches past its end. A byte n >= 0: the next byte n + 1
// times; n < 0: -n bytes as they are.
std::int64_t rle_length(std::span<const std::byte> data) {
    std::int64_t length = 0;
    std::size_t at = 0;
    while (at < data.size()) {
        const auto count = static_cast<std::int8_t>(data[at]);
        const std::size_t taken = count < 0 ? static_cast<std::size_t>(-int{count}) : 1;
        if (taken > data.size() - at - 1) return -1;
        length += count < 0 ? -int{count} : int{count} + 1;
        at += 1 + taken;
    }
    return length;
}

// RFC 1950 section 9, with the sums of a block taken apart from the running ones so that they vectorise.
std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
    constexpr std::uint32_t base = 65521;
    constexpr std::size_t block = 1024;  // 1024 * 1024 * 255 / 2 stays below 2^32
    std::uint64_t a = 1, b = 0;
    for (std::size_t start = 0; start < bytes.size(); start += block) {
        const std::size_t count = std::min(block, bytes.size() - start);
        const std::uint8_t* data = bytes.data() + start;
        std::uint32_t sum = 0, weighted = 0;
        for (std::uint32_t i = 0; i < count; ++i) {
            sum += data[i];
            weighted += (static_cast<std::uint32_t>(count) - i) * data[i];
        }
        b = (b + count * a + weighted) % base;
        a = (a + sum) % base;
    }
    return static_cast<std::uint32_t>(b << 16 | a);
}

// The samples of a chunk as they lie in the file before compression: row by row, channel by channel.
class ChunkSamples {
public:
    explicit ChunkSamples(const Layout& layout) : layout_(layout) {}

    std::span<const std::uint8_t> gather(const ImagePart& part, const ChunkPlace& place) {
        const Box& window = part.window;
        Box box{window.x0, place.y, window.x1,
                std::min(place.y + rows_per_chunk(layout_.compression), window.y1)};
        if (layout_.tiles) {
            const auto width = static_cast<int>(layout_.tiles->width);
            const auto height = static_cast<int>(layout_.tiles->height);
            const int x = window.x0 + place.tile_x * width;
            const int y = window.y0 + place.tile_y * height;
            box = intersection({x, y, x + width, y + height}, window);
        }
        samples_.clear();
        for (int y = box.y0; y < box.y1; ++y) {
            for (const Plane& plane : part.planes) {
                if ((y - window.y0) % plane.y_sampling != 0) continue;
                const auto row = static_cast<std::size_t>((y - window.y0) / plane.y_sampling);
                const auto first = static_cast<std::size_t>((box.x0 - window.x0) / plane.x_sampling);
                const auto count = static_cast<std::size_t>(box.width() / plane.x_sampling);
                const std::size_t size = size_of(plane.type);
                const auto* bytes =
                    reinterpret_cast<const std::uint8_t*>(plane.data->data()) + row * plane.row_bytes();
                samples_.insert(samples_.end(), bytes + first * size, bytes + (first + count) * size);
            }
        }
        return samples_;
    }

private:
    const Layout& layout_;
    std::vector<std::uint8_t> samples_;
};

// What ZIP deflates: bytes at even places, then those at odd ones, each as the difference to the one before
// plus 128.
void zip_transform(std::span<const std::uint8_t> samples, std::vector<std::uint8_t>& split,
                   std::vector<std::uint8_t>& out) {
    const std::size_t count = samples.size();
    const std::size_t half = (count + 1) / 2;
    split.resize(count);
    out.resize(count);
    for (std::size_t i = 0; i < count / 2; ++i) {
        split[i] = samples[2 * i];
        split[half + i] = samples[2 * i + 1];
    }
    if (count % 2 == 1) split[half - 1] = samples[count - 1];
    out[0] = split[0];
    for (std::size_t i = 1; i < count; ++i) out[i] = static_cast<std::uint8_t>(split[i] - split[i - 1] + 128);
}

std::uint32_t stored_adler(std::span<const std::byte> data) {
    std::uint32_t sum = 0;
    if (data.size() < 4) return sum;
    for (const std::byte byte : data.last(4)) sum = sum << 8 | std::to_integer<std::uint32_t>(byte);
    return sum;
}

const ImagePart& image_of(const std::vector<ImagePart>& parts, std::size_t part, const ChunkPlace& place) {
    // By part: a file of many parts and levels has many chunks too.
    const auto first =
        std::lower_bound(parts.begin(), parts.end(), part, [](const ImagePart& each, std::size_t wanted) {
            return static_cast<std::size_t>(each.part) < wanted;
        });
    return *std::find_if(first, parts.end(), [&](const ImagePart& each) {
        return each.level_x == place.level_x && each.level_y == place.level_y;
    });
}

}  // namespace

void verify_decoded(std::span<const std::byte> file, const ScannedHeader& header, const ChunkTables& tables,
                    const std::vector<ImagePart>& parts) {
    std::vector<std::uint8_t> split, transformed;
    for (std::size_t p = 0; p < header.layouts.size(); ++p) {
        const Layout& layout = header.layouts[p];
        const bool zip = layout.compression == Compression::Zip || layout.compression == Compression::Zips;
        if (!zip && layout.compression != Compression::Rle) continue;
        const ChunkGrid grid(layout);
        ChunkSamples samples(layout);
        for (std::size_t i = 0; i < tables.parts[p].size(); ++i) {
            const Chunk& chunk = tables.parts[p][i];
            const ChunkPlace place = grid.place_of(static_cast<std::int64_t>(i));
            const std::int64_t unpacked = grid.unpacked_bytes(place);
            if (chunk.data_bytes == unpacked) continue;  // stored as it is
            const auto data = file.subspan(static_cast<std::size_t>(chunk.offset + chunk.header_bytes),
                                           static_cast<std::size_t>(chunk.data_bytes));
            bool whole = false;
            if (zip) {
                zip_transform(samples.gather(image_of(parts, p, place), place), split, transformed);
                whole = adler32(transformed) == stored_adler(data);
            } else {
                whole = rle_length(data) == unpacked;
            }
            if (!whole) {
                throw Error(
                    ErrorKind::Input,
                    fmt::format("is truncated or damaged: the chunk at byte {} does not unpack to its {} "
                                "bytes of pixels",
                                chunk.offset, unpacked));
            }
        }
    }
}

}  // namespace wetgate::media::exr
