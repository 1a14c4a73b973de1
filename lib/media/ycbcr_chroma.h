#pragma once
#include <vector>

namespace wetgate::media {

/// Chroma sampling along one axis: where the samples sit and how they are made from, and spread over, luma
/// positions.
///
/// Up: linear interpolation, a chroma sample on a luma position is taken as it is. Down: a tent of twice the
/// step
/// ([1 2 1]/4 at step 2) around the sample, or the mean of its block where the sample sits in the middle of
/// the block. Weights are normalised over the positions inside the picture.
class ChromaAxis {
public:
    /// `siting`: position of the first sample in luma positions, in [0, step - 1] (clamped to it).
    ChromaAxis(int luma_size, int step, float siting);

    int luma_size() const { return luma_size_; }
    int chroma_size() const { return chroma_size_; }
    int step() const { return step_; }

    /// The two chroma samples around luma position `x`, inside the picture.
    struct Tap {
        int first, second;
        float first_weight, second_weight;
    };
    Tap tap(int x) const;
    /// One row: chroma_size() samples in, luma_size() out.
    void upsample(const float* chroma, float* luma) const;
    /// One row: luma_size() in, chroma_size() out.
    void downsample(const float* luma, float* chroma) const;

    /// A chroma sample that luma position `x` contributes to, with the weight that downsample() gives it. At
    /// most two.
    struct Share {
        int index;
        float weight;
    };
    struct Shares {
        Share share[2];
        int count;
    };
    Shares shares(int x) const;
    /// Luma positions [first, end) that contribute to chroma sample `index`.
    struct Span {
        int first, end;
    };
    Span footprint(int index) const;

private:
    double raw_weight(int x, int index) const;

    int luma_size_, step_, chroma_size_;
    float siting_;
    bool block_;                     ///< the sample sits in the middle of its block
    int first_offset_ = 0;           ///< of the kernel's first tap from index * step
    std::vector<float> kernel_;      ///< normalised, for samples whose footprint lies inside
    std::vector<float> normaliser_;  ///< 1 / sum of raw weights inside the picture, a chroma sample each
};

}  // namespace wetgate::media
