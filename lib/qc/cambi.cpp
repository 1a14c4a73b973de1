#include "qc/cambi.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace wetgate::qc {
namespace {

constexpr int scales = 5;
constexpr int contrasts = 4;
constexpr std::array<int, contrasts> contrast_weight = {1, 2, 3, 4};
constexpr std::array<double, scales> scale_weight = {16, 8, 4, 2, 1};
constexpr int least_side = 216;
constexpr double pooled_share = 0.6;
constexpr int codes = 1024;

double luminance(int code) {  // BT.1886, 300 cd/m2 white, 0.01 cd/m2 black
    const double white = std::pow(300.0, 1 / 2.4), black = std::pow(0.01, 1 / 2.4);
    const double signal = std::clamp((code - 64) / 876.0, 0.0, 1.0);
    return std::pow(white - black, 2.4) * std::pow(signal + black / (white - black), 2.4);
}

/// The last code from which a step of `contrast` codes is seen: Weber fraction above 0.019.
int last_seen(int contrast) {
    const auto is_seen = [&](int code) {
        const double light = luminance(code);
        return luminance(code + contrast) - light > 0.019 * light;
    };
    int low = 64, high = 940 - contrast - 1;
    if (!is_seen(low)) return low;
    if (is_seen(high)) return high;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        (is_seen(middle) ? low : high) = middle;
    }
    return low;
}

int ceil_log2(int value) {
    int log = 0;
    while ((1 << log) < value) ++log;
    return log;
}

struct Mask {
    int width = 0, height = 0;
    std::vector<std::uint8_t> set;
    std::uint8_t at(int x, int y) const {
        return set[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                   static_cast<std::size_t>(x)];
    }
};

/// Where a picture is flat enough for a band to be seen: enough of the 7x7 pixels equal their right and lower
/// neighbours.
Mask flat_parts(const Luma10& luma) {
    constexpr int reach = 3;
    const int width = luma.width, height = luma.height;
    const int least = (49 + 3 * (ceil_log2((width >> 6) * (height >> 6)) - 11) - 1) >> 1;
    const auto stride = static_cast<std::size_t>(width) + 1;
    std::vector<std::int32_t> sums(stride * (static_cast<std::size_t>(height) + 1));
    for (int y = 0; y < height; ++y) {
        const std::uint16_t* row = luma.row(y);
        const std::uint16_t* below = luma.row(std::min(y + 1, height - 1));
        std::int32_t* sum = sums.data() + static_cast<std::size_t>(y + 1) * stride;
        std::int32_t line = 0;
        for (int x = 0; x < width; ++x) {
            line += row[x] == row[std::min(x + 1, width - 1)] && row[x] == below[x] ? 1 : 0;
            sum[x + 1] = line + *(sum + x + 1 - stride);
        }
    }
    Mask mask{width, height, std::vector<std::uint8_t>(luma.samples.size())};
    for (int y = 0; y < height; ++y) {
        const std::int32_t* top = sums.data() + static_cast<std::size_t>(std::max(0, y - reach)) * stride;
        const std::int32_t* bottom =
            sums.data() + static_cast<std::size_t>(std::min(height, y + reach + 1)) * stride;
        std::uint8_t* made = mask.set.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
        for (int x = 0; x < width; ++x) {
            const int x0 = std::max(0, x - reach), x1 = std::min(width, x + reach + 1);
            made[x] = bottom[x1] - bottom[x0] - top[x1] + top[x0] > least ? 1 : 0;
        }
    }
    return mask;
}

std::uint16_t most_common(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
    if (a == b || a == c) return a;
    return b == c ? b : std::min({a, b, c});
}

/// The most common of three neighbours, along rows and then columns; edges stay.
void mode_filter(Luma10& luma) {
    const Luma10 before = luma;
    std::array<std::vector<std::uint16_t>, 3> rows;
    const auto filtered = [&](int y) {
        std::vector<std::uint16_t> row(before.row(y), before.row(y) + luma.width);
        for (int x = 1; x + 1 < luma.width; ++x)
            row[static_cast<std::size_t>(x)] =
                most_common(before.row(y)[x - 1], before.row(y)[x], before.row(y)[x + 1]);
        return row;
    };
    if (luma.height < 3) return;
    rows = {filtered(0), filtered(1), filtered(2)};
    for (int y = 1; y + 1 < luma.height; ++y) {
        for (std::size_t x = 0; x < static_cast<std::size_t>(luma.width); ++x)
            luma.row(y)[x] = most_common(rows[0][x], rows[1][x], rows[2][x]);
        if (y + 2 < luma.height) {
            std::rotate(rows.begin(), rows.begin() + 1, rows.end());
            rows[2] = filtered(y + 2);
        }
    }
}

/// Every other sample, from the first on.
Luma10 decimated(const Luma10& luma) {
    Luma10 small{(luma.width + 1) / 2, (luma.height + 1) / 2, {}};
    small.samples.reserve(static_cast<std::size_t>(small.width) * static_cast<std::size_t>(small.height));
    for (int y = 0; y < luma.height; y += 2)
        for (int x = 0; x < luma.width; x += 2) small.samples.push_back(luma.row(y)[x]);
    return small;
}

Mask decimated(const Mask& mask) {
    Mask small{(mask.width + 1) / 2, (mask.height + 1) / 2, {}};
    for (int y = 0; y < mask.height; y += 2)
        for (int x = 0; x < mask.width; x += 2) small.set.push_back(mask.at(x, y));
    return small;
}

