#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "framing/crop_path.h"

// ASC Framing Decision Lists (American Society of Cinematographers, ASC FDL specification 2.0.1, February
// 2026): the crops of a shot in the form that other tools read.

namespace wetgate::framing {

/// What the crops are of.
struct FdlClip {
    std::string name;    ///< of the shot
    std::string file;    ///< of a movie, or of a sequence with '#' for the digits of the frame number
    double squeeze = 1;  ///< pixel aspect of the plate
};

/// One output's crop.
struct FdlFraming {
    std::string name;
    int aspect_width = 1;  ///< as it is shown
    int aspect_height = 1;
    CropPath path;
    std::string id = {};  ///< of the intent, as it was read; fdl_of() makes its own of the name
};

/// A list with one framing intent a framing, one context (clip and frames) with one canvas (the plate) a
/// scene, and one framing decision a scene and framing: the crop on the scene's first frame. An FDL frames a
/// shot, not a frame: the keys of a crop that moves lie beside it as the private property `_wetgate_keys`.
/// The uuid is made of the content. Frame numbers below 0 leave out the clip's sequence, which cannot hold
/// them. Error{Internal} for framings of unlike pictures or scenes.
nlohmann::json fdl_of(const FdlClip& clip, std::span<const FdlFraming> framings);

/// The framings that a list has for a picture of width x height, on frames first to last. A decision without
/// `_wetgate_keys` stands still over the frames of its context, or the whole shot where that does not say; of
/// several contexts for the same frames the first one counts.
/// Error{Input} with the place for what is no FDL of version 1 or 2, for decisions that name no intent or
/// leave their canvas, and where no canvas has that size.
std::vector<FdlFraming> framings_of(const nlohmann::json& fdl, int width, int height, int first, int last);

}  // namespace wetgate::framing
