#pragma once
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "media/source.h"

namespace wetgate::media {

/// EXR by OpenEXR. Everything in the file is carried: parts, channels, levels, attributes of any type (also
/// unknown).
std::unique_ptr<FrameSource> open_exr_source(const SourceRequest& request, const Log& log);

/// Reads one EXR whole. Errors as FrameSource::read.
HostFrame read_exr(const std::filesystem::path& file, int frame, const SourceRequest& request);

struct ExrWriteOptions {
    std::optional<std::string> compression;  ///< none rle zips zip piz pxr24 b44 b44a dwaa dwab; default: the
                                             ///< source's, or zip where that loses (b44, b44a, dwaa, dwab)
    std::optional<SampleType> pixel;         ///< Half or F32 for the worked channels; default: the source's
    std::optional<float> dwa_level;
    /// Red, green, blue, white x y: added to a frame without EXR header, or replacing the source's.
    std::optional<std::array<float, 8>> chromaticities;
    std::optional<Rate> rate;         ///< framesPerSecond to add or replace
    std::optional<std::string> reel;  ///< reelName to add or replace
    /// Attributes of ours to add or replace, all strings ("wetgate:substitute").
    std::map<std::string, std::string> attributes;
};

/// The bytes of an EXR file with every part, channel, level and attribute of `frame`. A frame without an EXR
/// header (from a movie or still) gets one made from its windows, timecode, rate and colour; only its worked
/// part is written, and integer samples become half as code / max code. Where the data window is not the
/// source's, originalDataWindow keeps that. No clock, no host: same frame, same
/// bytes. Error{Usage} for Y'CbCr planes (make them RGB first) and for an unknown compression.
std::vector<std::byte> encode_exr(const HostFrame& frame, const ExrWriteOptions& options);

/// The same for a frame whose samples are those that were read from `file`: its pixels as they are packed
/// there, behind the header that encode_exr writes. nullopt where they are to be packed or laid out
/// otherwise. Errors as encode_exr and scan_exr_header.
std::optional<std::vector<std::byte>> copy_exr(const std::filesystem::path& file, const HostFrame& frame,
                                               const ExrWriteOptions& options);

/// Name of the compression of the frame's worked part ("zip"); empty for a frame without an EXR header.
std::string exr_compression(const HostFrame& frame);

/// Makes the worked planes of the lower mip / rip levels anew from level 0: 2x2 (2x1, 1x2) box averages,
/// sizes as the file's rounding mode has them (a last odd column or row is left out when rounding down,
/// repeated when rounding up). Does nothing for a part of one level. Call it after level 0 was changed:
/// encode_exr writes the levels that it is given.
void rebuild_levels(HostFrame& frame);

/// A raw attribute as the file has it, for comparisons.
struct RawAttribute {
    std::string name, type;
    std::vector<std::byte> value;
};

/// Headers of all parts as raw bytes, by our own bounds-checked scanner (never through OpenEXR): used to
/// refuse hostile files before OpenEXR sees them, to compare headers, and to know which attributes were
/// really in the file.
struct RawExrHeader {
    int version_and_flags = 0;
    std::vector<std::vector<RawAttribute>> parts;
    std::size_t header_bytes = 0;  ///< up to the first chunk offset table
};
RawExrHeader scan_exr_header(const std::filesystem::path& file, const Limits& limits);

/// Global worker threads that OpenEXR may use for one file (0: work in the calling thread).
void set_exr_threads(int threads);

}  // namespace wetgate::media
