#include "nets/tiles.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "core/error.h"

// Note [Tiles]
// A tile is cut where it still lies inside the picture: at the picture's edges it ends where the picture
// ends, so that the network sees the same edge there as it would see in the whole picture, and elsewhere what
// is kept lies a halo of the network's radius away from the tile's own edges. So the result does not depend
// on the tile's size. A picture smaller than a tile is one tile. One whose size is no multiple of the
// network's is continued with its last row and column, to the right and at the bottom, as in training.

namespace wetgate::nets {
namespace {

std::int64_t rounded_up(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

std::int64_t halo_px(const NetworkShape& shape) {
    return rounded_up(shape.radius_px(), shape.multiple());
}

/// One tile along one axis: it reads [read, read + tile) and gives [begin, end).
struct Span {
    int read = 0, begin = 0, end = 0;
};

std::vector<Span> spans_of(int size, int tile, int halo) {
    if (size <= tile) return {{0, 0, size}};
    std::vector<Span> spans;
    for (int begin = 0; begin < size;) {
        const int read = std::clamp(begin - halo, 0, size - tile);
        const int end = read + tile == size ? size : read + tile - halo;
        spans.push_back({read, begin, end});
        begin = end;
    }
    return spans;
}

/// `picture` continued to a multiple, by its last row and column.
at::Tensor continued(const at::Tensor& picture, std::int64_t multiple) {
    const std::int64_t down = rounded_up(picture.size(1), multiple) - picture.size(1);
    const std::int64_t right = rounded_up(picture.size(2), multiple) - picture.size(2);
    if (down == 0 && right == 0) return picture;
    return at::replication_pad2d(picture.unsqueeze(0), {0, right, 0, down}).squeeze(0);
}

/// Bytes that one layer's answer takes a pixel of the picture, at the finest level.
std::int64_t layer_bytes(const NetworkShape& shape) {
    constexpr std::int64_t script_channels = 64;  // unknown
    const std::int64_t channels = shape.widths.empty() ? script_channels : shape.widths.front();
    return 4 * (shape.kind == NetworkShape::Kind::ResUnet ? (channels + 3) / 4 : channels);
}

/// Networks take turns on a GPU, whichever they are: one picture fills it, several at once would only fill
/// its memory. The process has one.
std::unique_lock<std::mutex> turn_on(c10::Device device) {
    static std::mutex gpu;
    return device.is_cuda() ? std::unique_lock(gpu) : std::unique_lock<std::mutex>();
}

}  // namespace

int usual_tile_px(const NetworkShape& shape, bool cuda) {
    constexpr int steps_px = 128;
    const std::int64_t most = std::int64_t{cuda ? 448 : 112} << 20;
    const auto side = static_cast<int>(std::sqrt(static_cast<double>(most / layer_bytes(shape))));
    return std::max(steps_px, side / steps_px * steps_px);
}

std::int64_t working_bytes(const NetworkShape& shape, std::int64_t width, std::int64_t height, int tile_px) {
    constexpr std::int64_t layers_alive = 14;  // with the copies that convolutions make; measured
    const std::int64_t tile = tile_size_px(shape, tile_px);
    const std::int64_t area = std::min(width, tile) * std::min(height, tile);
    const std::int64_t input =
        4 * (2 * shape.channels_in + 2 * shape.channels_out() * shape.scale() * shape.scale());
    return area * layer_bytes(shape) * layers_alive + width * height * input;
}

std::vector<Tile> tiles_of(const NetworkShape& shape, int width, int height, int tile_px) {
    const auto halo = static_cast<int>(halo_px(shape));
    const int most = tile_size_px(shape, tile_px);
    const int tile_width = std::min(most, width), tile_height = std::min(most, height);
    std::vector<Tile> tiles;
    for (const Span& y : spans_of(height, tile_height, halo)) {
        for (const Span& x : spans_of(width, tile_width, halo)) {
            tiles.push_back({{x.read, y.read, x.read + tile_width, y.read + tile_height},
                             {x.begin, y.begin, x.end, y.end}});
        }
    }
    return tiles;
}

int tile_size_px(const NetworkShape& shape, int tile_px) {
    const int multiple = shape.multiple();
    const std::int64_t least = 2 * halo_px(shape) + multiple;
    return static_cast<int>(std::max(rounded_up(tile_px, multiple), least));
}

at::Tensor forward_tiled(const Network& network, const at::Tensor& picture, int tile_px) {
    const std::unique_lock<std::mutex> turn = turn_on(picture.device());
    const std::int64_t scale = network.shape().scale();
    const at::Tensor whole = continued(picture, network.shape().multiple());
    at::Tensor result = at::empty(
        {network.shape().channels_out(), scale * whole.size(1), scale * whole.size(2)}, whole.options());
    for (const Tile& tile : tiles_of(network.shape(), static_cast<int>(whole.size(2)),
                                     static_cast<int>(whole.size(1)), tile_px)) {
        const Box& read = tile.read;
        const Box& kept = tile.made;
        const at::Tensor cut = whole.narrow(1, read.y0, read.height()).narrow(2, read.x0, read.width());
        const at::Tensor made = network.forward(cut.unsqueeze(0).contiguous()).squeeze(0);
        if (!at::isfinite(made).all().item<bool>()) {
            throw Error(ErrorKind::Internal,
                        fmt::format("the network's output is not finite in the tile of {}x{} px at {},{}",
                                    read.width(), read.height(), read.x0, read.y0));
        }
        const auto part = [&](const at::Tensor& from, int x0, int y0) {
            return from.narrow(1, scale * y0, scale * kept.height())
                .narrow(2, scale * x0, scale * kept.width());
        };
        part(result, kept.x0, kept.y0).copy_(part(made, kept.x0 - read.x0, kept.y0 - read.y0));
    }
    return result.narrow(1, 0, scale * picture.size(1)).narrow(2, 0, scale * picture.size(2)).contiguous();
}

}  // namespace wetgate::nets
