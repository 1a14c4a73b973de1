#include "passes/remove_candidate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "passes/regions.h"
#include "passes/remove_membrane.h"

namespace wetgate::passes::remove {
namespace {

constexpr int near_px = 24;
constexpr int least_common_px = 50;
constexpr int cubic_px = 2;        // that cubic sampling reads around a place
constexpr int flow_reach_px = 48;  // how far what is left of motion may lead
constexpr int flow_patch_px = 3;   // half of what flow is found on: beside an unknown pixel it is not known
constexpr float most_round_trip_px = 1;
constexpr float most_left_px = 8;  // off the fitted motion: another thing, which goes its own way
constexpr int least_flow_px = 100;
constexpr double most_error = 0.05;    // squared, coded
constexpr double fitting_share = 0.7;  // of the surroundings, by which the gain is measured
constexpr double least_gain = 0.5, most_gain = 2;
constexpr double most_offset = 0.06;  // one stop of ACEScct

cv::Mat plane_of(const motion::FlowField& flow) {
    return {flow.height, flow.width, CV_32FC2, const_cast<float*>(flow.vectors.data())};
}

motion::GrayImage guide_of(const cv::Mat& picture) {
    cv::Mat luminance, bytes;
    cv::transform(picture, luminance, cv::Matx13f(0.2126F, 0.7152F, 0.0722F));
    cv::max(cv::min(luminance, 1), 0, luminance);
    luminance.convertTo(bytes, CV_8UC1, 255);
    return {bytes.cols, bytes.rows,
            std::vector<std::uint8_t>(bytes.begin<std::uint8_t>(), bytes.end<std::uint8_t>())};
}

/// The affine motion that most of `flow` has where it is `known`, those near the hole most: A (x, y, 1), by
/// iterated least squares that lose interest in what moves otherwise (Geman and McClure, 1987).
cv::Matx23d affine_of(const cv::Mat& flow, const cv::Mat& known, const cv::Mat& nearness) {
    constexpr int step_px = 2;
    cv::Matx23d fit(0, 0, 0, 0, 0, 0);
    const double x_unit = 2.0 / flow.cols, y_unit = 2.0 / flow.rows;
    for (double scale_px = 8; scale_px > 0.5; scale_px *= 0.7) {
        cv::Matx33d left = cv::Matx33d::eye() * 1e-3;
        cv::Matx<double, 3, 2> right = cv::Matx<double, 3, 2>::zeros();
        for (int y = 0; y < flow.rows; y += step_px) {
            for (int x = 0; x < flow.cols; x += step_px) {
                if (known.at<std::uint8_t>(y, x) == 0) continue;
                const auto& vector = flow.at<cv::Vec2f>(y, x);
                const cv::Vec3d place(x * x_unit - 1, y * y_unit - 1, 1);
                const cv::Vec2d error = cv::Vec2d(vector[0], vector[1]) - fit * place;
                const double off = error.dot(error) / (scale_px * scale_px);
                const double weight = static_cast<double>(nearness.at<float>(y, x)) / ((1 + off) * (1 + off));
                left += weight * place * place.t();
                right += weight * place * cv::Matx12d(vector[0], vector[1]);
            }
        }
        fit = (left.inv(cv::DECOMP_CHOLESKY) * right).t();
    }
    // Back from -1..1 to pixels.
    return {fit(0, 0) * x_unit, fit(0, 1) * y_unit, fit(0, 2) - fit(0, 0) - fit(0, 1),
            fit(1, 0) * x_unit, fit(1, 1) * y_unit, fit(1, 2) - fit(1, 0) - fit(1, 1)};
}

/// Part of a frame, coded, and where nothing may be taken from it.
struct Patch {
    cv::Mat picture;
    cv::Mat covered;
    double x0 = 0, y0 = 0;
};

/// Places in a patch for each pixel of the box, moved by `shift` before the camera's map.
void places(const Box& box, const motion::Homography& map, const cv::Mat& shift, const Patch& patch,
            cv::Mat& x, cv::Mat& y) {
    constexpr float nowhere = -1e4F;
    x.create(box.height(), box.width(), CV_32FC1);
    y.create(box.height(), box.width(), CV_32FC1);
    for (int row = 0; row < box.height(); ++row) {
        for (int column = 0; column < box.width(); ++column) {
            const cv::Vec2f by = shift.empty() ? cv::Vec2f(0, 0) : shift.at<cv::Vec2f>(row, column);
            const auto [u, v] = map.at(box.x0 + column + static_cast<double>(by[0]),
                                       box.y0 + row + static_cast<double>(by[1]));
            const bool is_somewhere = std::abs(u) < 1e6 && std::abs(v) < 1e6;
            x.at<float>(row, column) = is_somewhere ? static_cast<float>(u - patch.x0) : nowhere;
            y.at<float>(row, column) = is_somewhere ? static_cast<float>(v - patch.y0) : nowhere;
        }
    }
}

std::optional<Patch> patch_of(const Source& source, const Box& box, int margin_px, const Coding& coding) {
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    for (const double x : {static_cast<double>(box.x0), static_cast<double>(box.x1)}) {
        for (const double y : {static_cast<double>(box.y0), static_cast<double>(box.y1)}) {
            const auto [u, v] = source.map.at(x, y);
            if (std::isnan(u)) return std::nullopt;
            x0 = std::min(x0, u), x1 = std::max(x1, u), y0 = std::min(y0, v), y1 = std::max(y1, v);
        }
    }
    const auto width = source.linear.size(2), height = source.linear.size(1);
    const auto bound = [](double at, std::int64_t size) {
        return static_cast<std::int64_t>(std::clamp(at, 0.0, static_cast<double>(size)));
    };
    const std::int64_t left = bound(x0 - flow_reach_px, width), right = bound(x1 + flow_reach_px, width);
    const std::int64_t top = bound(y0 - flow_reach_px, height), bottom = bound(y1 + flow_reach_px, height);
    if (right - left < 2 || bottom - top < 2) return std::nullopt;
    const auto cut = [&](const at::Tensor& planes) {
        return planes.narrow(1, top, bottom - top).narrow(2, left, right - left);
    };
    const at::Tensor linear = cut(source.linear);
    const at::Tensor covered =
        (cut(source.matte) > 0).logical_or(at::isfinite(linear).all(0, true).logical_not());
    return Patch{picture_of(coding.encode(linear)), bytes_of(dilated(covered, margin_px + cubic_px)),
                 static_cast<double>(left), static_cast<double>(top)};
}

/// 255 where the places are shown by the patch.
cv::Mat shown(const Patch& patch, const cv::Mat& x, const cv::Mat& y) {
    cv::Mat covered;
    cv::remap(patch.covered, covered, x, y, cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar(255));
    return covered == 0;
}

/// Factor (or offset, in a logarithmic coding) to the surroundings' light, a channel each.
void match_gain(cv::Mat& picture, const Surroundings& around, const cv::Mat& common, bool is_logarithmic) {
    cv::Mat off;
    cv::transform(cv::abs(around.current - picture), off, cv::Matx13f(1, 1, 1));
    std::vector<float> sorted;
    for (int y = 0; y < off.rows; ++y) {
        for (int x = 0; x < off.cols; ++x) {
            if (common.at<std::uint8_t>(y, x) != 0) sorted.push_back(off.at<float>(y, x));
        }
    }
    const auto bound =
        sorted.begin() + static_cast<std::ptrdiff_t>(fitting_share * static_cast<double>(sorted.size() - 1));
    std::nth_element(sorted.begin(), bound, sorted.end());
    const cv::Mat fitting = common & (off <= *bound);
    const cv::Scalar own = cv::mean(picture, fitting), wanted = cv::mean(around.current, fitting);
    cv::Scalar gain, offset;
    for (int c = 0; c < 3; ++c) {
        offset[c] = std::clamp(wanted[c] - own[c], -most_offset, most_offset);
        gain[c] = std::clamp((wanted[c] + 1e-3) / std::max(own[c] + 1e-3, 1e-6), least_gain, most_gain);
    }
    if (is_logarithmic) {
        picture += offset;
    } else {
        cv::multiply(picture, gain, picture);
    }
}

cv::Mat blurred(const cv::Mat& picture, double sigma_px) {
    cv::Mat result;
    cv::GaussianBlur(picture, result, {}, sigma_px, sigma_px, cv::BORDER_REPLICATE);
    return result;
}

/// How much of `own`, a band of the candidate, is to be believed: its regression to `wanted`, the same band
/// of the frame, around the hole. What differs as much everywhere is grain, which is to be as it is.
float believed(const cv::Mat& own, const cv::Mat& wanted, const cv::Mat& common) {
    double common_power = 0, power = 0;
    std::vector<float> off;
    for (int y = 0; y < own.rows; ++y) {
        for (int x = 0; x < own.cols; ++x) {
            if (common.at<std::uint8_t>(y, x) == 0) continue;
            const auto& a = own.at<cv::Vec3f>(y, x);
            const auto& b = wanted.at<cv::Vec3f>(y, x);
            common_power += static_cast<double>(a.dot(b));
            power += static_cast<double>(a.dot(a));
            off.push_back(static_cast<float>(cv::norm(a - b, cv::NORM_L2SQR)));
        }
    }
    const auto middle = off.begin() + static_cast<std::ptrdiff_t>(off.size() / 4);
    std::nth_element(off.begin(), middle, off.end());
    const double grain = 0.5 * static_cast<double>(*middle) * static_cast<double>(off.size());
    return static_cast<float>(std::clamp((common_power + grain) / std::max(power, 1e-12), 0.0, 1.0));
}

/// Each band of the candidate as far as it is believed: of leaves in the wind only their mean is known.
void shrink_bands(Candidate& candidate, const Surroundings& around) {
    const cv::Mat common = candidate.shows & around.near;
    cv::Mat own = membrane(candidate.picture, candidate.shows);  // what is not shown is not to bleed in
    cv::Mat wanted = around.smooth;
    cv::Mat result = cv::Mat::zeros(own.size(), CV_32FC3);
    for (const double sigma_px : {1.2, 2.5, 5.0, 10.0}) {
        const cv::Mat coarse = blurred(own, sigma_px), wanted_coarse = blurred(wanted, sigma_px);
        const cv::Mat band = own - coarse;
        result += band * believed(band, wanted - wanted_coarse, common);
        own = coarse;
        wanted = wanted_coarse;
    }
    candidate.picture = result + own;
}

/// The motion that the camera's map leaves, everywhere: flow where it is sure, around the hole; inside, and
/// where it is not, most of the surroundings' affine motion and a membrane over what is left of that.
cv::Mat motion_left(const Surroundings& around, const cv::Mat& picture, const cv::Mat& shows) {
    cv::Mat compared = around.smooth.clone();
    picture.copyTo(compared, shows);
    const motion::GrayImage guide = guide_of(compared);
    const motion::FlowField there = motion::dense_flow(around.guide, guide);
    const std::vector<float> round_trip =
        motion::round_trip_px(there, motion::dense_flow(guide, around.guide));
    const cv::Mat off(there.height, there.width, CV_32FC1, const_cast<float*>(round_trip.data()));
    cv::Mat unknown;
    const int side = 2 * flow_patch_px + 1;
    cv::dilate((shows == 0) | (around.hole != 0), unknown, cv::Mat::ones(side, side, CV_8UC1));
    cv::Mat known = (unknown == 0) & (off < most_round_trip_px);
    const cv::Mat flow = plane_of(there);
    cv::Mat fitted = cv::Mat::zeros(flow.size(), CV_32FC2);
    if (cv::countNonZero(known) < least_flow_px) return fitted;
    cv::Mat away, nearness;
    cv::distanceTransform(around.hole == 0, away, cv::DIST_L2, 3);
    cv::exp(away * (-1.0 / near_px), nearness);
    const cv::Matx23d fit = affine_of(flow, known, nearness);
    for (int y = 0; y < fitted.rows; ++y) {
        for (int x = 0; x < fitted.cols; ++x) {
            const cv::Vec2d at = fit * cv::Vec3d(x, y, 1);
            fitted.at<cv::Vec2f>(y, x) = {static_cast<float>(at[0]), static_cast<float>(at[1])};
        }
    }
    const cv::Mat rest = flow - fitted;
    cv::Mat length, parts[2];
    cv::split(rest, parts);
    cv::magnitude(parts[0], parts[1], length);
    known &= length < most_left_px;
    return fitted + membrane(rest, known);
}

}  // namespace

cv::Mat picture_of(const at::Tensor& planes) {
    const at::Tensor packed = planes.to(at::kCPU).permute({1, 2, 0}).contiguous();
    return cv::Mat(static_cast<int>(packed.size(0)), static_cast<int>(packed.size(1)),
                   CV_32FC(static_cast<int>(packed.size(2))), packed.data_ptr())
        .clone();
}

at::Tensor tensor_of(const cv::Mat& picture) {
    return at::from_blob(picture.data, {picture.rows, picture.cols, picture.channels()}, at::kFloat)
        .permute({2, 0, 1})
        .clone(at::MemoryFormat::Contiguous);
}

cv::Mat bytes_of(const at::Tensor& mask) {
    const at::Tensor bytes = mask[0].to(at::kByte).mul(255).to(at::kCPU).contiguous();
    return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC1,
                   bytes.data_ptr())
        .clone();
}

