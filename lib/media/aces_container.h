#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "media/exr.h"

namespace wetgate::media {

// The ACES Image Container (SMPTE ST 2065-4:2013): a narrow kind of OpenEXR file. One part of scan lines from
// top to bottom, R, G, B and perhaps A as half float, not compressed, the primaries of ACES2065-1, no
// attribute types that the standard does not know. Rules as the standard's contents list and three readers of
// it have them: OpenEXR's exr2aces page, the Academy's aces_container, OpenImageIO's ACESContainerPolicy.

/// An ACES container of `aces_rgb` (values in ACES2065-1) with the windows, aspect and timecode of `like`,
/// and those attributes of its EXR header that a container may carry. `left_out` gets the names of the other
/// attributes and channels ("channel Z"). `options` as for encode_exr; compression, pixel type and
/// chromaticities are the standard's.
std::vector<std::byte> encode_aces_container(const HostFrame& like, const FloatImage& aces_rgb,
                                             const std::optional<std::vector<float>>& alpha,
                                             const ExrWriteOptions& options,
                                             std::vector<std::string>& left_out);

/// Every rule of the standard that the file breaks, each as a sentence; empty for a valid container.
/// Error{Input} for a file that is no readable EXR at all.
std::vector<std::string> aces_container_faults(const std::filesystem::path& file, const Limits& limits);

}  // namespace wetgate::media
