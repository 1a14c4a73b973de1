#include "media/exr_convert.h"

#include <half.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace wetgate::media::exr {
namespace {

constexpr float largest_half = 65504.0F;

template <class From>
void to_float(const Plane& from, float* out, double scale) {
    const From* in = from.samples<From>();
    const std::size_t count = from.data->size() / sizeof(From);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(static_cast<double>(in[i]) * scale);
}

double scale_of(SampleType type, int bits) {
    const int width = 8 * static_cast<int>(size_of(type));
    const int used = bits > 0 && bits <= width ? bits : width;
    return 1.0 / static_cast<double>((std::uint64_t{1} << used) - 1);
}

Plane as_float(const Plane& plane, int bits) {
    Plane out = make_plane(plane.name, SampleType::F32, plane.width, plane.height, plane.x_sampling,
                           plane.y_sampling);
    auto* values = out.samples<float>();
    switch (plane.type) {
        case SampleType::U8:
            to_float<std::uint8_t>(plane, values, scale_of(plane.type, bits));
            break;
        case SampleType::U16:
            to_float<std::uint16_t>(plane, values, scale_of(plane.type, bits));
            break;
        case SampleType::U32:
            to_float<std::uint32_t>(plane, values, scale_of(plane.type, bits));
            break;
        case SampleType::F32:
            return plane;
        case SampleType::Half: {
            const auto* in = plane.samples<std::uint16_t>();
            const std::size_t count = plane.data->size() / sizeof(std::uint16_t);
            std::transform(in, in + count, values, half_value);
            break;
        }
    }
    return out;
}

}  // namespace

std::uint16_t half_bits(float value) {
    if (std::isfinite(value)) value = std::clamp(value, -largest_half, largest_half);
    return half(value).bits();
}

float half_value(std::uint16_t bits) {
    half value;
    value.setBits(bits);
    return static_cast<float>(value);
}

Plane converted(const Plane& plane, SampleType type, int bits) {
    if (plane.type == type) return plane;
    if (type != SampleType::Half && type != SampleType::F32) {
        throw Error(ErrorKind::Internal, "an EXR's worked channels can only become half or float");
    }
    Plane values = as_float(plane, bits);
    if (type == SampleType::F32) return values;
    Plane out = make_plane(plane.name, type, plane.width, plane.height, plane.x_sampling, plane.y_sampling);
    const auto* in = values.samples<float>();
    std::transform(in, in + values.data->size() / sizeof(float), out.samples<std::uint16_t>(), half_bits);
    return out;
}

}  // namespace wetgate::media::exr
