#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "core/host_frame.h"
#include "core/log.h"
#include "core/timecode.h"

namespace wetgate::media {

/// Bounds on what a file may ask for before anything is allocated for it.
struct Limits {
    std::int64_t max_dimension = 65536;                      ///< pixels, either side
    std::int64_t max_decoded_bytes = std::int64_t{8} << 30;  ///< one frame, all parts
    std::int64_t free_decoded_bytes = std::int64_t{256}
                                      << 20;  ///< up to here any compression ratio is believed
    std::int64_t max_expansion = 200;         ///< above it: decoded bytes / file bytes
    int max_parts = 64;
    int max_channels = 1024;    ///< a part
    int max_attributes = 4096;  ///< a part
    std::int64_t max_attribute_bytes = std::int64_t{64} << 20;
};

enum class MediaKind : std::uint8_t { Exr, Still, Movie };

/// What the source is, from its first bytes (the extension does not count). Error{Input} when nothing here
/// reads it.
MediaKind sniff(const std::filesystem::path& file);

/// What to open. For a sequence, `path_of(frame)` names each file; for a movie or a single still it is
/// constant.
struct SourceRequest {
    std::string display_name;  ///< for messages: "plates/sh010.####.exr"
    std::function<std::filesystem::path(int)> path_of;
    bool is_sequence = false;
    std::optional<FrameRange> range;   ///< what exists; required for sequences
    std::optional<int> first_frame;    ///< movies: number of the first frame (default: see open_source)
    std::optional<Rate> rate;          ///< overrides the file's
    std::optional<std::string> layer;  ///< EXR: channel prefix to work on ("left", "diffuse")
    std::optional<std::string> part;   ///< EXR: part name or index to work on
    Limits limits;
    int threads = 1;  ///< decoder threads
};

/// What a movie or the first picture of a sequence says of itself.
struct SourceInfo {
    MediaKind kind = MediaKind::Exr;
    std::string format;  ///< "exr", "dpx", "prores" (codec name for movies)
    std::string detail;  ///< one line for people: "prores 422 HQ, yuv422p10, bt709"
    FrameRange range;
    Rate rate;
    bool rate_is_declared = false;           ///< by the job or the file; false: the default of 24
    std::optional<Timecode> start_timecode;  ///< of range.first
    std::string reel;
    Box display_window;
    ColorInfo color;
    std::size_t frame_bytes = 0;  ///< decoded, all planes
    int width = 0, height = 0;    ///< of the worked picture
    float pixel_aspect = 1.0F;
    bool has_audio = false;
    bool has_alpha = false;
};

/// A coded frame as the file holds it.
struct CodedPacket {
    std::vector<std::byte> bytes;
};

/// Frames of one shot's source, by number. For one thread at a time.
///
/// read() throws Error{Input} with file and frame for a missing, truncated or damaged frame (never a wrong
/// picture), Error{Temporary} for a network file system's transient faults, Error{OutOfMemory} past the
/// limits. A failed frame does not shift the numbers of the others; reading goes on after it.
class FrameSource {
public:
    virtual ~FrameSource() = default;
    virtual const SourceInfo& info() const = 0;
    /// Any order; ascending is cheapest.
    virtual HostFrame read(int frame) = 0;
    /// Where the frame comes from, for messages and for the identity of the frame in records.
    virtual std::filesystem::path file_of(int frame) const = 0;
    /// The coded bytes of an intra-coded frame for packet copy; empty bytes when this source has none.
    virtual CodedPacket packet(int frame) = 0;
};

/// Opens whatever the first existing file of the request is (see sniff()).
/// A movie's first frame has the number `first_frame`, else `range->first` where a range is given, else 0;
/// its timecode does not number it; so does a single picture. A sequence is numbered by its file names. `log`
/// gets decoder warnings.
std::unique_ptr<FrameSource> open_source(const SourceRequest& request, const Log& log);

}  // namespace wetgate::media
