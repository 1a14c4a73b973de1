#include "framing/rolling_shutter.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "framing/quantile.h"

namespace wetgate::framing {
namespace {

constexpr std::size_t least_frames = 24;
constexpr int refinements = 30;
constexpr double mad_to_sigma = 1.4826;
constexpr double least_sigma_px = 1e-4;
constexpr double evidence = 6;  // standard errors
constexpr double least_readout = 0.05, most_readout = 1.2;
constexpr double least_slide_px = 0.25;

}  // namespace

Readout readout_of(std::span<const ViewStep> steps, std::span<const std::size_t> cuts, int height) {
    std::vector<double> changes, slides;  // px a frame, and px over the picture's height
    const auto is_step = [&](std::size_t i) {
        return i > 0 && i < steps.size() && steps[i].is_known() &&
               !std::binary_search(cuts.begin(), cuts.end(), i);
    };
    for (std::size_t i = 2; i + 1 < steps.size(); ++i) {
        if (!is_step(i - 1) || !is_step(i) || !is_step(i + 1)) continue;
        // The speed at a frame is taken for the mean of the steps to and from it. Where it changes faster
        // than frames can tell, the factor that is found is the one that explains most.
        const RowStep &before = steps[i - 1].rows, &here = steps[i].rows, &after = steps[i + 1].rows;
        changes.push_back(0.5 * (after.map.dx - before.map.dx));
        slides.push_back(here.row_x * height);
        changes.push_back(0.5 * (after.map.dy - before.map.dy));
        slides.push_back(here.row_y * height);
    }
    Readout found;
    if (changes.size() < 2 * least_frames) return found;
    std::vector<double> weights(changes.size(), 1.0), errors(changes.size());
    double readout = 0, sigma = 0;
    for (int round = 0; round < refinements; ++round) {
        double square = 0, product = 0;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            square += weights[i] * changes[i] * changes[i];
            product += weights[i] * changes[i] * slides[i];
        }
        if (!(square > 0)) return found;
        readout = product / square;
        for (std::size_t i = 0; i < changes.size(); ++i)
            errors[i] = std::abs(slides[i] - readout * changes[i]);
        const double spread = std::max(least_sigma_px, mad_to_sigma * median(errors));
        sigma = spread / std::sqrt(square);
        for (std::size_t i = 0; i < changes.size(); ++i)
            weights[i] = 1 / (1 + std::pow(errors[i] / (2 * spread), 2));
    }
    found.sigma = sigma;
    std::vector<double> edges;
    for (const double change : changes) edges.push_back(std::abs(0.5 * readout * change));
    const double size = std::abs(readout);
    if (size > evidence * sigma && size >= least_readout && size <= most_readout &&
        quantile(std::move(edges), 0.95) >= least_slide_px)
        found.frames = readout;
    return found;
}

}  // namespace wetgate::framing
