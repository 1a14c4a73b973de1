#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/host_frame.h"
#include "media/source.h"

namespace wetgate::media {

/// Movies by libav: ProRes (all profiles), H.264, HEVC, AV1, DNxHR, MJPEG; 8 to 12 bit; numbered by packet,
/// exact seeking.
std::unique_ptr<FrameSource> open_movie_source(const SourceRequest& request, const Log& log);

enum class ProResProfile : std::uint8_t { Proxy, Lt, Standard, Hq, P4444, P4444Xq };

/// "proxy" "422lt" "422" "422hq" "4444" "4444xq"; nullopt for anything else.
std::optional<ProResProfile> parse_prores_profile(const std::string& text);

struct ProResOptions {
    ProResProfile profile = ProResProfile::Hq;
    std::string encoder = "prores_aw";  ///< or "prores_ks" (rate-capped)
    ColorInfo color;                    ///< what the coded values mean; tagged in frames and stream
    Rate rate;
    int width = 0, height = 0;
    float pixel_aspect = 1.0F;
    bool alpha = false;  ///< 4444 only
};

/// Encodes frames on their own: the same frame gives the same packet in any order, on any thread count.
class ProResEncoder {
public:
    virtual ~ProResEncoder() = default;
    /// Wants planes Y, Cb, Cr (and A) of the profile's chroma format, U16, 10 bits (see to_video_frame()).
    virtual std::vector<std::byte> encode(const HostFrame& frame) = 0;
};
std::unique_ptr<ProResEncoder> make_prores_encoder(const ProResOptions& options);

/// Error{Input} unless `packet` is a ProRes frame by what it says of itself (SMPTE RDD 36, 5.1): its mark,
/// and a size that is all there. What is none would vanish from a movie, and move every later frame up by
/// one.
void check_prores_packet(std::span<const std::byte> packet);

/// `color` in the code points that a ProRes frame header has (SMPTE RDD 36, tables 5 to 7), so that header
/// and container can agree: BT.601 and BT.2020 transfers are BT.709's one function, matrix 5 is 6; what it
/// has not (sRGB) becomes unspecified.
ColorInfo tags_for_prores(ColorInfo color);

/// True when packets of `source` may be used unchanged in a movie of these options (same profile, size,
/// chroma, tags).
bool packet_copy_allowed(const SourceInfo& source, const ProResOptions& options);

/// Carries audio of a movie or WAV file by packet copy.
struct AudioCopy {
    std::filesystem::path movie;
    std::int64_t first_frame_index = 0;  ///< of the picture, counted from where the sound's file begins
    std::int64_t frame_count = 0;
};

struct MovOptions {
    ProResOptions video;
    std::optional<Timecode> timecode;  ///< written as a tmcd track
    std::string reel;                  ///< reel_name of the tmcd track
    std::optional<AudioCopy> audio;
    /// 'clap': width, height, horizontal and vertical offset of its centre, each as numerator, denominator.
    std::optional<std::array<std::int32_t, 8>> clean_aperture;
    std::map<std::string, std::string> metadata;  ///< movie metadata (no times, no hosts)
};

/// Muxes ProRes packets into `out`, in order, with timecode and colour tags and no clock. `packet(i)` for i
/// in [0, frames) is called once each. Caller commits `out`. Error{Input} for a packet that is no ProRes
/// frame.
void write_mov(AtomicFile& out, const MovOptions& options, std::int64_t frames,
               const std::function<std::vector<std::byte>(std::int64_t)>& packet);

}  // namespace wetgate::media
