#include "media/exr_format.h"

#include <algorithm>
#include <array>
#include <bit>

namespace wetgate::media::exr {
namespace {

constexpr std::array<const char*, 10> compression_names = {"none",  "rle", "zips", "zip",  "piz",
                                                           "pxr24", "b44", "b44a", "dwaa", "dwab"};

int level_count(int size, bool round_up) {
    const auto value = static_cast<unsigned>(size);
    return (round_up ? std::bit_width(value - 1U) : std::bit_width(value) - 1) + 1;
}

int level_size(int size, int level, bool round_up) {
    const std::int64_t step = std::int64_t{1} << level;
    const std::int64_t rounded = (size + (round_up ? step - 1 : 0)) / step;
    return static_cast<int>(std::max<std::int64_t>(rounded, 1));
}

std::int64_t divide_up(std::int64_t value, std::int64_t divisor) {
    return (value + divisor - 1) / divisor;
}

std::int64_t divide_down(std::int64_t value, std::int64_t divisor) {
    return value >= 0 ? value / divisor : -divide_up(-value, divisor);
}

std::int64_t pixel_bytes(const Layout& layout) {
    std::int64_t bytes = 0;
    for (const Channel& channel : layout.channels) bytes += static_cast<std::int64_t>(size_of(channel.type));
    return bytes;
}

std::int64_t sample_bytes(const Layout& layout, const Box& box) {
    std::int64_t bytes = 0;
    for (const Channel& channel : layout.channels) {
        bytes += sample_count(box.x0, box.x1, channel.x_sampling) *
                 sample_count(box.y0, box.y1, channel.y_sampling) *
                 static_cast<std::int64_t>(size_of(channel.type));
    }
    return bytes;
}

}  // namespace

std::optional<Compression> parse_compression(const std::string& text) {
    const auto found = std::find(compression_names.begin(), compression_names.end(), text);
    if (found == compression_names.end()) return std::nullopt;
    return static_cast<Compression>(found - compression_names.begin());
}

const char* name_of(Compression compression) {
    return compression_names.at(static_cast<std::size_t>(compression));
}

bool loses_on_rewrite(Compression compression) {
    // PXR24 drops the low bits of floats once; coding its own output again changes nothing.
    return compression == Compression::B44 || compression == Compression::B44a ||
           compression == Compression::Dwaa || compression == Compression::Dwab;
}

int rows_per_chunk(Compression compression) {
    switch (compression) {
        case Compression::None:
        case Compression::Rle:
        case Compression::Zips:
            return 1;
        case Compression::Zip:
        case Compression::Pxr24:
            return 16;
        case Compression::Piz:
        case Compression::B44:
        case Compression::B44a:
        case Compression::Dwaa:
            return 32;
        case Compression::Dwab:
            return 256;
    }
    return 1;
}

std::vector<Level> levels_of(const Layout& layout) {
    const int width = layout.data_window.width();
    const int height = layout.data_window.height();
    if (!layout.tiles || layout.tiles->mode == LevelMode::One) return {{0, 0, width, height}};
    const bool up = layout.tiles->round_up;
    std::vector<Level> levels;
    if (layout.tiles->mode == LevelMode::Mip) {
        for (int l = 0; l < level_count(std::max(width, height), up); ++l) {
            levels.push_back({l, l, level_size(width, l, up), level_size(height, l, up)});
        }
        return levels;
    }
    for (int y = 0; y < level_count(height, up); ++y) {
        for (int x = 0; x < level_count(width, up); ++x) {
            levels.push_back({x, y, level_size(width, x, up), level_size(height, y, up)});
        }
    }
    return levels;
}

Box window_of(const Layout& layout, const Level& level) {
    const Box& window = layout.data_window;
    return {window.x0, window.y0, window.x0 + level.width, window.y0 + level.height};
}

std::int64_t sample_count(int first, int end, int sampling) {
    return divide_down(std::int64_t{end} - 1, sampling) - divide_down(std::int64_t{first} - 1, sampling);
}

std::int64_t decoded_bytes(const Layout& layout) {
    std::int64_t bytes = 0;
    for (const Level& level : levels_of(layout)) bytes += sample_bytes(layout, window_of(layout, level));
    return bytes;
}

ChunkGrid::ChunkGrid(const Layout& layout) : layout_(layout) {
    if (!layout.tiles) {
        count_ = divide_up(layout.data_window.height(), rows_per_chunk(layout.compression));
        return;
    }
    for (const Level& level : levels_of(layout)) {
        const std::int64_t columns = divide_up(level.width, layout.tiles->width);
        const std::int64_t rows = divide_up(level.height, layout.tiles->height);
        levels_.push_back({level, columns, rows, count_});
        count_ += columns * rows;
    }
}

const ChunkGrid::TiledLevel* ChunkGrid::level_at(int level_x, int level_y) const {
    const auto found = std::find_if(levels_.begin(), levels_.end(), [&](const TiledLevel& tiled) {
        return tiled.level.x == level_x && tiled.level.y == level_y;
    });
    return found == levels_.end() ? nullptr : &*found;
}

ChunkPlace ChunkGrid::place_of(std::int64_t index) const {
    ChunkPlace place;
    if (levels_.empty()) {
        place.y = static_cast<int>(layout_.data_window.y0 + index * rows_per_chunk(layout_.compression));
        return place;
    }
    const auto next =
        std::upper_bound(levels_.begin(), levels_.end(), index,
                         [](std::int64_t i, const TiledLevel& tiled) { return i < tiled.first; });
    const TiledLevel& tiled = *std::prev(next);
    place.level_x = tiled.level.x;
    place.level_y = tiled.level.y;
    place.tile_x = static_cast<int>((index - tiled.first) % tiled.columns);
    place.tile_y = static_cast<int>((index - tiled.first) / tiled.columns);
    return place;
}

std::optional<std::int64_t> ChunkGrid::index_of(const ChunkPlace& place) const {
    if (levels_.empty()) {
        const std::int64_t row = std::int64_t{place.y} - layout_.data_window.y0;
        const int rows = rows_per_chunk(layout_.compression);
        if (row < 0 || row % rows != 0 || row / rows >= count_) return std::nullopt;
        return row / rows;
    }
    const TiledLevel* tiled = level_at(place.level_x, place.level_y);
    if (tiled == nullptr || place.tile_x < 0 || place.tile_x >= tiled->columns || place.tile_y < 0 ||
        place.tile_y >= tiled->rows) {
        return std::nullopt;
    }
    return tiled->first + place.tile_y * tiled->columns + place.tile_x;
}

std::int64_t ChunkGrid::unpacked_bytes(const ChunkPlace& place) const {
    const Box& window = layout_.data_window;
    if (levels_.empty()) {
        const std::int64_t end = std::int64_t{place.y} + rows_per_chunk(layout_.compression);
        return sample_bytes(layout_, {window.x0, place.y, window.x1,
                                      static_cast<int>(std::min<std::int64_t>(end, window.y1))});
    }
    const TiledLevel* tiled = level_at(place.level_x, place.level_y);
    const std::int64_t width =
        std::min(layout_.tiles->width, tiled->level.width - place.tile_x * layout_.tiles->width);
    const std::int64_t height =
        std::min(layout_.tiles->height, tiled->level.height - place.tile_y * layout_.tiles->height);
    return width * height * pixel_bytes(layout_);
}

std::int64_t ChunkGrid::buffer_bytes() const {
    if (layout_.tiles) return layout_.tiles->width * layout_.tiles->height * pixel_bytes(layout_);
    return std::int64_t{layout_.data_window.width()} * rows_per_chunk(layout_.compression) *
           pixel_bytes(layout_);
}

}  // namespace wetgate::media::exr
