#include "media/exr_deflate.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>

#include "media/exr_bytes.h"
#include "media/exr_format.h"
#include "media/exr_scan.h"

namespace wetgate::media::exr {
namespace {

constexpr int level = 4;  // as OpenEXR's

struct FreeCompressor {
    void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};
using UniqueCompressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

UniqueCompressor make_compressor() {
    UniqueCompressor compressor(libdeflate_alloc_compressor(level));
    if (!compressor) throw std::bad_alloc();
    return compressor;
}

bool is_deflated(const Layout& layout) {
    return !layout.tiles &&
           (layout.compression == Compression::Zip || layout.compression == Compression::Zips);
}

/// Packs the samples of chunks one after the other; keeps its buffers.
class Packer {
public:
    Packer() : compressor_(make_compressor()) {}

    /// Packed, or as they are where packing makes them no smaller. Valid until the next call.
    std::span<const std::byte> pack(std::span<const std::byte> samples) {
        predict(samples);
        packed_.resize(samples.size());
        // A chunk of as many bytes as its samples counts as not packed.
        const std::size_t size = libdeflate_zlib_compress(
            compressor_.get(), predicted_.data(), predicted_.size(), packed_.data(), samples.size() - 1);
        return size == 0 ? samples : std::span<const std::byte>(packed_).first(size);
    }

private:
    // "OpenEXR File Layout", ZIP: the first, third ... bytes, then the others, each as what it is more than
    // the one before it, plus 128.
    void predict(std::span<const std::byte> samples) {
        const std::size_t size = samples.size(), half = (size + 1) / 2;
        split_.resize(size);
        predicted_.resize(size);
        for (std::size_t i = 0; i < size / 2; ++i) {
            split_[i] = std::to_integer<std::uint8_t>(samples[2 * i]);
            split_[half + i] = std::to_integer<std::uint8_t>(samples[2 * i + 1]);
        }
        if (size % 2 != 0) split_[half - 1] = std::to_integer<std::uint8_t>(samples[size - 1]);
        predicted_[0] = split_[0];
        for (std::size_t i = 1; i < size; ++i)
            predicted_[i] = static_cast<std::uint8_t>(split_[i] - split_[i - 1] + 128);
    }

    UniqueCompressor compressor_;
    std::vector<std::uint8_t> split_, predicted_;
    std::vector<std::byte> packed_;
};

/// A chunk's samples as they lie in the file: row by row, the channels of each one after the other.
void gather(const Layout& layout, const std::vector<const Plane*>& planes, int first_row,
            std::vector<std::byte>& samples) {
    samples.clear();
    const int end = std::min(first_row + rows_per_chunk(layout.compression), layout.data_window.y1);
    for (int y = first_row; y < end; ++y) {
        for (const Plane* plane : planes) {
            if (y % plane->y_sampling != 0) continue;
            const auto row =
                static_cast<std::size_t>(sample_count(layout.data_window.y0, y, plane->y_sampling));
            append_bytes(samples,
                         std::span(plane->data->data() + row * plane->row_bytes(), plane->row_bytes()));
        }
    }
}

/// In the order of the layout's channels.
std::vector<const Plane*> planes_of(const ImagePart& part, const Layout& layout) {
    std::vector<const Plane*> planes;
    for (const Channel& channel : layout.channels) {
        planes.push_back(&*std::find_if(part.planes.begin(), part.planes.end(),
                                        [&](const Plane& plane) { return plane.name == channel.name; }));
    }
    return planes;
}

}  // namespace

bool can_deflate(const WritePlan& plan) {
    return std::all_of(plan.layouts.begin(), plan.layouts.end(), [](const Layout& layout) {
        if (!is_deflated(layout)) return false;
        // Subsampled channels may leave a chunk without a sample.
        const ChunkGrid grid(layout);
        for (std::int64_t i = 0; i < grid.count(); ++i) {
            const std::int64_t size = grid.unpacked_bytes(grid.place_of(i));
            if (size < 1 || size > std::numeric_limits<std::int32_t>::max()) return false;
        }
        return true;
    });
}

std::vector<std::byte> deflated(const WritePlan& plan) {
    std::vector<std::byte> bytes = header_bytes(plan.raw);
    std::vector<std::size_t> tables;  // where each part's offsets lie
    std::size_t end = bytes.size(), samples_bytes = 0;
    for (const Layout& layout : plan.layouts) {
        tables.push_back(end);
        end += static_cast<std::size_t>(ChunkGrid(layout).count()) * sizeof(std::int64_t);
        samples_bytes += static_cast<std::size_t>(decoded_bytes(layout));
    }
    bytes.reserve(end + samples_bytes / 2);
    bytes.resize(end);

    Packer packer;
    std::vector<std::byte> samples;
    const bool is_multi_part = (plan.raw.version_and_flags & flag_multi_part) != 0;
    for (const ImagePart& part : plan.parts) {
        const auto index = static_cast<std::size_t>(part.part);
        const Layout& layout = plan.layouts.at(index);
        const std::vector<const Plane*> planes = planes_of(part, layout);
        const ChunkGrid grid(layout);
        for (std::int64_t i = 0; i < grid.count(); ++i) {
            const std::int64_t chunk = layout.line_order == LineOrder::Decreasing ? grid.count() - 1 - i : i;
            const int row = grid.place_of(chunk).y;
            gather(layout, planes, row, samples);
            const std::span<const std::byte> packed = packer.pack(samples);
            const auto offset = static_cast<std::int64_t>(bytes.size());
            std::memcpy(bytes.data() + tables[index] + static_cast<std::size_t>(chunk) * sizeof offset,
                        &offset, sizeof offset);
            if (is_multi_part) append(bytes, std::int32_t{part.part});
            append(bytes, std::int32_t{row});
            append(bytes, static_cast<std::int32_t>(packed.size()));
            append_bytes(bytes, packed);
        }
    }
    return bytes;
}

}  // namespace wetgate::media::exr
