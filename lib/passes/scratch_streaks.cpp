#include "passes/scratch_streaks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

// Note [Streaks]
// A scratch is too faint to be seen in one row and too long to be missed in all. The picture is averaged in
// bands of rows; in each band what stands out against the median of its neighbourhood is counted in parts of
// what usually does so there, no more than clip_at, so that no single edge speaks for all bands. A sum over
// the bands along every nearly upright line has its peaks at scratches (as Kokaram, "Detection and removal of
// line scratches in degraded motion picture sequences", 1996, does with a Hough transform of column sums).

namespace wetgate::passes::scratch {
namespace {

constexpr int most_bands = 64;
constexpr int least_band_px = 8;
constexpr double clip_at = 3;
constexpr double least_mean = 0.7;   // of the bands along a line, in parts of what is usual
constexpr double there = 0.8;        // a band in which the line is
constexpr double least_share = 0.7;  // of bands in which it is, from its first to its last
constexpr int most_gap = 4;          // bands in a row in which it is not
constexpr std::int64_t usual_px = 48;
constexpr double least_usual = 0.002;  // coded
constexpr double least_contrast = 0.012;
constexpr std::size_t most_streaks = 24;
constexpr int most_tries = 64;

/// [bands,W] of [H,W]: what stands out, in parts of what usually does.
at::Tensor outstanding(const at::Tensor& plane, int bands, const Wanted& wanted) {
    const at::Tensor rows = at::adaptive_avg_pool2d(plane.unsqueeze(0), {bands, plane.size(1)})[0];
    const auto around = static_cast<std::int64_t>(std::ceil(2 * wanted.most_width_px));
    const auto padded = [](const at::Tensor& lines, std::int64_t by) {
        return at::replication_pad1d(lines.unsqueeze(0), {by, by})[0];
    };
    const at::Tensor level = std::get<0>(padded(rows, around).unfold(1, 2 * around + 1, 1).median(2));
    const at::Tensor out = rows - level;
    const at::Tensor size = out.abs();
    const at::Tensor most = 4 * std::get<0>(size.median(1, /*keepdim=*/true)) + least_usual;
    const at::Tensor near =
        at::avg_pool1d(padded(at::minimum(size, most), usual_px).unsqueeze(0), {2 * usual_px + 1}, {1})[0];
    return (out / (1.25 * near + least_usual)).clamp(-clip_at, clip_at);
}

struct Place {
    double score = 0;
    int x = 0, tilt = 0;  // of its middle; px from the top band to the bottom one
};

struct Stretch {
    int first = 0, end = 0;  // bands
    double share = 0;        // of them in which the line is
};

class Bands {
public:
    Bands(const at::Tensor& outstanding, int most_tilt_px)
        : values_(outstanding.contiguous()),
          count_(static_cast<int>(values_.size(0))),
          width_(static_cast<int>(values_.size(1))),
          most_tilt_px_(most_tilt_px) {}

    int count() const { return count_; }

    /// Of the line at a band; 0 outside the picture.
    float at_band(const Place& place, int band) const {
        const int x = column(place, band);
        return x < 0 || x >= width_
                   ? 0.0F
                   : values_.data_ptr<float>()[static_cast<std::ptrdiff_t>(band) * width_ + x];
    }
    int column(const Place& place, int band) const {
        const double share = (band + 0.5) / count_ - 0.5;
        return place.x + static_cast<int>(std::lround(place.tilt * share));
    }

    /// The line whose bands stand out most, up (sign 1) or down (-1).
    Place best(float sign) const {
        Place best;
        std::vector<float> sums(static_cast<std::size_t>(width_));
        for (int tilt = -most_tilt_px_; tilt <= most_tilt_px_; ++tilt) {
            std::fill(sums.begin(), sums.end(), 0.0F);
            for (int band = 0; band < count_; ++band) {
                const float* row = values_.data_ptr<float>() + static_cast<std::ptrdiff_t>(band) * width_;
                const int shift = column({0, 0, tilt}, band);
                for (int x = std::max(0, -shift); x < std::min(width_, width_ - shift); ++x)
                    sums[static_cast<std::size_t>(x)] += row[x + shift];
            }
            for (int x = 0; x < width_; ++x) {
                const double score = static_cast<double>(sign * sums[static_cast<std::size_t>(x)]) / count_;
                if (score > best.score) best = {score, x, tilt};
            }
        }
        return best;
    }

