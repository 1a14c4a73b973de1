#pragma once
#include <map>
#include <string>
#include <vector>

#include "framing/drawing.h"
#include "pipeline/shown_path.h"

namespace wetgate::pipeline {

/// The colour of canvas `index` in a preview.
framing::Ink canvas_ink(std::size_t index);

/// A canvas over all frames of a shot.
struct CanvasPath {
    std::string name;
    std::vector<ShownFrame> frames;
};

/// The contact sheet: `title`, the frames in rows of four, and a plot a number of each path. `first`: number
/// of the shot's first frame.
framing::Drawing contact_sheet(const std::string& title, const std::map<int, framing::ColorPicture>& frames,
                               const std::vector<CanvasPath>& paths, int first);

}  // namespace wetgate::pipeline
