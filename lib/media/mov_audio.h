#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "media/movie.h"
#include "media/movie_file.h"

namespace wetgate::media {

/// Coded sound of a time range of a movie, track by track, in the order of the file.
class AudioReader {
public:
    /// `rate` is the picture's: the range is counted in its frames.
    AudioReader(const AudioCopy& copy, const Rate& rate);

    /// The source's sound tracks, in order; packets name them by position here.
    const std::vector<AVStream*>& tracks() const { return tracks_; }

    struct Piece {
        std::size_t track = 0;
        UniquePacket packet;  ///< times in samples, 0 at the start of the range
        double start_s = 0;
    };
    /// The next packet that sounds inside the range; nullopt at its end. PCM is cut to the sample; coded
    /// sound keeps one packet before the range, at a negative time, for decoders to warm up on, and its last
    /// packet may sound on behind the range.
    std::optional<Piece> next();

private:
    struct Span {
        std::int64_t start = 0, length = 0;  // samples
    };
    std::optional<Piece> fitted(UniquePacket packet);
    Span span_of(const AVPacket& packet, std::size_t track);

    std::shared_ptr<MovieFile> file_;
    std::unique_ptr<Demuxer> demuxer_;
    std::vector<AVStream*> tracks_;
    AVRational range_start_{0, 1}, range_end_{0, 1};  ///< seconds
    std::vector<char> ended_;
    std::vector<std::optional<std::int64_t>> next_sample_;  // behind the last packet, by track
};

}  // namespace wetgate::media
