#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/host_frame.h"

// Shared by the worked*.cpp files only.

namespace wetgate::media {

/// Plane `c` (0..2) of the worked picture; nullptr where the picture has none.
const Plane* worked_plane(const HostFrame& frame, int c);
Plane* worked_plane(HostFrame& frame, int c);

/// Significant bits of an integer plane.
int bits_of(const HostFrame& frame, const Plane& plane);

/// Throws Error{Internal} unless `plane` has the geometry that its sampling and `window` ask for, and all its
/// bytes.
void check_plane(const Plane& plane, const Box& window);

/// Half bits to float and back: exact, and rounded to nearest even. NaN payloads and infinities are kept;
/// finite values beyond the largest half become that.
void halves_to_floats(const std::uint16_t* in, float* out, std::size_t count);
void floats_to_halves(const float* in, std::uint16_t* out, std::size_t count);

/// Samples of any type as floats; integer codes are divided by `scale` (1 for U32, whose samples are values).
void samples_to_floats(const Plane& plane, double scale, float* out);

/// True for rows of `touch` with at least one value above 0.
std::vector<char> touched_rows(const std::vector<float>& touch, const Box& window);

FloatImage read_video(const HostFrame& frame);
void write_video(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch,
                 const std::vector<char>& rows);

}  // namespace wetgate::media
