#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "media/worked_internal.h"
#include "media/ycbcr.h"
#include "media/ycbcr_chroma.h"

namespace wetgate::media {
namespace {

struct VideoPlanes {
    const Plane* luma;
    const Plane* chroma[2];  ///< nullptr in a grey picture
};

VideoPlanes video_planes(const HostFrame& frame) {
    const VideoPlanes planes{worked_plane(frame, 0), {worked_plane(frame, 1), worked_plane(frame, 2)}};
    const Box window = frame.window();
    const bool grey = planes.chroma[0] == nullptr && planes.chroma[1] == nullptr;
    const bool whole =
        planes.luma != nullptr && (grey || (planes.chroma[0] != nullptr && planes.chroma[1] != nullptr));
    if (!whole) throw Error(ErrorKind::Internal, "a Y'CbCr picture lacks a plane");
    check_plane(*planes.luma, window);
    const SampleType type = planes.luma->type;
    bool alike = planes.luma->x_sampling == 1 && planes.luma->y_sampling == 1 &&
                 (type == SampleType::U8 || type == SampleType::U16);
    if (!grey) {
        for (const Plane* plane : planes.chroma) check_plane(*plane, window);
        alike = alike && planes.chroma[0]->type == type && planes.chroma[1]->type == type &&
                planes.chroma[0]->x_sampling == planes.chroma[1]->x_sampling &&
                planes.chroma[0]->y_sampling == planes.chroma[1]->y_sampling;
    }
    if (!alike) throw Error(ErrorKind::Internal, "the planes of a Y'CbCr picture do not go together");
    return planes;
}

YCbCrCoder coder_of(const HostFrame& frame, const Plane& luma) {
    const int matrix = frame.color.matrix == 2 ? default_matrix(frame.window().height()) : frame.color.matrix;
    return YCbCrCoder(matrix, bits_of(frame, luma), frame.color.full_range);
}

/// Decodes rows of a video frame, chroma brought to luma resolution.
template <class Sample>
class VideoRows {
public:
    VideoRows(const HostFrame& frame, const VideoPlanes& planes)
        : planes_(planes),
          coder_(coder_of(frame, *planes.luma)),
          across_(planes.luma->width, grey() ? 1 : planes.chroma[0]->x_sampling, frame.color.chroma_x),
          down_(planes.luma->height, grey() ? 1 : planes.chroma[0]->y_sampling, frame.color.chroma_y),
          narrow_(static_cast<std::size_t>(across_.chroma_size())),
          wide_{std::vector<float>(static_cast<std::size_t>(across_.luma_size()), coder_.neutral_chroma()),
                std::vector<float>(static_cast<std::size_t>(across_.luma_size()), coder_.neutral_chroma())} {}

    void decode(int y, float* red, float* green, float* blue) {
        for (std::size_t c = 0; !grey() && c < 2; ++c) {
            chroma_row(*planes_.chroma[c], y);
            across_.upsample(narrow_.data(), wide_[c].data());
        }
        const Sample* luma = planes_.luma->samples<Sample>() + row_offset(*planes_.luma, y);
        coder_.decode_row(luma, wide_[0].data(), wide_[1].data(), red, green, blue, planes_.luma->width);
    }

    bool grey() const { return planes_.chroma[0] == nullptr; }
    const YCbCrCoder& coder() const { return coder_; }
    const ChromaAxis& across() const { return across_; }
    const ChromaAxis& down() const { return down_; }
    static std::size_t row_offset(const Plane& plane, int y) {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width);
    }

private:
    void chroma_row(const Plane& plane, int y) {
        const ChromaAxis::Tap tap = down_.tap(y);
        const Sample* __restrict first = plane.samples<Sample>() + row_offset(plane, tap.first);
        const Sample* __restrict second = plane.samples<Sample>() + row_offset(plane, tap.second);
        float* __restrict out = narrow_.data();
        const auto width = static_cast<std::size_t>(plane.width);
        if (tap.second_weight == 0 || tap.first == tap.second) {
            for (std::size_t x = 0; x < width; ++x) out[x] = static_cast<float>(first[x]);
            return;
        }
        for (std::size_t x = 0; x < width; ++x) {
            out[x] = tap.first_weight * static_cast<float>(first[x]) +
                     tap.second_weight * static_cast<float>(second[x]);
        }
    }

