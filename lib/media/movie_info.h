#pragma once
#include <optional>
#include <string>

#include "core/host_frame.h"
#include "media/movie_file.h"
#include "media/movie_frame.h"

namespace wetgate::media {

struct MovieRate {
    Rate rate;
    bool declared = false;
};
/// Frames a second as the container or stream says; snapped to the usual rates where a container's average is
/// a hair off.
MovieRate movie_rate(const Demuxer& demuxer);

/// The timecode of the first frame, from the picture track, its timecode track or the movie. nullopt when
/// there is none or it is no legal address at `rate`.
std::optional<Timecode> movie_timecode(const Demuxer& demuxer, const Rate& rate);
std::string movie_reel(const Demuxer& demuxer);

/// Colour tags as the stream has them (an unspecified matrix stays 2), bits, range and chroma siting.
ColorInfo movie_color(const AVCodecParameters& parameters, const PixelLayout& layout);

/// Name of a codec and profile for people, and for packet_copy_allowed(): "prores 422 HQ", "h264 High".
std::string codec_text(const AVCodecParameters& parameters);
/// "prores 422 HQ, yuv422p10, bt709 limited, 24000/1001 fps"
std::string movie_detail(const AVCodecParameters& parameters, const PixelLayout& layout,
                         const ColorInfo& color, const Rate& rate);

}  // namespace wetgate::media
