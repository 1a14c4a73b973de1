#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"

namespace wetgate::media {

/// The worked picture as planar float, in the frame's own coding: EXR values as they are; integer RGB as code
/// / max; video as R'G'B' (unclamped, 0 = black, 1 = reference white) through our own Y'CbCr decoder.
/// Luminance reads as R = G = B.
FloatImage read_worked(const HostFrame& frame);

/// Puts pixels back where `touch` > 0 and leaves every other sample's bits alone. `touch` is [H*W] over
/// frame.window(). Subsampled chroma changes only where a touched pixel contributes to it. Half writes round
/// to nearest even and keep NaN / Inf.
void write_worked(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch);

/// The alpha samples of the worked picture as floats [H*W], where there are any.
std::optional<std::vector<float>> read_alpha(const HostFrame& frame);

/// The samples of a picture that is a matte, [H*W] over the window of its part, as they are: the channel of
/// that name, else A, else Y, else R, of the first part that has it. Error{Input} when there is none.
FloatImage read_matte(const HostFrame& frame, const std::optional<std::string>& channel);

/// A frame with planes R, G, B (and A) made from `rgb`: for outputs whose format or colour space is not the
/// source's. Keeps number, display window, timecode and pixel aspect of `like`; no format header.
HostFrame make_rgb_frame(const HostFrame& like, const FloatImage& rgb, SampleType type, int bits,
                         const std::optional<std::vector<float>>& alpha);

/// `like` with the picture `rgb` (in its own coding) and `alpha` in place of its own, of whatever size: R, G,
/// B under their names and A; no other channels or parts. Samples of `type`, else as they are; video becomes
/// float RGB. The header of a single-part file comes along. Data window: that of `rgb`.
HostFrame make_replaced_frame(const HostFrame& like, const FloatImage& rgb,
                              const std::optional<std::vector<float>>& alpha, const Box& display_window,
                              std::optional<SampleType> type = std::nullopt);

/// make_replaced_frame() of a picture `scale` times as large; alpha is enlarged by pixel doubling.
HostFrame make_enlarged_frame(const HostFrame& like, const FloatImage& rgb, int scale);

/// Chroma format of a video frame: luma samples per chroma sample.
struct ChromaFormat {
    int x = 1, y = 1;
    bool operator==(const ChromaFormat&) const = default;
};

/// A Y'CbCr frame made from R'G'B' `rgb` (in the coding that `color` declares). Values outside the legal code
/// range are clipped to it.
HostFrame make_video_frame(const HostFrame& like, const FloatImage& rgb, const ColorInfo& color,
                           ChromaFormat chroma, const std::optional<std::vector<float>>& alpha);

/// The same picture with another chroma format or bit depth, without going through R'G'B'. Luma code values
/// that fit are kept exactly (12 -> 10 bit rounds to nearest).
HostFrame to_video_frame(const HostFrame& video, ChromaFormat chroma, int bits);

}  // namespace wetgate::media
