#pragma once
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "media/exr_scan.h"

namespace wetgate::media::exr {

/// The header of an EXR frame: what the file said, byte for byte, and what it means.
struct ExrHeader : FormatHeader {
    RawExrHeader raw;
    std::vector<Layout> layouts;
};

/// nullptr when the frame does not come from an EXR.
const ExrHeader* exr_header_of(const HostFrame& frame);

/// The parts and levels of a file with planes that have no samples yet.
std::vector<ImagePart> parts_of(const std::vector<Layout>& layouts);

/// Which planes the passes see; see SourceRequest::part and ::layer. Error{Usage} for a part or layer that is
/// not there.
///
/// Without a request: R, G, B (any of them) of the first part that has them, else the first layer with R, G,
/// B, else Y, RY, BY, else Y, else nothing. Only half and float planes are worked on.
WorkedPlanes choose_planes(const ExrHeader& header, const std::vector<ImagePart>& parts,
                           const SourceRequest& request);

/// Index of the A plane beside the worked ones; -1 when there is none.
int alpha_plane(const HostFrame& frame);

/// Everything of `frame` that its header tells: windows, aspect, timecode at `rate`.
void describe(HostFrame& frame, const Rate& rate);

/// A frame of `header` whose planes have no samples: what a file says before any pixel is decoded.
/// Error{Usage} as choose_planes().
HostFrame hollow_frame(const ScannedHeader& header, const SourceRequest& request);

/// The header's framesPerSecond.
std::optional<Rate> declared_rate(const ExrHeader& header);
/// The header's timeCode, read at `rate`.
std::optional<Timecode> declared_timecode(const ExrHeader& header, const Rate& rate);

}  // namespace wetgate::media::exr
