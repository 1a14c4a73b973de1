#include "passes/shot_match_fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core.hpp>
#include <vector>

#include "passes/median.h"

namespace wetgate::passes::shot_match {
namespace {

// Note [Which grade explains a match]
// Slopes alone, a whole CDL and a matrix are fitted to three quarters of the picture and judged on the rest,
// four times over. A richer one is taken only where it explains surfaces that it has not seen clearly better,
// so a few colours in one corner never turn into a matrix. All of them are drawn to "slopes alone", the more
// the surfaces contradict each other: their errors come in patches, so that a dozen of them say as much as
// one.
constexpr int folds = 4;
constexpr double better = 0.95;          // a CDL's error against that of slopes alone
constexpr double clearly_better = 0.97;  // a matrix's error against the best without
constexpr std::size_t least_for_cdl = 24;
constexpr std::size_t least_for_choice = 60;
constexpr std::size_t most_surfaces = 6000;
constexpr int robust_rounds = 12;
constexpr double least_scale = 0.004;  // share of light: no measurement is better
constexpr double floor_share = 0.2;    // of the median light: below it, errors count as if it were as light
// Standard deviations that the draw to slopes alone means.
constexpr double least_noise = 0.01;
constexpr double alike_surfaces = 10;
constexpr double prior_cross = 0.15;
constexpr double prior_offset = 0.1;  // of the median light
constexpr double prior_log_power = 0.2;
constexpr double prior_saturation = 0.2;

constexpr std::array<double, 3> luma = {0.2126, 0.7152, 0.0722};

double light(const std::array<double, 3>& rgb) {
    return luma[0] * rgb[0] + luma[1] * rgb[1] + luma[2] * rgb[2];
}

/// Surfaces with what their errors are measured in.
struct Sample {
    Surface surface;
    std::array<double, 3> unit{};  // light that an error is a share of
};

struct Samples {
    std::vector<Sample> list;
    double median_light = 1;  // of the reference
};

Samples samples_of(std::span<const Surface> surfaces) {
    Samples samples;
    std::vector<double> lights;
    for (const Surface& surface : surfaces) {
        lights.push_back(light(surface.reference));
    }
    samples.median_light = std::max(median(lights), 1e-9);
    const std::size_t step = 1 + surfaces.size() / most_surfaces;
    for (std::size_t i = 0; i < surfaces.size(); i += step) {
        Sample sample{surfaces[i], {}};
        for (std::size_t c = 0; c < 3; ++c)
            sample.unit[c] = 0.5 * (std::max(surfaces[i].reference[c], 0.0) +
                                    std::max(light(surfaces[i].reference), 0.0)) +
                             floor_share * samples.median_light;
        samples.list.push_back(sample);
    }
    return samples;
}

using Weights = std::vector<double>;

double error_of(const Grade& grade, const Sample& sample) {
    const auto made = grade.at(sample.surface.plate);
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c)
        sum += std::pow((made[c] - sample.surface.reference[c]) / sample.unit[c], 2);
    return std::sqrt(sum / 3);
}

/// Cauchy weights by each sample's error, its scale from the median error; of the samples that `uses`.
Weights robust_weights(const Grade& grade, const Samples& samples, const std::vector<bool>& uses) {
    std::vector<double> errors, used;
    for (std::size_t i = 0; i < samples.list.size(); ++i) {
        errors.push_back(error_of(grade, samples.list[i]));
        if (uses[i]) used.push_back(errors.back());
    }
    const double scale = std::max(least_scale, median(used));
    Weights weights(samples.list.size(), 0.0);
    for (std::size_t i = 0; i < errors.size(); ++i) {
        const double off = errors[i] / scale;
        if (uses[i]) weights[i] = samples.list[i].surface.weight / (1 + off * off);
    }
    return weights;
}

/// Slopes: the mode of each channel's log ratio, from wide to narrow.
Grade gains(const Samples& samples, const std::vector<bool>& uses) {
    Grade grade;
    for (std::size_t c = 0; c < 3; ++c) {
        std::vector<double> ratios, weights;
        for (std::size_t i = 0; i < samples.list.size(); ++i) {
            const Surface& surface = samples.list[i].surface;
            if (!uses[i] || !(surface.plate[c] > 0 && surface.reference[c] > 0)) continue;
            ratios.push_back(std::log(surface.reference[c] / surface.plate[c]));
            weights.push_back(surface.weight * surface.reference[c] / samples.list[i].unit[c]);
        }
        if (ratios.empty()) continue;
        double center = median(ratios);
        for (const double scale : {0.2, 0.05, 0.02}) {
            for (int round = 0; round < robust_rounds; ++round) {
                double sum = 0, total = 0;
                for (std::size_t i = 0; i < ratios.size(); ++i) {
                    const double off = (ratios[i] - center) / scale;
                    const double pull = weights[i] / (1 + off * off);
                    sum += pull * ratios[i];
                    total += pull;
                }
                if (total > 0) center = sum / total;
            }
        }
        grade.cdl.slope[c] = std::exp(std::clamp(center, -8.0, 8.0));
    }
    return grade;
}

/// Squared error of one surface that stands for its neighbours too.
double noise_of(const Grade& grade, const Samples& samples, const std::vector<bool>& uses) {
    std::vector<double> errors;
    for (std::size_t i = 0; i < samples.list.size(); ++i)
        if (uses[i]) errors.push_back(error_of(grade, samples.list[i]));
    const double alike = std::clamp(static_cast<double>(errors.size()) / 24, 1.0, alike_surfaces);
    return alike * std::pow(std::max(least_noise, median(errors)), 2);
}

/// Minimises weighted squares of (A x - b), plus `prior`[k] (x[k] - start[k])^2.
std::vector<double> least_squares(const cv::Mat& normal, const cv::Mat& right,
                                  const std::vector<double>& start, const std::vector<double>& prior) {
    cv::Mat matrix = normal.clone(), side = right.clone(), solution;
    for (int k = 0; k < matrix.rows; ++k) {
        const auto at = static_cast<std::size_t>(k);
        matrix.at<double>(k, k) += prior[at];
        side.at<double>(k) += prior[at] * start[at];
    }
    if (!cv::solve(matrix, side, solution, cv::DECOMP_CHOLESKY)) return start;
    return {solution.begin<double>(), solution.end<double>()};
}

Grade matrix_after(const Grade& slopes, const Samples& samples, const std::vector<bool>& uses) {
    Grade grade = slopes;
    grade.matrix = Matrix3x4{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}};
    // The rows see graded light, which is about that of the reference: one prior fits every plate.
    for (int round = 0; round < robust_rounds; ++round) {
        const Weights weights = robust_weights(grade, samples, uses);
        const double noise = noise_of(grade, samples, uses);
        Matrix3x4 next{};
        for (std::size_t c = 0; c < 3; ++c) {
            cv::Mat normal = cv::Mat::zeros(4, 4, CV_64F), right = cv::Mat::zeros(4, 1, CV_64F);
            for (std::size_t i = 0; i < samples.list.size(); ++i) {
                if (!(weights[i] > 0)) continue;
                const Sample& sample = samples.list[i];
                std::array<double, 4> row{};
                for (std::size_t k = 0; k < 3; ++k)
                    row[k] = sample.surface.plate[k] * slopes.cdl.slope[k] / sample.unit[c];
                row[3] = 1 / sample.unit[c];
                const double aim = sample.surface.reference[c] / sample.unit[c];
                for (int a = 0; a < 4; ++a) {
                    right.at<double>(a) += weights[i] * row[static_cast<std::size_t>(a)] * aim;
                    for (int b = 0; b < 4; ++b)
                        normal.at<double>(a, b) +=
                            weights[i] * row[static_cast<std::size_t>(a)] * row[static_cast<std::size_t>(b)];
                }
            }
            std::vector<double> start(4, 0.0), prior(4, noise / std::pow(prior_cross, 2));
            start[c] = 1;
            prior[3] = noise / std::pow(prior_offset * samples.median_light, 2);
            const std::vector<double> found = least_squares(normal, right, start, prior);
            std::copy(found.begin(), found.end(), next[c].begin());
        }
        grade.matrix = next;
    }
    return grade;
}

