#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/geometry.h"
#include "nets/network.h"

namespace wetgate::nets {

/// A network over a whole picture, in tiles of one shape, so that memory is that of a tile and the device
/// sees one size only. See Note [Tiles].
///
/// `picture`: [C,H,W] float32, any size. `tile_px`: width and height of a tile with its halo, raised to the
/// least that the network's radius and multiple allow. Returns [3,scale*H,scale*W] float32 on the picture's
/// device. Error{Internal} when the network's output is not finite.
at::Tensor forward_tiled(const Network& network, const at::Tensor& picture, int tile_px);

/// A tile of a picture, in its pixels from the upper left one: what the network sees, and what is taken of
/// it.
struct Tile {
    Box read, made;
};
/// Those of forward_tiled() over a picture of this size: `made` of all of them covers it once.
std::vector<Tile> tiles_of(const NetworkShape& shape, int width, int height, int tile_px);

/// A tile whose memory is bounded whatever the network: the larger one for CUDA, where small tiles would
/// leave the device idle.
int usual_tile_px(const NetworkShape& shape, bool cuda);

/// Host or device memory that forward_tiled() takes at its peak over a picture of this size, about.
std::int64_t working_bytes(const NetworkShape& shape, std::int64_t width, std::int64_t height, int tile_px);

/// The tile that forward_tiled() makes of `tile_px`: a multiple of the network's, with room inside its halo.
int tile_size_px(const NetworkShape& shape, int tile_px);

}  // namespace wetgate::nets
