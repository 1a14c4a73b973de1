#pragma once
#include <ATen/core/Tensor.h>

#include "nets/network.h"

namespace wetgate::nets {

/// A network over a whole picture, in tiles of one shape, so that memory is that of a tile and the device
/// sees one size only. See Note [Tiles].
///
/// `picture`: [C,H,W] float32, any size. `tile_px`: width and height of a tile with its halo, raised to the
/// least that the network's radius and multiple allow. Returns [3,scale*H,scale*W] float32 on the picture's
/// device. Error{Internal} when the network's output is not finite.
at::Tensor forward_tiled(const Network& network, const at::Tensor& picture, int tile_px);

/// The tile that forward_tiled() makes of `tile_px`: a multiple of the network's, with room inside its halo.
int tile_size_px(const NetworkShape& shape, int tile_px);

}  // namespace wetgate::nets