/// slope (log), offset, power (log), saturation.
constexpr std::size_t cdl_numbers = 10;
using CdlVector = std::array<double, cdl_numbers>;

Grade grade_from(const CdlVector& at) {
    Grade grade;
    for (std::size_t c = 0; c < 3; ++c) {
        grade.cdl.slope[c] = std::exp(at[c]);
        grade.cdl.offset[c] = at[3 + c];
        grade.cdl.power[c] = std::exp(at[6 + c]);
    }
    grade.cdl.saturation = at[9];
    return grade;
}

/// Levenberg-Marquardt with derivatives by differences, weights renewed in each round.
Grade cdl_from(const Grade& slopes, const Samples& samples, const std::vector<bool>& uses) {
    CdlVector at{};
    for (std::size_t c = 0; c < 3; ++c) at[c] = std::log(slopes.cdl.slope[c]);
    at[9] = 1;
    const CdlVector start = at;
    CdlVector deviation{};
    for (std::size_t c = 0; c < 3; ++c) {
        deviation[c] = 0.5;
        deviation[3 + c] = prior_offset * samples.median_light;
        deviation[6 + c] = prior_log_power;
    }
    deviation[9] = prior_saturation;
    const auto cost_of = [&](const CdlVector& point, const Weights& weights, double noise) {
        double cost = 0;
        const Grade grade = grade_from(point);
        for (std::size_t i = 0; i < samples.list.size(); ++i)
            if (weights[i] > 0) cost += 3 * weights[i] * std::pow(error_of(grade, samples.list[i]), 2);
        for (std::size_t k = 0; k < cdl_numbers; ++k)
            cost += noise * std::pow((point[k] - start[k]) / deviation[k], 2);
        return cost;
    };
    double damping = 1e-3;
    for (int round = 0; round < 4 * robust_rounds; ++round) {
        const Grade here = grade_from(at);
        const Weights weights = robust_weights(here, samples, uses);
        const double noise = noise_of(here, samples, uses);
        std::array<Grade, cdl_numbers> aside;
        CdlVector step{};
        for (std::size_t k = 0; k < cdl_numbers; ++k) {
            step[k] = 1e-4 * deviation[k];
            CdlVector moved = at;
            moved[k] += step[k];
            aside[k] = grade_from(moved);
        }
        const int size = static_cast<int>(cdl_numbers);
        cv::Mat normal = cv::Mat::zeros(size, size, CV_64F), right = cv::Mat::zeros(size, 1, CV_64F);
        for (std::size_t i = 0; i < samples.list.size(); ++i) {
            if (!(weights[i] > 0)) continue;
            const Sample& sample = samples.list[i];
            const auto made = here.at(sample.surface.plate);
            std::array<std::array<double, 3>, cdl_numbers> slope{};
            for (std::size_t k = 0; k < cdl_numbers; ++k) {
                const auto other = aside[k].at(sample.surface.plate);
                for (std::size_t c = 0; c < 3; ++c)
                    slope[k][c] = (other[c] - made[c]) / (step[k] * sample.unit[c]);
            }
            for (std::size_t c = 0; c < 3; ++c) {
                const double off = (sample.surface.reference[c] - made[c]) / sample.unit[c];
                for (int a = 0; a < size; ++a) {
                    const double weighted = weights[i] * slope[static_cast<std::size_t>(a)][c];
                    right.at<double>(a) += weighted * off;
                    for (int b = 0; b <= a; ++b)
                        normal.at<double>(a, b) += weighted * slope[static_cast<std::size_t>(b)][c];
                }
            }
        }
        cv::completeSymm(normal, /*lowerToUpper=*/true);
        for (int k = 0; k < size; ++k) {
            const double prior = noise / std::pow(deviation[static_cast<std::size_t>(k)], 2);
            normal.at<double>(k, k) += prior;
            right.at<double>(k) +=
                prior * (start[static_cast<std::size_t>(k)] - at[static_cast<std::size_t>(k)]);
        }
        const double before = cost_of(at, weights, noise);
        for (int attempt = 0; attempt < 8; ++attempt, damping *= 4) {
            cv::Mat damped = normal.clone(), move;
            for (int k = 0; k < size; ++k) damped.at<double>(k, k) *= 1 + damping;
            if (!cv::solve(damped, right, move, cv::DECOMP_CHOLESKY)) continue;
            CdlVector next = at;
            for (std::size_t k = 0; k < cdl_numbers; ++k) next[k] += move.at<double>(static_cast<int>(k));
            next[9] = std::clamp(next[9], 0.0, 4.0);
            for (std::size_t c = 0; c < 3; ++c) next[6 + c] = std::clamp(next[6 + c], -1.4, 1.4);
            if (!(cost_of(next, weights, noise) < before)) continue;
            at = next;
            damping = std::max(1e-9, damping / 16);
            break;
        }
    }
    return grade_from(at);
}

