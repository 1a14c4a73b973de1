#include "passes/inpaint_net.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "nets/tiles.h"
#include "passes/coding.h"

namespace wetgate::passes::inpaint {
namespace {

/// First and last place + 1 where `line` [N] bool is true, `halo` further out, on multiples of `multiple`.
std::pair<std::int64_t, std::int64_t> span_of(const at::Tensor& line, std::int64_t halo,
                                              std::int64_t multiple) {
    const at::Tensor places = line.nonzero();
    const std::int64_t first = std::max<std::int64_t>(0, places[0].item<std::int64_t>() - halo);
    const std::int64_t end = std::min(line.size(0), places[-1].item<std::int64_t>() + 1 + halo);
    return {first / multiple * multiple, std::min(line.size(0), (end + multiple - 1) / multiple * multiple)};
}

}  // namespace

void check(const nets::LoadedModel& model) {
    if (model.network.shape().channels_in != 4) {
        throw Error(ErrorKind::Model,
                    fmt::format("model '{}' cannot inpaint: it must take R G B and a mask", model.card.name));
    }
}

at::Tensor filled_by_net(const nets::LoadedModel& model, const at::Tensor& coded, const at::Tensor& hole,
                         const at::Tensor& touch) {
    const nets::NetworkShape& shape = model.network.shape();
    const auto [top, bottom] = span_of(touch[0].any(1), shape.radius_px(), shape.multiple());
    const auto [left, right] = span_of(touch[0].any(0), shape.radius_px(), shape.multiple());
    const auto cut = [&, y = top, x = left, height = bottom - top, width = right - left](
                         const at::Tensor& t) { return t.narrow(1, y, height).narrow(2, x, width); };
    const at::Tensor known = at::where(hole, at::zeros_like(coded), Coding::for_network(coded));
    const at::Tensor input = at::cat({cut(known), cut(hole).to(at::kFloat)});
    at::Tensor result = coded.clone();
    cut(result).copy_(nets::forward_tiled(model.network, input, model.tile_px));
    return result;
}

}  // namespace wetgate::passes::inpaint
