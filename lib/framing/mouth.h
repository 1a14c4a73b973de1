#pragma once
#include <array>
#include <optional>

#include "framing/picture.h"

namespace wetgate::framing {

/// A place in pixels of a picture, from its upper left corner.
struct FacePoint {
    double x = 0, y = 0;
};

/// The five places that YuNet marks in a face, as it orders them: the eyes, the tip of the nose, the corners
/// of the mouth; each pair from left to right in the picture of an upright face.
using FaceMarks = std::array<FacePoint, 5>;

/// How much the mouth and chin of a face changed since `before` beyond what the rest of the face did, 0..1:
/// the difference of the levels there, after the head's own movement (found in the eyes and the nose), less
/// that of the eyes and nose, as a share of the face's contrast. Nothing where it cannot be told: the mouth
/// lies less than 8 px below the eyes, part of the face is outside of the picture, or the head is not found
/// in `before`. Who eats, laughs or turns his head fast moves his mouth too.
std::optional<double> mouth_motion(const ColorPicture& before, const ColorPicture& picture,
                                   const FaceMarks& marks);

}  // namespace wetgate::framing
