#include "qc/plate.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace wetgate::qc {
namespace {

constexpr std::uint32_t half_exponent = 0x7C00U;
constexpr std::uint32_t half_mantissa = 0x03FFU;
constexpr std::uint32_t float_exponent = 0x7F800000U;
constexpr std::uint32_t float_mantissa = 0x007FFFFFU;

template <class Bits>
void count_in(const Plane& plane, Bits exponent, Bits mantissa, NonFinite& counts) {
    const Bits* samples = plane.samples<Bits>();
    for (int y = 0; y < plane.height; ++y) {
        const Bits* row = samples + static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width);
        int suspects = 0;  // counted without a branch: nearly every row has none
        for (int x = 0; x < plane.width; ++x) suspects += (row[x] & exponent) == exponent ? 1 : 0;
        if (suspects == 0) continue;
        for (int x = 0; x < plane.width; ++x) {
            if ((row[x] & exponent) != exponent) continue;
            ((row[x] & mantissa) != 0 ? counts.nan : counts.inf) += 1;
            if (counts.first.empty()) {
                counts.first = plane.name + " at (" + std::to_string(x * plane.x_sampling) + ", " +
                               std::to_string(y * plane.y_sampling) + ")";
            }
        }
    }
}

// True when a touched pixel lies in the block of this sample or, for subsampled planes, in a neighbouring
// block.
bool may_change(const Plane& plane, const Box& window, const std::vector<float>& touch, int x, int y) {
    const int width = window.width();
    const int margin_x = plane.x_sampling > 1 ? plane.x_sampling : 0;
    const int margin_y = plane.y_sampling > 1 ? plane.y_sampling : 0;
    const int x0 = std::max(0, x * plane.x_sampling - margin_x);
    const int x1 = std::min(width, (x + 1) * plane.x_sampling + margin_x);
    const int y0 = std::max(0, y * plane.y_sampling - margin_y);
    const int y1 = std::min(window.height(), (y + 1) * plane.y_sampling + margin_y);
    for (int row = y0; row < y1; ++row) {
        const float* line = touch.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
        if (std::any_of(line + x0, line + x1, [](float value) { return value > 0; })) return true;
    }
    return false;
}

std::int64_t differing_samples(const Plane& a, const Plane& b) {
    const std::size_t size = size_of(a.type);
    const std::size_t count = a.data->size() / size;
    if (std::memcmp(a.data->data(), b.data->data(), a.data->size()) == 0) return 0;
    std::int64_t different = 0;
    for (std::size_t i = 0; i < count; ++i) {
        different += std::memcmp(a.data->data() + i * size, b.data->data() + i * size, size) != 0 ? 1 : 0;
    }
    return different;
}

void compare_worked(const Plane& a, const Plane& b, const Box& window, const std::vector<float>& touch,
                    PlateChange& change) {
    const std::size_t size = size_of(a.type);
    const std::size_t row_bytes = a.row_bytes();
    for (int y = 0; y < a.height; ++y) {
        const std::byte* row_a = a.data->data() + static_cast<std::size_t>(y) * row_bytes;
        const std::byte* row_b = b.data->data() + static_cast<std::size_t>(y) * row_bytes;
        if (std::memcmp(row_a, row_b, row_bytes) == 0) continue;
        for (int x = 0; x < a.width; ++x) {
            const std::size_t at = static_cast<std::size_t>(x) * size;
            if (std::memcmp(row_a + at, row_b + at, size) == 0) continue;
            (may_change(a, window, touch, x, y) ? change.changed_inside : change.changed_outside) += 1;
        }
    }
}

}  // namespace

NonFinite count_non_finite(const HostFrame& frame) {
    NonFinite counts;
    if (frame.parts.empty()) return counts;
    for (const Plane& plane : frame.worked_part().planes) {
        if (plane.type == SampleType::Half) {
            count_in<std::uint16_t>(plane, half_exponent, half_mantissa, counts);
        } else if (plane.type == SampleType::F32) {
            count_in<std::uint32_t>(plane, float_exponent, float_mantissa, counts);
        }
    }
    return counts;
}

PlateChange plate_change(const HostFrame& before, const HostFrame& after, const std::vector<float>& touch) {
    PlateChange change;
    if (before.parts.size() != after.parts.size()) {
        throw Error(ErrorKind::Internal, "a frame lost or gained parts on its way through the passes");
    }
    const auto is_worked = [&before](std::size_t part, std::size_t plane) {
        if (before.parts[part].part != before.worked_part().part) return false;
        return std::any_of(std::begin(before.worked.plane), std::end(before.worked.plane),
                           [plane](int index) { return index == static_cast<int>(plane); });
    };
    for (std::size_t p = 0; p < before.parts.size(); ++p) {
        const ImagePart& part = before.parts[p];
        for (std::size_t i = 0; i < part.planes.size(); ++i) {
            const Plane& a = part.planes[i];
            const Plane& b = after.parts[p].planes.at(i);
            if (a.data == b.data) continue;  // shared: not even copied
            if (is_worked(p, i)) {
                // Lower resolution levels follow level 0, which is where the proof is.
                if (static_cast<int>(p) != before.worked.part_index) continue;
                compare_worked(a, b, before.window(), touch, change);
            } else {
                change.changed_other += differing_samples(a, b);
            }
        }
    }
    return change;
}

}  // namespace wetgate::qc