Grade fitted(Model model, const Samples& samples, const std::vector<bool>& uses) {
    const Grade slopes = gains(samples, uses);
    if (model == Model::Cdl) return cdl_from(slopes, samples, uses);
    if (model == Model::Matrix) return matrix_after(slopes, samples, uses);
    return slopes;
}

/// Mean over left-out surfaces of an error that a few cannot spoil.
double judged(Model model, const Samples& samples) {
    double sum = 0, total = 0;
    for (int fold = 0; fold < folds; ++fold) {
        std::vector<bool> uses;
        bool any = false, all = true;
        for (const Sample& sample : samples.list) {
            const int cell = sample.surface.cell;
            uses.push_back((cell % 8 + 3 * (cell / 8)) % folds != fold);
            any = any || uses.back();
            all = all && uses.back();
        }
        if (!any || all) continue;
        const Grade grade = fitted(model, samples, uses);
        for (std::size_t i = 0; i < uses.size(); ++i) {
            if (uses[i]) continue;
            const double error = error_of(grade, samples.list[i]);
            sum += samples.list[i].surface.weight * error / (1 + error / 0.1);
            total += samples.list[i].surface.weight;
        }
    }
    return total > 0 ? sum / total : 0;
}

Model chosen(const Samples& samples) {
    if (samples.list.size() < least_for_cdl) return Model::Gain;
    if (samples.list.size() < least_for_choice) return Model::Cdl;
    Model model = Model::Gain;
    double best = judged(Model::Gain, samples);
    if (const double cdl = judged(Model::Cdl, samples); cdl < better * best) {
        model = Model::Cdl;
        best = cdl;
    }
    return judged(Model::Matrix, samples) < clearly_better * best ? Model::Matrix : model;
}

}  // namespace

