#include "passes/frame_repair_between.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "motion/align.h"
#include "motion/between.h"

// Note [Between two frames]
// Flow is found at three sizes, and each is carried to the missing frame's time (motion::flow_between). At
// every pixel these three, and no motion at all, are judged by how well what they fetch from the frame before
// agrees with what they fetch from the frame after, and mixed by that: a fast small thing is found by one, a
// texture that repeats by another. Motion is bent by what the frames further out say of acceleration.
// What the two frames give differs where flow is wrong, and there their mean is a double exposure. Half their
// difference has, in each band of a Laplacian pyramid (Burt and Adelson, 1983), the variance of the mean's
// error, so a Wiener filter band by band takes out of the mean what it can not know: 0.3 to 1.2 dB, and
// ghosts become soft. Over 16 moving clips with every 7th
// frame removed: 1.9 dB above FFmpeg's motion interpolation (0 to 4.4).

namespace wetgate::passes::frame_repair {
namespace {

constexpr double judged_px = 3;                    // standard deviation of the neighbourhood that is judged
constexpr double most_difference = 500 / 65025.0;  // squared, a pixel: of 8 bits
constexpr double even_difference = 4 / 65025.0;
constexpr double even_share = 0.3;      // differences so near the least, in parts of it, count as that
constexpr double least_bend_px = 0.15;  // what is found of acceleration below this is mostly error of flow
constexpr double bend_px = 2;
constexpr double share_px = 1;
constexpr double least_share = 0.02;
constexpr int levels = 4;
constexpr std::int64_t least_side_px = 8;  // of a level
constexpr double band_px = 6;              // over which the bands' variances are averaged
constexpr int grain_levels = 2;            // the finest
constexpr double grain_spread = 2;         // over the usual power: light differs over a picture
constexpr double most_softened = 4;        // of a plate's power, that fetching it along flow took
constexpr double caution = 1.5;  // the two errors are alike in part, so their difference tells too little

/// Each plane of `planes` [C,H,W] filtered along rows and columns by `taps`, edges repeated.
at::Tensor filtered(const at::Tensor& planes, const std::vector<float>& taps) {
    const auto size = static_cast<std::int64_t>(taps.size());
    const std::int64_t half = size / 2;
    const at::Tensor kernel = at::tensor(taps, at::kFloat).to(planes.device());
    const at::Tensor grown = at::replication_pad2d(planes.unsqueeze(1), {half, half, half, half});
    return at::conv2d(at::conv2d(grown, kernel.view({1, 1, 1, size})), kernel.view({1, 1, size, 1}))
        .squeeze(1);
}

at::Tensor blurred(const at::Tensor& planes, double sigma_px) {
    std::vector<float> taps;
    const int half = static_cast<int>(std::ceil(3 * sigma_px));
    double sum = 0;
    for (int i = -half; i <= half; ++i) sum += std::exp(-i * i / (2 * sigma_px * sigma_px));
    for (int i = -half; i <= half; ++i)
        taps.push_back(static_cast<float>(std::exp(-i * i / (2 * sigma_px * sigma_px)) / sum));
    return filtered(planes, taps);
}

const std::vector<float> binomial = {1 / 16.0F, 4 / 16.0F, 6 / 16.0F, 4 / 16.0F, 1 / 16.0F};

/// Every second row and column, after a blur.
at::Tensor halved(const at::Tensor& planes) {
    return filtered(planes, binomial).slice(1, 0, at::nullopt, 2).slice(2, 0, at::nullopt, 2).contiguous();
}

/// Back to the size of `like`.
at::Tensor doubled(const at::Tensor& planes, const at::Tensor& like) {
    at::Tensor spread = at::zeros({planes.size(0), like.size(1), like.size(2)}, planes.options());
    at::Tensor known = at::zeros({1, like.size(1), like.size(2)}, planes.options());
    spread.slice(1, 0, at::nullopt, 2).slice(2, 0, at::nullopt, 2).copy_(planes);
    known.slice(1, 0, at::nullopt, 2).slice(2, 0, at::nullopt, 2).fill_(1);
    return filtered(spread, binomial) / filtered(known, binomial);
}

/// What a band that has `power` [1,H,W] lacks of that of the two it was made from, before they were fetched
/// along flow (`plate`, one of them), as their difference has it: of the right size, colour and structure at
/// each level of light. No more than is usual over the picture, since where flow was wrong they differ by
/// more than grain.
at::Tensor grain_of(const at::Tensor& share, const at::Tensor& first, const at::Tensor& second,
                    const at::Tensor& power, const at::Tensor& plate) {
    const auto power_of = [](const at::Tensor& band) {
        return blurred(band.square().mean(0, true), band_px);
    };
    const at::Tensor difference = first - second;
    const at::Tensor apart = power_of(difference);
    const at::Tensor power_first = power_of(first);
    const at::Tensor softened =
        (power_of(plate).median() / power_first.median().clamp_min(1e-11)).clamp(1, most_softened);
    const at::Tensor wanted = softened * (share * power_first + (1 - share) * power_of(second));
    const at::Tensor most = softened * at::minimum(apart, grain_spread * apart.median()) / 2;
    const at::Tensor lacking = at::minimum((wanted - power).clamp_min(0), most);
    return difference * (lacking / apart.clamp_min(1e-11)).sqrt();
}

/// Mean of two pictures, `share` [1,H,W] of the first, each band as far as the two agree on it, and `grain`
/// of that of `plate`.
at::Tensor agreed_mean(const at::Tensor& first, const at::Tensor& second, const at::Tensor& share, int depth,
                       double grain, const at::Tensor& plate) {
    if (depth == 0 || std::min(first.size(1), first.size(2)) < 2 * least_side_px)
        return share * first + (1 - share) * second;
    const at::Tensor small_first = halved(first);
    const at::Tensor small_second = halved(second);
    const at::Tensor small_plate = halved(plate);
    const at::Tensor coarse =
        agreed_mean(small_first, small_second, halved(share), depth - 1, grain, small_plate);
    const at::Tensor band_first = first - doubled(small_first, first);
    const at::Tensor band_second = second - doubled(small_second, second);
    const at::Tensor mean = share * band_first + (1 - share) * band_second;
    const at::Tensor difference = band_first - band_second;
    const at::Tensor squares = share.square() + (1 - share).square();
    const at::Tensor spread = share * (1 - share) * difference.square();
    const at::Tensor error = blurred(spread.mean(0, true) * squares / (1 - squares).clamp_min(1e-3), band_px);
    const at::Tensor power = blurred(mean.square().mean(0, true), band_px);
    const at::Tensor kept = (1 - caution * error / power.clamp_min(1e-11)).clamp(0, 1);
    at::Tensor band = kept * mean;
    if (grain > 0 && depth > levels - grain_levels)
        band = band + grain * grain_of(share, band_first, band_second, kept.square() * power,
                                       plate - doubled(small_plate, plate));
    return doubled(coarse, first) + band;
}

}  // namespace

at::Tensor made_between(const Surroundings& frames, double grain) {
    const at::Tensor& before = frames.before;
    const at::Tensor& after = frames.after;
    const c10::Device device = before.device();
    const double t = static_cast<double>(frames.place) / frames.gap;
    const motion::GrayImage first = motion::quiet_guide(before, 0);
    const motion::GrayImage second = motion::quiet_guide(after, 0);
    std::vector<at::Tensor> shifts;  // [2,H,W]
    at::Tensor share;                // [1,H,W] of `before`
    for (const auto quality :
         {motion::FlowQuality::Fine, motion::FlowQuality::Medium, motion::FlowQuality::Coarse}) {
        const motion::FlowBetween found = motion::flow_between(motion::dense_flow(first, second, quality),
                                                               motion::dense_flow(second, first, quality), t);
        shifts.push_back(motion::shift_of(found.flow, device));
        if (share.defined()) continue;
        share = at::tensor(found.from_first).view({1, before.size(1), before.size(2)}).to(device);
        const at::Tensor near = share * (1 - t);
        share = blurred(near / (near + (1 - share) * t).clamp_min(1e-6), share_px)
                    .clamp(least_share, 1 - least_share);
    }
    const at::Tensor found = shifts.front();
    shifts.push_back(at::zeros_like(found));

    at::Tensor bend = at::zeros_like(found);
    if (frames.further_before.defined() && frames.further_after.defined()) {
        const auto outwards = [&](const motion::GrayImage& from, const at::Tensor& to, const at::Tensor& by) {
            return motion::aligned(
                motion::shift_of(motion::dense_flow(from, motion::quiet_guide(to, 0)), device), by);
        };
        // Both ways out differ from the way between by the acceleration alone.
        const at::Tensor both = outwards(first, frames.further_before, found * -t) +
                                outwards(second, frames.further_after, found * (1 - t));
        bend = both * (-0.5 * frames.place * (frames.gap - frames.place) / (frames.gap + 1));
        const at::Tensor length = bend.square().sum(0, true).sqrt();
        const at::Tensor most = 0.5 * (found.square().sum(0, true).sqrt() + 1);
        bend = blurred(bend * (most / length.clamp_min(1e-6)).clamp_max(1), bend_px);
        const at::Tensor square = bend.square().sum(0, true);
        bend = bend * (square / (square + least_bend_px * least_bend_px));
    }
    const auto fetched = [&](const at::Tensor& picture, const at::Tensor& shift, double time) {
        return motion::aligned(picture, shift * time - bend);
    };

    std::vector<at::Tensor> costs;
    for (const at::Tensor& shift : shifts) {
        const at::Tensor difference = fetched(before, shift, -t) - fetched(after, shift, 1 - t);
        costs.push_back(blurred(difference.square().mean(0, true).clamp_max(most_difference), judged_px));
    }
    const at::Tensor cost = at::stack(costs);
    const at::Tensor least = std::get<0>(cost.min(0, true));
    at::Tensor weight = at::exp((least - cost) / (even_share * least + even_difference));
    weight = weight / weight.sum(0, true);
    at::Tensor from_before = at::zeros_like(before);
    at::Tensor from_after = at::zeros_like(after);
    for (std::size_t i = 0; i < shifts.size(); ++i) {
        const at::Tensor part = weight[static_cast<std::int64_t>(i)];
        from_before += part * fetched(before, shifts[i], -t);
        from_after += part * fetched(after, shifts[i], 1 - t);
    }
    return agreed_mean(from_before, from_after, share, levels, grain, before);
}

}  // namespace wetgate::passes::frame_repair
