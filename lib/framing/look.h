#pragma once
#include <nlohmann/json.hpp>

#include "framing/picture.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// The picture made smaller, by means over areas, to `side_px` along its longer side; a smaller one as it is.
/// Error{Internal} for a picture without pixels.
ColorPicture fitted(ColorPicture picture, int side_px);

/// The picture in grey, 192 px along its longer side: enough to follow in what somebody points at, and small
/// enough for a record. Error{Internal} for a picture without pixels.
motion::GrayImage look_of(const ColorPicture& picture);

/// {"size": [width, height], "pixels": base64}
nlohmann::json look_to_json(const motion::GrayImage& look);
/// Error{Input} for anything that look_to_json() does not write.
motion::GrayImage look_from_json(const nlohmann::json& json);

}  // namespace wetgate::framing
