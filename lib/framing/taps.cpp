#include "framing/taps.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

// Cubic convolution over six samples (Keys, "Cubic Convolution Interpolation for Digital Image Processing",
// 1981, section VII): as sharp as Lanczos' kernel of three lobes, and exact for every cubic, so that a slope
// does not seem to move, which Lanczos' does by a fiftieth of a pixel.
double first_lobe(double s) {
    return (4.0 / 3 * s - 7.0 / 3) * s * s + 1;
}
double second_lobe(double s) {
    return ((-7.0 / 12 * s + 3) * s - 59.0 / 12) * s + 2.5;
}
double third_lobe(double s) {
    return ((1.0 / 12 * s - 2.0 / 3) * s + 1.75) * s - 1.5;
}
double kernel(double distance) {
    const double s = std::abs(distance);
    if (s < 1) return first_lobe(s);
    if (s < 2) return second_lobe(s);
    return s < kernel_lobes ? third_lobe(s) : 0;
}

std::size_t kept_in(int i, int size) {
    return static_cast<std::size_t>(std::clamp(i, 0, size - 1));
}

}  // namespace

void Taps::set(double place, double scale) {
    if (scale == 1) {
        const double below = std::floor(place);
        const double s = place - below;
        if (s == 0) {
            first = static_cast<int>(place);
            count = 1;
            inner_first = 0;
            inner_end = 1;
            weight[0] = 1;
            return;
        }
        first = static_cast<int>(below) - 2;
        count = 2 * kernel_lobes;
        inner_first = 1;
        inner_end = 5;
        // Their sum is 1 by itself.
        weight[0] = static_cast<float>(third_lobe(s + 2));
        weight[1] = static_cast<float>(second_lobe(s + 1));
        weight[2] = static_cast<float>(first_lobe(s));
        weight[3] = static_cast<float>(first_lobe(1 - s));
        weight[4] = static_cast<float>(second_lobe(2 - s));
        weight[5] = static_cast<float>(third_lobe(3 - s));
        return;
    }
    const double reach = kernel_lobes * scale;
    first = static_cast<int>(std::ceil(place - reach));
    count = std::min(static_cast<int>(std::floor(place + reach)) - first + 1, most_taps);
    inner_first = inner_end = 0;
    std::array<double, most_taps> weights;
    double sum = 0;
    for (int i = 0; i < count; ++i) {
        const double distance = place - (first + i);
        const double one = kernel(distance / scale);
        weights[static_cast<std::size_t>(i)] = one;
        sum += one;
        if (std::abs(distance) >= 2 * scale) continue;
        if (inner_end == 0) inner_first = i;
        inner_end = i + 1;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
        weight[i] = static_cast<float>(weights[i] / sum);
}

CodedPicture::CodedPicture(const FloatImage& linear)
    : width_(linear.window.width()), height_(linear.window.height()), samples_(linear.window.area()) {
    const float* red = linear.channel(0);
    const float* green = linear.channel(1);
    const float* blue = linear.channel(2);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        samples_[i].values = Quad{color::acescct_from_linear(red[i]), color::acescct_from_linear(green[i]),
                                  color::acescct_from_linear(blue[i]), 0.0F};
    }
}

// `across_count`: that of the taps, where it is known when the code is made as a constant.
template <class Count>
Quad CodedPicture::mixed(const Taps& across, const Taps& down, float beyond, Count across_count) const {
    constexpr float inf = std::numeric_limits<float>::infinity();
    const auto count = static_cast<std::size_t>(static_cast<int>(across_count));
    const bool is_inside = across.first >= 0 && across.first + across.count <= width_;
    std::array<Sample, most_taps> gathered;
    Quad sum{0, 0, 0, 0};
    Quad least{inf, inf, inf, inf};
    Quad greatest{-inf, -inf, -inf, -inf};
    for (int j = 0; j < down.count; ++j) {
        const Sample* row =
            samples_.data() + kept_in(down.first + j, height_) * static_cast<std::size_t>(width_);
        if (is_inside) {
            row += across.first;
        } else {
            for (std::size_t i = 0; i < count; ++i)
                gathered[i] = row[kept_in(across.first + static_cast<int>(i), width_)];
            row = gathered.data();
        }
        Quad row_sum{0, 0, 0, 0};
        for (std::size_t i = 0; i < count; ++i) row_sum += across.weight[i] * row[i].values;
        sum += down.weight[static_cast<std::size_t>(j)] * row_sum;
        if (j < down.inner_first || j >= down.inner_end) continue;
        for (int i = across.inner_first; i < across.inner_end; ++i) {
            const Quad value = row[i].values;
            least = value < least ? value : least;
            greatest = value > greatest ? value : greatest;
        }
    }
    least -= beyond;
    greatest += beyond;
    const Quad bounded = sum < least ? least : (sum > greatest ? greatest : sum);
    return sum - sum == Quad{0, 0, 0, 0} ? bounded : sum;  // what is not finite stays so
}

Quad CodedPicture::at(const Taps& across, const Taps& down, float beyond) const {
    constexpr int usual = 2 * kernel_lobes;
    if (across.count == usual) return mixed(across, down, beyond, std::integral_constant<int, usual>());
    return mixed(across, down, beyond, across.count);
}

float MixedPlane::at(const Taps& across, const Taps& down) const {
    float sum = 0;
    float least = std::numeric_limits<float>::infinity();
    float greatest = -least;
    for (int j = 0; j < down.count; ++j) {
        const float* row = samples + kept_in(down.first + j, height) * static_cast<std::size_t>(width);
        const bool is_inner = j >= down.inner_first && j < down.inner_end;
        float row_sum = 0;
        for (int i = 0; i < across.count; ++i) {
            const float value = row[kept_in(across.first + i, width)];
            row_sum += across.weight[static_cast<std::size_t>(i)] * value;
            if (!is_inner || i < across.inner_first || i >= across.inner_end) continue;
            least = std::min(least, value);
            greatest = std::max(greatest, value);
        }
        sum += down.weight[static_cast<std::size_t>(j)] * row_sum;
    }
    return std::isfinite(sum) ? std::clamp(sum, least, greatest) : sum;
}

bool MixedPlane::is_one(const Taps& across, const Taps& down) const {
    for (int j = 0; j < down.count; ++j) {
        const float* row = samples + kept_in(down.first + j, height) * static_cast<std::size_t>(width);
        for (int i = 0; i < across.count; ++i)
            if (row[kept_in(across.first + i, width)] != 1.0F) return false;
    }
    return true;
}

}  // namespace wetgate::framing
