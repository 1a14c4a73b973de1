#pragma once
#include <array>

#include "core/host_frame.h"
#include "media/ffmpeg.h"

namespace wetgate::media {

/// How a libav pixel format becomes planes.
struct PixelLayout {
    AVPixelFormat format = AV_PIX_FMT_NONE;
    PixelModel model = PixelModel::None;
    int bits = 0;  ///< of every component
    int planes = 0;
    std::array<const char*, 4> names{};
    int chroma_x = 1, chroma_y = 1;  ///< luma samples a chroma sample
    bool alpha = false;
    bool always_full = false;  ///< "yuvj": full range by its name
};

/// Error{Input} that names the format where it is none of 8 to 16 bit Y'CbCr, RGB or grey.
PixelLayout pixel_layout(AVPixelFormat format);

/// Bytes of all planes of one picture.
std::size_t decoded_bytes(const PixelLayout& layout, int width, int height);

/// The picture's planes, copied: components in the low bits of U8 or U16 samples.
ImagePart copy_planes(const AVFrame& frame, const PixelLayout& layout);

}  // namespace wetgate::media
