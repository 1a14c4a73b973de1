#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "media/source.h"

namespace wetgate::media {

/// H.273 code points as one place of a movie says them (0 and 2: unspecified).
struct ColorTags {
    int primaries = 2, transfer = 2, matrix = 2;
    bool operator==(const ColorTags&) const = default;
};

/// The 'clap' atom: width, height, and the centre's offset from the picture's, each as numerator,
/// denominator.
using CleanAperture = std::array<std::int32_t, 8>;

/// What a movie says of itself in all its places, for QC.
struct MovieFacts {
    std::string codec;                ///< "prores 422 HQ"
    ColorInfo stream_tags;            ///< as libav reads the movie as a whole
    std::optional<ColorTags> colr;    ///< the container's own (QuickTime nclc, MP4 nclx)
    std::optional<ColorTags> prores;  ///< the frame header of the first ProRes frame
    Rate rate;
    std::int64_t frames = 0;
    std::optional<Timecode> start;
    std::string reel;
    float pixel_aspect = 1.0F;
    std::optional<CleanAperture> clean_aperture;

    struct Audio {
        std::string codec;
        int channels = 0, sample_rate = 0;
        std::int64_t first_sample = 0;  ///< when the track's sound begins, in samples after the first picture
        std::int64_t samples = 0;       ///< that sound, edits applied
        std::string packet_hash;        ///< XXH3-128 of the coded bytes of all packets, one after the other
        std::int64_t packet_bytes = 0;
    };
    std::vector<Audio> audio;
};

/// Reads the whole sound of the movie, one picture and its headers. Error{Input} for what is no movie, or a
/// damaged header. A sound track that was copied whole has the same packet_hash in both movies.
MovieFacts movie_facts(const std::filesystem::path& movie);

/// The timecode of a movie's first picture, read at `rate`; nullopt for a file without pictures or timecode.
std::optional<Timecode> start_timecode(const std::filesystem::path& movie, const Rate& rate);

/// The clean aperture of a QuickTime movie's picture.
std::optional<CleanAperture> clean_aperture(const std::filesystem::path& movie);

}  // namespace wetgate::media
