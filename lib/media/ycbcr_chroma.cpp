#include "media/ycbcr_chroma.h"

#include <algorithm>
#include <cmath>

namespace wetgate::media {

ChromaAxis::ChromaAxis(int luma_size, int step, float siting)
    : luma_size_(luma_size),
      step_(std::max(step, 1)),
      chroma_size_((luma_size + step_ - 1) / step_),
      siting_(std::isfinite(siting) ? std::clamp(siting, 0.0F, static_cast<float>(step_ - 1)) : 0.0F),
      block_(step_ > 1 && siting_ == static_cast<float>(step_ - 1) / 2) {
    if (step_ == 1) return;
    first_offset_ = block_ ? 0 : static_cast<int>(std::floor(siting_)) - step_ + 1;
    const int last_offset = block_ ? step_ - 1 : static_cast<int>(std::ceil(siting_)) + step_ - 1;
    double total = 0;
    for (int k = first_offset_; k <= last_offset; ++k) total += raw_weight(k, 0);
    for (int k = first_offset_; k <= last_offset; ++k) {
        kernel_.push_back(static_cast<float>(raw_weight(k, 0) / total));
    }
    for (int index = 0; index < chroma_size_; ++index) {
        const Span span = footprint(index);
        double sum = 0;
        for (int x = span.first; x < span.end; ++x) sum += raw_weight(x, index);
        normaliser_.push_back(sum > 0 ? static_cast<float>(1 / sum) : 0.0F);
    }
}

double ChromaAxis::raw_weight(int x, int index) const {
    const double distance = std::abs(x - (static_cast<double>(index) * step_ + siting_));
    if (block_) return distance < step_ / 2.0 ? 1 : 0;
    return std::max(0.0, 1 - distance / step_);
}

ChromaAxis::Span ChromaAxis::footprint(int index) const {
    if (step_ == 1) return {index, index + 1};
    const int first = index * step_ + first_offset_;
    return {std::max(first, 0), std::min(first + static_cast<int>(kernel_.size()), luma_size_)};
}

ChromaAxis::Tap ChromaAxis::tap(int x) const {
    if (step_ == 1) return {x, x, 1, 0};
    const float position = (static_cast<float>(x) - siting_) / static_cast<float>(step_);
    const float below = std::floor(position);
    const int first = static_cast<int>(below);
    const float fraction = position - below;
    return {std::clamp(first, 0, chroma_size_ - 1), std::clamp(first + 1, 0, chroma_size_ - 1), 1 - fraction,
            fraction};
}

ChromaAxis::Shares ChromaAxis::shares(int x) const {
    if (step_ == 1) return {{{x, 1}, {}}, 1};
    Shares found{{}, 0};
    const int near = x / step_;
    for (int index = std::max(near - 1, 0); index <= std::min(near + 1, chroma_size_ - 1); ++index) {
        const double weight = raw_weight(x, index);
        if (weight <= 0 || found.count == 2) continue;
        const float normalised = static_cast<float>(weight) * normaliser_[static_cast<std::size_t>(index)];
        found.share[found.count++] = {index, normalised};
    }
    return found;
}

void ChromaAxis::upsample(const float* chroma, float* luma) const {
    if (step_ == 1) {
        std::copy_n(chroma, luma_size_, luma);
        return;
    }
    const auto at_edge = [&](int x) {
        const Tap t = tap(x);
        luma[x] = t.first_weight * chroma[t.first] + t.second_weight * chroma[t.second];
    };
    const int inner_end = chroma_size_ - 1;
    for (int x = 0; x < std::min(step_, luma_size_); ++x) at_edge(x);
    for (int x = std::max(inner_end * step_, step_); x < luma_size_; ++x) at_edge(x);
    if (inner_end <= 1) return;

    const auto phase = [&](int p) {
        Tap t = tap(step_ + p);
        const float position = (static_cast<float>(step_ + p) - siting_) / static_cast<float>(step_);
        t.first = static_cast<int>(std::floor(position)) - 1;  // relative to the block
        return t;
    };
    if (step_ == 2) {  // the usual one, as one loop that stores pairs
        const Tap even = phase(0);
        const Tap odd = phase(1);
        const float* __restrict even_in = chroma + even.first;
        const float* __restrict odd_in = chroma + odd.first;
        float* __restrict out = luma;
        for (int k = 1; k < inner_end; ++k) {
            out[2 * k] = even.first_weight * even_in[k] + even.second_weight * even_in[k + 1];
            out[2 * k + 1] = odd.first_weight * odd_in[k] + odd.second_weight * odd_in[k + 1];
        }
        return;
    }
    for (int p = 0; p < step_; ++p) {
        const Tap t = phase(p);
        for (int k = 1; k < inner_end; ++k) {
            luma[k * step_ + p] =
                t.first_weight * chroma[k + t.first] + t.second_weight * chroma[k + t.first + 1];
        }
    }
}

void ChromaAxis::downsample(const float* luma, float* chroma) const {
    if (step_ == 1) {
        std::copy_n(luma, luma_size_, chroma);
        return;
    }
    const int taps = static_cast<int>(kernel_.size());
    const auto at_edge = [&](int index) {
        const Span span = footprint(index);
        double sum = 0;
        for (int x = span.first; x < span.end; ++x)
            sum += raw_weight(x, index) * static_cast<double>(luma[x]);
        chroma[index] = static_cast<float>(sum) * normaliser_[static_cast<std::size_t>(index)];
    };
    int first = 0;
    while (first < chroma_size_ && first * step_ + first_offset_ < 0) at_edge(first++);
    int end = chroma_size_;
    while (end > first && (end - 1) * step_ + first_offset_ + taps > luma_size_) at_edge(--end);

    const float* __restrict in = luma + first_offset_;
    float* __restrict out = chroma;
    if (step_ == 2 && taps == 3) {
        const float side = kernel_[0], middle = kernel_[1], other = kernel_[2];
        for (int k = first; k < end; ++k)
            out[k] = side * in[2 * k] + middle * in[2 * k + 1] + other * in[2 * k + 2];
        return;
    }
    if (step_ == 2 && taps == 2) {
        const float left = kernel_[0], right = kernel_[1];
        for (int k = first; k < end; ++k) out[k] = left * in[2 * k] + right * in[2 * k + 1];
        return;
    }
    for (int k = first; k < end; ++k) {
        float sum = 0;
        for (int t = 0; t < taps; ++t) sum += kernel_[static_cast<std::size_t>(t)] * in[k * step_ + t];
        out[k] = sum;
    }
}

}  // namespace wetgate::media