    VideoPlanes planes_;
    YCbCrCoder coder_;
    ChromaAxis across_, down_;
    std::vector<float> narrow_;
    std::vector<float> wide_[2];
};

template <class Sample>
FloatImage read_rows(const HostFrame& frame, const VideoPlanes& planes) {
    FloatImage image = make_float_image(frame.window());
    VideoRows<Sample> rows(frame, planes);
    const auto width = static_cast<std::size_t>(image.window.width());
    for (int y = 0; y < image.window.height(); ++y) {
        const std::size_t at = static_cast<std::size_t>(y) * width;
        rows.decode(y, image.channel(0) + at, image.channel(1) + at, image.channel(2) + at);
    }
    return image;
}

// A code that the change does not move keeps its value even where it is no legal one: it was not ours to
// repair. Ternaries on values, so that a row of these becomes vector code.
template <class Sample>
Sample moved_code(Sample old, float change, LegalCodes legal, int max_code) {
    const int code = nearest_code(static_cast<float>(old) + change, {0, max_code});
    const int before = old < max_code ? old : max_code;
    int clipped = code < legal.first ? legal.first : code;
    clipped = clipped > legal.last ? legal.last : clipped;
    return code == before ? old : static_cast<Sample>(clipped);
}

/// How far touched pixels moved in one channel; 0 elsewhere and for NaN. Values that no code can hold are
/// brought near first, which keeps infinities out of the differences. Without branches, so that it becomes
/// vector code.
void row_moves(const float* now, const float* before, const float* touch, float* moves, std::size_t width) {
    constexpr float far = 64.0F;
    const float* __restrict in = now;
    const float* __restrict old = before;
    const float* __restrict touched = touch;
    float* __restrict out = moves;
    for (std::size_t x = 0; x < width; ++x) {
        float value = in[x];
        value = value < -far ? -far : value;
        value = value > far ? far : value;
        const float move = value - old[x];
        const bool counts = touched[x] > 0 && move == move;
        out[x] = counts ? move : 0.0F;
    }
}

template <class Sample>
void move_codes(Sample* codes, const float* changes, std::size_t width, LegalCodes legal, int max_code) {
    Sample* __restrict out = codes;
    const float* __restrict change = changes;
    for (std::size_t x = 0; x < width; ++x) out[x] = moved_code(out[x], change[x], legal, max_code);
}

/// Note [Chroma by difference]
/// A subsampled chroma sample is not derived anew from the R'G'B' of its footprint: resampling is no round
/// trip and would change samples whose pixels nobody changed. The *change* of Cb and Cr at the touched pixels
/// goes through the low-pass and is added to the sample. Untouched pixels, and touched ones that came back as
/// they were, add an exact zero.
template <class Sample>
void write_rows(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch,
                const std::vector<char>& touched) {
    const VideoPlanes planes = video_planes(frame);
    VideoRows<Sample> rows(frame, planes);
    const ChromaAxis& across = rows.across();
    const ChromaAxis& down = rows.down();
    const auto width = static_cast<std::size_t>(rgb.window.width());
    const auto chroma_width = static_cast<std::size_t>(across.chroma_size());
    const int bits = bits_of(frame, *planes.luma);
    const LegalCodes legal = legal_codes(bits, frame.color.full_range);
    const int max_code = (1 << bits) - 1;

    // Chroma is read by rows() until the last row is done: it is changed at the end, from these sums.
    const std::size_t chroma_area =
        rows.grey() ? 0 : chroma_width * static_cast<std::size_t>(down.chroma_size());
    std::vector<float> sums[2] = {std::vector<float>(chroma_area), std::vector<float>(chroma_area)};
    std::vector<char> dirty(static_cast<std::size_t>(down.chroma_size()), 0);
    std::vector<float> old(3 * width), moves(3 * width), luma_change(width);
    std::vector<float> change[2] = {std::vector<float>(width), std::vector<float>(width)};
    std::vector<float> narrow(chroma_width);
    Plane& luma_plane = *worked_plane(frame, 0);
    for (std::size_t y = 0; y < touched.size(); ++y) {
        if (touched[y] == 0) continue;
        const int row = static_cast<int>(y);
        rows.decode(row, old.data(), old.data() + width, old.data() + 2 * width);
        Sample* luma = luma_plane.samples<Sample>() + y * width;
        for (std::size_t c = 0; c < 3; ++c) {
            row_moves(rgb.channel(static_cast<int>(c)) + y * width, old.data() + c * width,
                      touch.data() + y * width, moves.data() + c * width, width);
        }
        rows.coder().change_row(moves.data(), luma_change.data(), change[0].data(), change[1].data(),
                                static_cast<int>(width));
        move_codes(luma, luma_change.data(), width, legal, max_code);
        if (rows.grey()) continue;
        const ChromaAxis::Shares shares = down.shares(row);
        for (std::size_t c = 0; c < 2; ++c) {
            across.downsample(change[c].data(), narrow.data());
            for (int s = 0; s < shares.count; ++s) {
                const auto at = static_cast<std::size_t>(shares.share[s].index);
                const float weight = shares.share[s].weight;
                float* sum = sums[c].data() + at * chroma_width;
                for (std::size_t x = 0; x < chroma_width; ++x) sum[x] += weight * narrow[x];
                dirty[at] = 1;
            }
        }
    }
    for (std::size_t c = 0; !rows.grey() && c < 2; ++c) {
        Plane& plane = *worked_plane(frame, static_cast<int>(c) + 1);
        for (std::size_t y = 0; y < dirty.size(); ++y) {
            if (dirty[y] == 0) continue;
            Sample* codes = plane.samples<Sample>() + y * chroma_width;
            const float* sum = sums[c].data() + y * chroma_width;
            move_codes(codes, sum, chroma_width, legal, max_code);
        }
    }
}

}  // namespace

FloatImage read_video(const HostFrame& frame) {
    const VideoPlanes planes = video_planes(frame);
    if (planes.luma->type == SampleType::U8) return read_rows<std::uint8_t>(frame, planes);
    return read_rows<std::uint16_t>(frame, planes);
}

void write_video(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch,
                 const std::vector<char>& rows) {
    video_planes(frame);
    for (int c = 0; c < 3; ++c) {
        if (Plane* plane = worked_plane(frame, c)) plane->make_unique();
    }
    if (worked_plane(frame, 0)->type == SampleType::U8) {
        write_rows<std::uint8_t>(frame, rgb, touch, rows);
    } else {
        write_rows<std::uint16_t>(frame, rgb, touch, rows);
    }
}

}  // namespace wetgate::media
