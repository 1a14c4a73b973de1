#pragma once
#include <cstdint>

#include "media/ffmpeg.h"

namespace wetgate::media {

/// Order of presentation of a bare H.264 or HEVC stream, which carries no times: from the picture order
/// counts that libav's parser computes (H.264 clause 8.2.1, HEVC clause 8.3.1), which restart at each IDR
/// picture.
class PictureOrder {
public:
    explicit PictureOrder(const AVCodecParameters& parameters);

    struct Place {
        std::int64_t sequence = 0;   ///< coded video sequence
        std::int64_t count = 0;      ///< order inside it
        bool random_access = false;  ///< decoding may start here with an exact result
    };
    Place next(const AVPacket& packet);

private:
    AVCodecID codec_;
    UniqueCodecContext context_;
    UniqueParser parser_;
    std::int64_t sequence_ = 0;
};

}  // namespace wetgate::media
