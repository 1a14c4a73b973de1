#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "core/host_frame.h"

/// What the EXR files of this folder agree on: the layout of a part and where its chunks lie ("OpenEXR File
/// Layout", openexr.com). Geometry only; nothing here reads a file.
namespace wetgate::media::exr {

/// Codes as in the file's `compression` attribute.
enum class Compression : std::uint8_t { None, Rle, Zips, Zip, Piz, Pxr24, B44, B44a, Dwaa, Dwab };

/// "none" "rle" "zips" ... as ExrWriteOptions has them; nullopt for anything else.
std::optional<Compression> parse_compression(const std::string& text);
const char* name_of(Compression compression);
/// Whether coding pixels that were decoded before changes them again.
bool loses_on_rewrite(Compression compression);
/// Rows of one scan line chunk.
int rows_per_chunk(Compression compression);

struct Channel {
    std::string name;
    SampleType type = SampleType::Half;
    std::uint8_t perceptually_linear = 0;  ///< pLinear, and the three reserved bytes are not kept apart
    int x_sampling = 1, y_sampling = 1;
    bool operator==(const Channel&) const = default;
};

enum class LevelMode : std::uint8_t { One, Mip, Rip };

struct Tiles {
    std::int64_t width = 0, height = 0;
    LevelMode mode = LevelMode::One;
    bool round_up = false;
    bool operator==(const Tiles&) const = default;
};

enum class LineOrder : std::uint8_t { Increasing, Decreasing, Random };

/// The attributes of a part that its pixels depend on, and what wetgate reads of the rest.
struct Layout {
    std::string name;  ///< empty in most single-part files
    std::string view;
    std::vector<Channel> channels;  ///< sorted by name: the order of the samples in a chunk
    Compression compression = Compression::Zip;
    LineOrder line_order = LineOrder::Increasing;
    Box data_window;
    Box display_window;
    float pixel_aspect = 1.0F;
    std::optional<Tiles> tiles;
};

/// A resolution level: index and size in pixels. Its window starts where the part's data window does.
struct Level {
    int x = 0, y = 0;
    int width = 0, height = 0;
};

/// All levels of a part in the order of its chunk table.
std::vector<Level> levels_of(const Layout& layout);
Box window_of(const Layout& layout, const Level& level);
/// Samples in [first, end) that are multiples of `sampling`.
std::int64_t sample_count(int first, int end, int sampling);
/// Decoded bytes of every channel of every level.
std::int64_t decoded_bytes(const Layout& layout);

/// Which pixels a chunk holds: a tile of a level, or (y only) rows from `y` down.
struct ChunkPlace {
    int tile_x = 0, tile_y = 0, level_x = 0, level_y = 0;
    int y = 0;
    bool operator==(const ChunkPlace&) const = default;
};

/// The chunk table of one part.
class ChunkGrid {
public:
    explicit ChunkGrid(const Layout& layout);

    std::int64_t count() const { return count_; }
    ChunkPlace place_of(std::int64_t index) const;
    /// nullopt when the part has no chunk there.
    std::optional<std::int64_t> index_of(const ChunkPlace& place) const;
    /// Bytes of the chunk's samples when not compressed.
    std::int64_t unpacked_bytes(const ChunkPlace& place) const;
    /// Bytes of the largest buffer that a decoder makes for one chunk, however small the picture is.
    std::int64_t buffer_bytes() const;

private:
    struct TiledLevel {
        Level level;
        std::int64_t columns = 0, rows = 0, first = 0;
    };
    const TiledLevel* level_at(int level_x, int level_y) const;

    const Layout& layout_;
    std::vector<TiledLevel> levels_;  // tiled parts only
    std::int64_t count_ = 0;
};

}  // namespace wetgate::media::exr
