#pragma once
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "core/host_frame.h"
#include "framing/warp.h"

// How samples are mixed to what lies between them. Inside lib/framing only.

namespace wetgate::framing {

inline constexpr int kernel_lobes = 4;
inline constexpr int most_taps =
    64;  // a side: a picture made smaller than an eighth is sampled more sparsely

/// Samples of one axis that make up a place, and their weights: `first` and those after it, of which the
/// edge's stands for any that the picture has not.
struct Taps {
    int first = 0;
    int count = 0;
    int inner_first = 0, inner_end = 0;  ///< those next to the place, which bound the result
    std::array<float, most_taps> weight;

    /// `scale`: how many samples a pixel of the result spans, at least 1. A sample that is hit exactly is
    /// left alone.
    Taps(double place, double scale) { set(place, scale); }
    void set(double place, double scale);
};

/// How many samples of a picture a pixel of what is made of it spans at (x, y), at least 1 and at most what
/// taps can have.
double shrink_at(const Warp& to_picture, double x, double y);

/// The taps of a row or a column of the result, which mostly are those of the row or column before it too: a
/// crop that neither turns nor changes has one set a column.
class KeptTaps {
public:
    const Taps& at(double place, double scale) {
        if (place != place_ || scale != scale_) {
            taps_.set(place, scale);
            place_ = place;
            scale_ = scale;
        }
        return taps_;
    }

private:
    double place_ = std::numeric_limits<double>::quiet_NaN(), scale_ = 1;
    Taps taps_{0, 1};
};

/// Four values that are reckoned with together.
using Quad [[gnu::vector_size(16)]] = float;

/// A picture as it is mixed: R, G, B coded as ACEScct, side by side.
class CodedPicture {
public:
    explicit CodedPicture(const FloatImage& linear);

    /// R, G and B (and nothing of use), each held near the samples next to the place, see Note [How high a
    /// peak may be]; not finite near a sample that is not.
    Quad at(const Taps& across, const Taps& down) const;

private:
    struct Sample {
        Quad values;
    };
    template <class Count>
    Quad mixed(const Taps& across, const Taps& down, Count across_count) const;

    int width_, height_;
    std::vector<Sample> samples_;
};

/// One plane [height * width], mixed as it is.
struct MixedPlane {
    const float* samples = nullptr;
    int width = 0, height = 0;

    float at(const Taps& across, const Taps& down) const;
    /// All samples that make up the place are 1.
    bool is_one(const Taps& across, const Taps& down) const;
};

}  // namespace wetgate::framing