/// How much a pixel's value stands beside one a step away, in the window around it.
class Contrast {
public:
    Contrast() {
        for (int i = 0; i < contrasts; ++i) last_seen_[static_cast<std::size_t>(i)] = last_seen(i + 1);
    }

    float of(const std::array<std::int32_t, codes + 2 * contrasts>& histogram, int value) const {
        const std::int32_t* count = histogram.data() + contrasts + value;
        float most = 0;
        for (int i = 0; i < contrasts; ++i) {
            if (value > last_seen_[static_cast<std::size_t>(i)]) continue;
            const std::int32_t other = std::max(count[i + 1], count[-i - 1]);
            if (other == 0) continue;
            most =
                std::max(most, static_cast<float>(std::int64_t{contrast_weight[static_cast<std::size_t>(i)]} *
                                                  count[0] * other) /
                                   static_cast<float>(count[0] + other));
        }
        return most;
    }

private:
    std::array<int, contrasts> last_seen_{};
};

/// Mean of the greatest values over all pixels.
double pooled(const Luma10& luma, const Mask& mask, int window, const Contrast& contrast) {
    const int reach = window / 2;
    std::vector<float> values;
    std::array<std::int32_t, codes + 2 * contrasts> histogram{};
    const auto count_column = [&](int x, int y, int change) {
        if (x < 0 || x >= luma.width) return;
        const int end = std::min(luma.height, y + reach + 1);
        for (int row = std::max(0, y - reach); row < end; ++row)
            if (mask.at(x, row) != 0)
                histogram[static_cast<std::size_t>(contrasts + luma.row(row)[x])] += change;
    };
    for (int y = 0; y < luma.height; ++y) {
        const auto* line =
            mask.set.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width);
        if (std::find(line, line + mask.width, 1) == line + mask.width) continue;
        histogram.fill(0);
        for (int x = 0; x < reach; ++x) count_column(x, y, 1);
        for (int x = 0; x < luma.width; ++x) {
            count_column(x + reach, y, 1);
            count_column(x - reach - 1, y, -1);
            if (line[x] == 0) continue;
            if (const float value = contrast.of(histogram, luma.row(y)[x]); value > 0)
                values.push_back(value);
        }
    }
    const auto all = static_cast<std::size_t>(luma.width) * static_cast<std::size_t>(luma.height);
    const auto kept =
        std::max<std::size_t>(1, static_cast<std::size_t>(pooled_share * static_cast<double>(all)));
    if (values.size() > kept) {
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(kept), values.end(),
                         std::greater<>());
        values.resize(kept);
        std::sort(values.begin(), values.end());  // one order of adding, whatever the selection left
    }
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value);
    return sum / static_cast<double>(kept);
}

}  // namespace

Luma10 luma10_of(const HostFrame& frame, const FloatPlane& eye_luma, bool is_light) {
    if (frame.worked.model == PixelModel::YCbCr && frame.color.bits >= 8) {
        const Plane& plane = frame.worked_part().planes.at(static_cast<std::size_t>(frame.worked.plane[0]));
        Luma10 luma{plane.width, plane.height, {}};
        const std::size_t count =
            static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
        luma.samples.resize(count);
        const int bits = frame.color.bits;
        for (std::size_t i = 0; i < count; ++i) {
            const int code = plane.type == SampleType::U8 ? plane.samples<std::uint8_t>()[i]
                                                          : plane.samples<std::uint16_t>()[i];
            luma.samples[i] = static_cast<std::uint16_t>(
                std::min(codes - 1, bits <= 10 ? code << (10 - bits) : code >> (bits - 10)));
        }
        if (bits > 8) return luma;
        for (int y = 0; y + 1 < luma.height; ++y) {
            std::uint16_t* row = luma.row(y);
            const std::uint16_t* below = luma.row(y + 1);
            for (int x = 0; x + 1 < luma.width; ++x)
                row[x] = static_cast<std::uint16_t>((row[x] + row[x + 1] + below[x] + below[x + 1] + 2) >> 2);
            row[luma.width - 1] =
                static_cast<std::uint16_t>((row[luma.width - 1] + below[luma.width - 1] + 1) >> 1);
        }
        std::uint16_t* last = luma.row(luma.height - 1);
        for (int x = 0; x + 1 < luma.width; ++x)
            last[x] = static_cast<std::uint16_t>((last[x] + last[x + 1] + 1) >> 1);
        return luma;
    }
    Luma10 luma{eye_luma.width, eye_luma.height, {}};
    luma.samples.resize(eye_luma.samples.size());
    for (std::size_t i = 0; i < luma.samples.size(); ++i) {
        const float value = std::min(1.0F, eye_luma.samples[i]);
        const float signal = is_light ? std::pow(value, 2 / 2.4F) : value;
        luma.samples[i] = static_cast<std::uint16_t>(64.5F + 876 * signal);
    }
    return luma;
}

double cambi(const Luma10& picture) {
    if (std::max(picture.width, picture.height) < least_side || std::min(picture.width, picture.height) < 64)
        return 0;
    static const Contrast contrast;
    const int window = (((65 * (picture.width + picture.height)) / 375) >> 4) | 1;
    Mask mask = flat_parts(picture);
    Luma10 luma = picture;
    double sum = 0;
    for (std::size_t scale = 0; scale < scales; ++scale) {
        if (scale > 0) {
            luma = decimated(luma);
            mask = decimated(mask);
        }
        mode_filter(luma);
        sum += scale_weight[scale] * pooled(luma, mask, window, contrast);
    }
    return sum / (static_cast<double>(window) * window);
}

}  // namespace wetgate::qc
