#include "framing/taps.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

// Note [The kernel]
// Cubic convolution over eight samples: a piecewise cubic without kinks that is exact for every cubic, so
// that a slope does not seem to move, which Lanczos' kernels do by a fiftieth of a pixel. Keys ("Cubic
// Convolution Interpolation for Digital Image Processing", 1981, section VII) has the one over six samples.
// Two more leave one number free, `tail`, which Keys' kernel has as 0. It is chosen by what moving a picture
// by parts of a pixel takes from it, against a sinc of 24 lobes, over nine clips, native and made 640 px wide
// by area means (so that edges reach the sampling limit): the root mean square of the gradient changes by
// -1.8 to +0.5 %, that of the Laplacian by -4.1 (a street, the sharpest that was made small), else -2.5 to
// -0.2 %, and the error as a whole is within 2 % of the least that any `tail` leaves. (With -1 / 14: -3.5 to
// -0.1 % and -6.4 to -1.5 %.) Steeper than that and frequencies in the middle grow. A step overshoots by
// 14 %, before it is held.
constexpr double tail = -7.0 / 80;

// Note [How high a peak may be]
// Between samples a smooth peak is higher than they are, and so are the shoulders of any edge that an ideal
// resample makes: where neither may be, pictures whose edges reach the sampling limit lose 0.3 to 1.5 % of
// their gradients. But round a lamp the same shoulders are rings that everyone sees. So what is mixed may go
// beyond the samples next to it by 0.15 of what these differ by, and by a third of a stop at the most; and
// where they differ by more than 3.5 stops by ever less, from 7 stops on by a twelfth of a stop. All
// coded.
constexpr float share_of_range = 0.15F;
constexpr float most_beyond = 0.02F, least_beyond = 0.005F;
constexpr float lamp_begins = 0.2F, lamp = 0.4F;

Quad either(float all) {
    return Quad{all, all, all, all};
}
Quad lesser(Quad a, Quad b) {
    return a < b ? a : b;
}
Quad greater(Quad a, Quad b) {
    return a > b ? a : b;
}

Quad beyond(Quad range) {
    const Quad wanted = greater(lesser(share_of_range * range, either(most_beyond)), either(least_beyond));
    const Quad calm = lesser(greater((lamp - range) / (lamp - lamp_begins), either(0.0F)), either(1.0F));
    return least_beyond + calm * (wanted - least_beyond);
}

// `s`: the distance from where the lobe begins.
double first_lobe(double s) {
    return ((4.0 / 3 + 5 * tail) * s - (7.0 / 3 + 5 * tail)) * s * s + 1;
}
double second_lobe(double s) {
    return (((tail - 7.0 / 12) * s + (1.25 - 6 * tail)) * s + (5 * tail - 2.0 / 3)) * s;
}
double third_lobe(double s) {
    return (((1.0 / 12 - 3 * tail) * s + (7 * tail - 1.0 / 6)) * s + (1.0 / 12 - 4 * tail)) * s;
}
double fourth_lobe(double s) {
    return tail * s * (1 - s) * (1 - s);
}
double kernel(double distance) {
    const double s = std::abs(distance);
    if (s < 1) return first_lobe(s);
    if (s < 2) return second_lobe(s - 1);
    if (s < 3) return third_lobe(s - 2);
    return s < kernel_lobes ? fourth_lobe(s - 3) : 0;
}

constexpr double most_shrink = (most_taps - 2) / (2.0 * kernel_lobes);

std::size_t kept_in(int i, int size) {
    return static_cast<std::size_t>(std::clamp(i, 0, size - 1));
}

}  // namespace

double shrink_at(const Warp& to_picture, double x, double y) {
    const Point here = to_picture.at(x, y);
    const Point right = to_picture.at(x + 1, y);
    const Point below = to_picture.at(x, y + 1);
    const double across = std::hypot(right.x - here.x, right.y - here.y);
    const double down = std::hypot(below.x - here.x, below.y - here.y);
    const double most = std::max(across, down);
    // A rotation's rounding is no scale.
    return std::isfinite(most) && most > 1.001 ? std::min(most, most_shrink) : 1.0;
}

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
        first = static_cast<int>(below) - (kernel_lobes - 1);
        count = 2 * kernel_lobes;
        inner_first = kernel_lobes - 2;
        inner_end = kernel_lobes + 2;
        // Their sum is 1 by itself: the kernel is exact for a constant.
        const double to_next = 1 - s;
        static_assert(kernel_lobes == 4);
        weight[0] = static_cast<float>(fourth_lobe(s));
        weight[1] = static_cast<float>(third_lobe(s));
        weight[2] = static_cast<float>(second_lobe(s));
        weight[3] = static_cast<float>(first_lobe(s));
        weight[4] = static_cast<float>(first_lobe(to_next));
        weight[5] = static_cast<float>(second_lobe(to_next));
        weight[6] = static_cast<float>(third_lobe(to_next));
        weight[7] = static_cast<float>(fourth_lobe(to_next));
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
Quad CodedPicture::mixed(const Taps& across, const Taps& down, Count across_count) const {
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
            least = lesser(value, least);
            greatest = greater(value, greatest);
        }
    }
    const Quad more = beyond(greatest - least);
    least -= more;
    greatest += more;
    const Quad bounded = sum < least ? least : (sum > greatest ? greatest : sum);
    return sum - sum == Quad{0, 0, 0, 0} ? bounded : sum;  // what is not finite stays so
}

Quad CodedPicture::at(const Taps& across, const Taps& down) const {
    constexpr int usual = 2 * kernel_lobes;
    if (across.count == usual) return mixed(across, down, std::integral_constant<int, usual>());
    return mixed(across, down, across.count);
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
