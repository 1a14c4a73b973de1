#pragma once
#include "framing/picture.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// How much each place of a picture stands out, about 64 cells along the longer side, mean 1 (0 everywhere in
/// a picture without structure): four signs of it, added.
///  - what the smooth spectrum does not foretell (Hou and Zhang, "Saliency Detection: A Spectral Residual
///    Approach", 2007)
///  - distance of the colour from that of the surroundings at three sizes
///  - what no smooth way leads to from the border (Zhang et al., "Minimum Barrier Salient Object Detection at
///  80
///    FPS", 2015)
///  - colours that are rare in the picture
motion::FloatPlane standout(const ColorPicture& picture);

}  // namespace wetgate::framing
