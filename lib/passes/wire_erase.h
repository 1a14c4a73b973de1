#pragma once
#include "passes/pass.h"
#include "passes/remove_filler.h"
#include "passes/wire_track.h"

namespace wetgate::passes::wire {

/// Takes out of a frame what lines cover. Facts, beside the filler's: "lines", how many, and "confidence",
/// the least of theirs.
PassResult erased(const FrameWindow& window, const Wires& lines, const remove::Filler& filler);

}  // namespace wetgate::passes::wire
