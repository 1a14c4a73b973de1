#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "media/exr_scan.h"

namespace wetgate::media::exr {
namespace {

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorKind::Input, "is truncated or damaged: " + what);
}

struct PlacedChunk {
    int part = 0;
    ChunkPlace place;
    Chunk chunk;
};

class ChunkReader {
public:
    ChunkReader(ByteSource& source, const ScannedHeader& header) : source_(source), header_(header) {}

    /// The chunk whose header starts at `offset`; checked to lie in the file.
    PlacedChunk read(std::int64_t offset) {
        Cursor cursor(source_, offset, "a chunk");
        PlacedChunk placed;
        if (header_.multi_part()) placed.part = cursor.value<std::int32_t>();
        if (placed.part < 0 || static_cast<std::size_t>(placed.part) >= header_.layouts.size()) {
            damaged(fmt::format("the chunk at byte {} claims to be of part {}", offset, placed.part));
        }
        if (header_.layouts[static_cast<std::size_t>(placed.part)].tiles) {
            placed.place.tile_x = cursor.value<std::int32_t>();
            placed.place.tile_y = cursor.value<std::int32_t>();
            placed.place.level_x = cursor.value<std::int32_t>();
            placed.place.level_y = cursor.value<std::int32_t>();
        } else {
            placed.place.y = cursor.value<std::int32_t>();
        }
        const auto size = cursor.value<std::int32_t>();
        placed.chunk = {offset, cursor.offset() - offset, size};
        source_.at(cursor.offset(), size, "the pixels of a chunk");
        return placed;
    }

private:
    ByteSource& source_;
    const ScannedHeader& header_;
};

void check_size(const Chunk& chunk, std::int64_t unpacked, Compression compression) {
    // A chunk that would not get smaller is stored as it is, so a larger one is never written.
    if (chunk.data_bytes < 1 || chunk.data_bytes > unpacked ||
        (compression == Compression::None && chunk.data_bytes != unpacked)) {
        damaged(fmt::format("the chunk at byte {} has {} bytes for {} bytes of pixels", chunk.offset,
                            chunk.data_bytes, unpacked));
    }
}

// A writer that was killed, or that cannot seek, leaves the table empty. The picture is whole if every chunk
// follows, in whatever order.
ChunkTables rebuild(ByteSource& source, const ScannedHeader& header, const std::vector<ChunkGrid>& grids,
                    std::int64_t start) {
    ChunkTables tables;
    tables.end = start;
    tables.rebuilt = true;
    std::int64_t missing = 0;
    for (const ChunkGrid& grid : grids) {
        tables.parts.emplace_back(static_cast<std::size_t>(grid.count()));
        missing += grid.count();
    }
    ChunkReader reader(source, header);
    for (std::int64_t offset = start; missing > 0; --missing) {
        if (offset == source.size())
            damaged(fmt::format("it has no chunk table and {} chunks are missing", missing));
        const PlacedChunk placed = reader.read(offset);
        const auto part = static_cast<std::size_t>(placed.part);
        const auto index = grids[part].index_of(placed.place);
        if (!index)
            damaged(fmt::format("it has no chunk table and the chunk at byte {} belongs nowhere", offset));
        Chunk& slot = tables.parts[part][static_cast<std::size_t>(*index)];
        if (slot.header_bytes != 0) damaged(fmt::format("the chunk at byte {} appears twice", offset));
        slot = placed.chunk;
        offset += placed.chunk.header_bytes + placed.chunk.data_bytes;
    }
    return tables;
}

void check_overlaps(const ChunkTables& tables) {
    std::vector<Chunk> chunks;
    for (const auto& part : tables.parts) chunks.insert(chunks.end(), part.begin(), part.end());
    std::sort(chunks.begin(), chunks.end(),
              [](const Chunk& a, const Chunk& b) { return a.offset < b.offset; });
    std::int64_t free_from = tables.end;
    for (const Chunk& chunk : chunks) {
        if (chunk.offset < free_from)
            damaged(fmt::format("the chunk at byte {} overlaps another", chunk.offset));
        free_from = chunk.offset + chunk.header_bytes + chunk.data_bytes;
    }
}

}  // namespace

ChunkTables scan_chunks(ByteSource& source, const ScannedHeader& header) {
    std::vector<ChunkGrid> grids;
    for (const Layout& layout : header.layouts) grids.emplace_back(layout);
    Cursor cursor(source, static_cast<std::int64_t>(header.raw.header_bytes), "the chunk table");
    ChunkTables tables;
    bool unfilled = false;
    for (const ChunkGrid& grid : grids) {
        auto& part = tables.parts.emplace_back();
        for (std::int64_t i = 0; i < grid.count(); ++i) {
            part.push_back({cursor.value<std::int64_t>(), 0, 0});
            unfilled = unfilled || part.back().offset == 0;
        }
    }
    tables.end = cursor.offset();
    if (unfilled) tables = rebuild(source, header, grids, tables.end);

    ChunkReader reader(source, header);
    for (std::size_t p = 0; p < grids.size(); ++p) {
        for (std::size_t i = 0; i < tables.parts[p].size(); ++i) {
            Chunk& chunk = tables.parts[p][i];
            const PlacedChunk placed = reader.read(chunk.offset);
            const ChunkPlace expected = grids[p].place_of(static_cast<std::int64_t>(i));
            if (placed.part != static_cast<int>(p) || placed.place != expected) {
                damaged(fmt::format("the chunk table's entry {} of part {} leads to another chunk (byte {})",
                                    i, p, chunk.offset));
            }
            check_size(placed.chunk, grids[p].unpacked_bytes(expected), header.layouts[p].compression);
            chunk = placed.chunk;
        }
    }
    check_overlaps(tables);
    return tables;
}

}  // namespace wetgate::media::exr