    /// The line through what stands out around it, by least squares: x at the middle of the picture and how
    /// far it goes from there, from top to bottom.
    std::array<double, 2> refined(const Place& place, const Stretch& stretch, float sign) const {
        double weight = 0, mean_share = 0, mean_x = 0, square = 0, product = 0;
        for (int band = stretch.first; band < stretch.end; ++band) {
            const double share = (band + 0.5) / count_ - 0.5;
            for (int x = column(place, band) - 2; x <= column(place, band) + 2; ++x) {
                if (x < 0 || x >= width_) continue;
                const double value =
                    sign * values_.data_ptr<float>()[static_cast<std::ptrdiff_t>(band) * width_ + x];
                if (value <= 0) continue;
                weight += value;
                mean_share += value * share;
                mean_x += value * x;
                square += value * share * share;
                product += value * share * x;
            }
        }
        if (weight <= 0) return {static_cast<double>(place.x), static_cast<double>(place.tilt)};
        mean_share /= weight;
        mean_x /= weight;
        const double spread = square / weight - mean_share * mean_share;
        const double tilt = spread > 1e-6 ? (product / weight - mean_share * mean_x) / spread
                                          : static_cast<double>(place.tilt);
        return {mean_x - tilt * mean_share, tilt};
    }

    /// What was looked at is not looked at again.
    void forget(const Place& place, int around_px) {
        for (int band = 0; band < count_; ++band) {
            float* row = values_.data_ptr<float>() + static_cast<std::ptrdiff_t>(band) * width_;
            const int x = column(place, band);
            for (int i = std::max(0, x - around_px); i <= std::min(width_ - 1, x + around_px); ++i)
                row[i] = 0;
        }
    }

private:
    at::Tensor values_;
    int count_, width_, most_tilt_px_;
};

/// The longest stretch without a gap.
Stretch stretch_of(const Bands& bands, const Place& place, float sign) {
    Stretch best, now;
    int gap = most_gap + 1, seen = 0;
    for (int band = 0; band < bands.count(); ++band) {
        if (sign * bands.at_band(place, band) < there) {
            ++gap;
            continue;
        }
        if (gap > most_gap) {
            now = {band, band, 0};
            seen = 0;
        }
        gap = 0;
        ++seen;
        now.end = band + 1;
        now.share = static_cast<double>(seen) / (now.end - now.first);
        if (now.end - now.first > best.end - best.first) best = now;
    }
    return best;
}

}  // namespace

std::vector<wire::Line> streaks(const at::Tensor& coded, const Wanted& wanted) {
    std::vector<wire::Line> found;
    const wire::LightPicture picture(coded, std::numeric_limits<int>::max());
    const cv::Mat& light = picture.light();
    const at::Tensor plane = at::from_blob(light.data, {light.rows, light.cols}, at::kFloat);
    const int bands = std::min(most_bands, light.rows / least_band_px);
    if (bands < 4 || light.cols < 4 * wanted.most_width_px) return found;
    const double height = light.rows;
    const double band_px = height / bands;
    const int tilt_px = static_cast<int>(std::tan(wanted.most_tilt * std::numbers::pi / 180) * height);
    const at::Tensor stands_out = outstanding(plane, bands, wanted);
    for (const bool is_bright : {false, true}) {
        if (!(is_bright ? wanted.bright : wanted.dark)) continue;
        const float sign = is_bright ? 1.0F : -1.0F;
        Bands left(stands_out.clone(), tilt_px);
        for (int attempt = 0; attempt < most_tries && found.size() < most_streaks; ++attempt) {
            const Place place = left.best(sign);
            if (place.score < least_mean * wanted.least_height) break;
            const Stretch stretch = stretch_of(left, place, sign);
            const auto [middle, tilt] = left.refined(place, stretch, sign);
            left.forget(place, static_cast<int>(std::ceil(wanted.most_width_px / 2)) + 1);
            if (stretch.end - stretch.first < wanted.least_height * bands || stretch.share < least_share)
                continue;
            const double slope = tilt / height;
            const double length = std::hypot(1.0, slope);
            wire::Curve curve;
            curve.origin = {middle - slope * height / 2, -0.5};
            curve.along = {slope / length, 1 / length};
            curve.side = {1 / length, -slope / length};
            curve.first = stretch.first * band_px * length;
            curve.last = stretch.end * band_px * length;
            const wire::Wanted line{wanted.least_width_px, wanted.most_width_px, true, true, least_contrast};
            if (const auto streak = picture.measured(curve, is_bright, stretch.share, line))
                found.push_back(*streak);
        }
    }
    return found;
}

}  // namespace wetgate::passes::scratch