std::array<double, 3> Grade::at(const std::array<double, 3>& rgb) const {
    std::array<double, 3> graded{};
    for (std::size_t c = 0; c < 3; ++c) {
        const double base = rgb[c] * cdl.slope[c] + cdl.offset[c];
        graded[c] = base > 0 ? std::pow(base, cdl.power[c]) : base;
    }
    const double gray = light(graded);
    for (double& value : graded) value = gray + (value - gray) * cdl.saturation;
    if (!matrix) return graded;
    std::array<double, 3> mixed{};
    for (std::size_t c = 0; c < 3; ++c) {
        const auto& row = (*matrix)[c];
        mixed[c] = row[0] * graded[0] + row[1] * graded[1] + row[2] * graded[2] + row[3];
    }
    return mixed;
}

Fit fit_grade(std::span<const Surface> surfaces, Model model) {
    const Samples samples = samples_of(surfaces);
    const std::vector<bool> all(samples.list.size(), true);
    Fit fit;
    fit.grade = fitted(model == Model::Auto ? chosen(samples) : model, samples, all);
    std::vector<double> before, after;
    double stops = 0;
    for (const Sample& sample : samples.list) {
        before.push_back(error_of(Grade{}, sample));
        after.push_back(error_of(fit.grade, sample));
        const auto& from = sample.surface.plate;
        const auto to = fit.grade.at(from);
        for (std::size_t c = 0; c < 3; ++c)
            stops += from[c] > 0 && to[c] > 0 ? std::abs(std::log2(to[c] / from[c])) / 3 : 0;
    }
    fit.before = median(before);
    fit.after = median(after);
    fit.mean_stops = stops / static_cast<double>(samples.list.size());
    return fit;
}

}  // namespace wetgate::passes::shot_match