Surroundings::Surroundings(const cv::Mat& now, const cv::Mat& holes, const Box& place)
    : current(now), hole(holes), box(place), smooth(membrane(now, holes == 0)), guide(guide_of(smooth)) {
    const int side = 2 * near_px + 1;
    cv::dilate(hole, near, cv::getStructuringElement(cv::MORPH_ELLIPSE, {side, side}));
    near.setTo(0, hole);
}

std::optional<Candidate> candidate_of(const Surroundings& around, const Source& source, int margin_px,
                                      const Coding& coding) {
    const auto patch = patch_of(source, around.box, margin_px, coding);
    if (!patch) return std::nullopt;
    const bool is_logarithmic = coding.kind() == Coding::Kind::AcesCct;
    const auto fetched = [&](const cv::Mat& shift) {
        Candidate found{source.away, {}, {}, {}};
        cv::Mat x, y;
        places(around.box, source.map, shift, *patch, x, y);
        found.shows = shown(*patch, x, y);
        cv::remap(patch->picture, found.picture, x, y, cv::INTER_CUBIC, cv::BORDER_REPLICATE);
        return found;
    };
    const auto matched = [&](Candidate& candidate) {
        const cv::Mat common = candidate.shows & around.near;
        if (cv::countNonZero(common) < least_common_px) return false;
        match_gain(candidate.picture, around, common, is_logarithmic);
        return true;
    };
    Candidate by_camera = fetched({});
    if (!matched(by_camera)) return std::nullopt;
    Candidate made = fetched(motion_left(around, by_camera.picture, by_camera.shows));
    if (!matched(made)) return std::nullopt;
    shrink_bands(made, around);
    cv::Mat difference = around.current - made.picture;
    cv::multiply(difference, difference, difference);
    cv::transform(difference, made.error, cv::Matx13f(1 / 3.0F, 1 / 3.0F, 1 / 3.0F));
    cv::min(made.error, most_error, made.error);
    made.error = cv::max(membrane(made.error, made.shows & (around.hole == 0)), 0.0);
    return made;
}

}  // namespace wetgate::passes::remove
