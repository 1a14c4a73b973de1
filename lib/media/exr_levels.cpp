#include <algorithm>

#include "core/error.h"
#include "media/exr.h"
#include "media/exr_convert.h"

namespace wetgate::media {
namespace {

float sample(const Plane& plane, int x, int y) {
    const std::size_t at =
        static_cast<std::size_t>(std::min(y, plane.height - 1)) * static_cast<std::size_t>(plane.width) +
        static_cast<std::size_t>(std::min(x, plane.width - 1));
    return plane.type == SampleType::Half ? exr::half_value(plane.samples<std::uint16_t>()[at])
                                          : plane.samples<float>()[at];
}

// Averages x_step x y_step pixels of `from` into each of `to`.
void average(const Plane& from, Plane& to, int x_step, int y_step) {
    to.make_unique();
    const float weight = 1.0F / static_cast<float>(x_step * y_step);
    for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
            float sum = 0;
            for (int dy = 0; dy < y_step; ++dy) {
                for (int dx = 0; dx < x_step; ++dx) sum += sample(from, x * x_step + dx, y * y_step + dy);
            }
            const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(to.width) +
                                   static_cast<std::size_t>(x);
            if (to.type == SampleType::Half) {
                to.samples<std::uint16_t>()[at] = exr::half_bits(sum * weight);
            } else {
                to.samples<float>()[at] = sum * weight;
            }
        }
    }
}

const ImagePart& level_of(const HostFrame& frame, int part, int level_x, int level_y) {
    for (const ImagePart& each : frame.parts) {
        if (each.part == part && each.level_x == level_x && each.level_y == level_y) return each;
    }
    throw Error(ErrorKind::Internal, "a resolution level of the picture is missing");
}

}  // namespace

void rebuild_levels(HostFrame& frame) {
    if (frame.worked.model == PixelModel::None) return;
    const int part = frame.worked_part().part;
    // A level comes after the ones that it is made from: mip l after l - 1, rip (x, y) after (x - 1, y) and
    // (x, y - 1).
    for (ImagePart& level : frame.parts) {
        if (level.part != part || (level.level_x == 0 && level.level_y == 0)) continue;
        const bool mip = level.level_x == level.level_y && level.level_x > 0 &&
                         std::none_of(frame.parts.begin(), frame.parts.end(), [&](const ImagePart& each) {
                             return each.part == part && each.level_x != each.level_y;
                         });
        const bool along_x = mip || level.level_x > 0;
        const bool along_y = mip || !along_x;
        const ImagePart& from =
            level_of(frame, part, level.level_x - (along_x ? 1 : 0), level.level_y - (along_y ? 1 : 0));
        for (const int plane : frame.worked.plane) {
            if (plane < 0) continue;
            const auto index = static_cast<std::size_t>(plane);
            average(from.planes.at(index), level.planes.at(index), along_x ? 2 : 1, along_y ? 2 : 1);
        }
    }
}

}  // namespace wetgate::media
