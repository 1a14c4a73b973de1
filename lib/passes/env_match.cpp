#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/env_match_sky.h"
#include "passes/median.h"
#include "passes/pass.h"
#include "passes/surfaces.h"

// Sky, haze and background under a matte come to a reference: a gain at the picture's top, one at its bottom,
// and an airlight that is added, all for the whole shot.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.env_match/1";
constexpr double most_light = 1e9;
constexpr double largest_stops = 10;
constexpr std::size_t most_samples = 1000;  // a frame
constexpr std::size_t least_surfaces = 40;  // of a shot: with fewer, the region's statistics decide
constexpr int bands = 10;                   // of a region, top to bottom, that statistics compare
constexpr std::array<double, 5> quantiles = {0.1, 0.3, 0.5, 0.7, 0.9};
constexpr std::int64_t least_pixels = 200;
constexpr double least_covered = 0.5;  // of a matte: less is edge

// The fit, a channel: reference = plate * 2^(top + (bottom - top) height) + airlight.
constexpr int rounds = 30;
constexpr double slope_deviation = 1.0;     // stops from top to bottom, that a prior allows
constexpr double airlight_deviation = 0.1;  // of the mean light
constexpr double least_noise = 0.01;
constexpr double alike_samples = 10;
constexpr double least_explained = 0.8;  // of the error that there was: above, the change is left out
constexpr double alike = 0.02;           // an error that nobody sees
constexpr double floor_share = 0.1;      // of the mean light: errors of darker samples count as if as light

struct Sample {
    double plate = 0, reference = 0, height = 0, weight = 0;
};

struct Channel {
    double top = 0, bottom = 0;  // stops
    double airlight = 0;
    double before = 0, after = 0;  // median error, as a share of the light
};

double mean_light(const std::vector<Sample>& samples) {
    double plate = 0, reference = 0;
    for (const Sample& sample : samples) {
        plate += std::max(sample.plate, 0.0) / static_cast<double>(samples.size());
        reference += std::max(sample.reference, 0.0) / static_cast<double>(samples.size());
    }
    return std::max({plate, reference, 1e-9});
}

/// Stops in the middle of the picture, stops from top to bottom, airlight.
using Numbers = std::array<double, 3>;

struct Fit {
    Numbers at{};
    double error = 0;  // median, as a share of the light
};

/// Gauss-Newton with Cauchy weights from one start.
Fit fitted_from(Numbers at, const std::vector<Sample>& samples, double light) {
    const auto made = [&](const Sample& sample) {
        return sample.plate * std::exp2(at[0] + at[1] * (sample.height - 0.5)) + at[2];
    };
    const auto unit = [&](const Sample& sample) {
        return std::max(sample.reference, 0.0) + floor_share * light;
    };
    const auto error = [&] {
        std::vector<double> off;
        for (const Sample& sample : samples)
            off.push_back(std::abs(made(sample) - sample.reference) / unit(sample));
        return median(std::move(off));
    };
    for (int round = 0; round < rounds; ++round) {
        const double scale = std::max(least_noise, error());
        const double noise = alike_samples * scale * scale;
        cv::Matx33d normal = cv::Matx33d::zeros();
        cv::Vec3d right(0, 0, 0);
        for (const Sample& sample : samples) {
            const double off = (sample.reference - made(sample)) / unit(sample);
            const double weight = sample.weight / (1 + std::pow(off / scale, 2));
            const double lit = (made(sample) - at[2]) * std::log(2.0) / unit(sample);
            const cv::Vec3d slope(lit, lit * (sample.height - 0.5), 1 / unit(sample));
            for (int a = 0; a < 3; ++a) {
                right[a] += weight * slope[a] * off;
                for (int b = 0; b < 3; ++b) normal(a, b) += weight * slope[a] * slope[b];
            }
        }
        const double slope_prior = noise / (slope_deviation * slope_deviation);
        const double airlight_prior = noise / std::pow(airlight_deviation * light, 2);
        normal(0, 0) += 1e-9;
        normal(1, 1) += slope_prior;
        normal(2, 2) += airlight_prior;
        right[1] -= slope_prior * at[1];
        right[2] -= airlight_prior * at[2];
        const cv::Vec3d step = normal.solve(right, cv::DECOMP_CHOLESKY);
        at[0] = std::clamp(at[0] + std::clamp(step[0], -1.0, 1.0), -largest_stops, largest_stops);
        at[1] = std::clamp(at[1] + std::clamp(step[1], -1.0, 1.0), -largest_stops, largest_stops);
        at[2] += step[2];
    }
    return {at, error()};
}

/// From where only gains differ, and from where only the airlight does: in a dark region either may be the
/// truth.
Channel fitted(const std::vector<Sample>& samples) {
    const double light = mean_light(samples);
    std::vector<double> ratios, differences, off;
    for (const Sample& sample : samples) {
        differences.push_back(sample.reference - sample.plate);
        off.push_back(std::abs(differences.back()) / (std::max(sample.reference, 0.0) + floor_share * light));
        if (sample.plate > 0 && sample.reference > 0)
            ratios.push_back(std::log2(sample.reference / sample.plate));
    }
    const Fit by_gain = fitted_from({median(std::move(ratios)), 0, 0}, samples, light);
    const Fit by_airlight = fitted_from({0, 0, median(std::move(differences))}, samples, light);
    const Fit& best = by_airlight.error < by_gain.error ? by_airlight : by_gain;
    return {best.at[0] - 0.5 * best.at[1], best.at[0] + 0.5 * best.at[1], best.at[2], median(std::move(off)),
            best.error};
}

/// Of the pixels that `matte` [1,H,W] covers, band by band from its top to its bottom: quantiles of R,G,B,
/// and the band's height in the picture.
struct Band {
    std::array<std::array<double, quantiles.size()>, 3> light{};
    double height = 0;
    bool is_known = false;
};

std::array<Band, bands> statistics(const at::Tensor& linear, const at::Tensor& matte) {
    std::array<Band, bands> all;
    const at::Tensor inside = (matte[0] > least_covered).to(at::kCPU);
    const at::Tensor rows = inside.any(1).nonzero();
    if (rows.numel() == 0) return all;
    const std::int64_t top = rows[0].item<std::int64_t>(), end = rows[-1].item<std::int64_t>() + 1;
    const at::Tensor picture = linear.to(at::kCPU);
    for (int k = 0; k < bands; ++k) {
        const std::int64_t from = top + (end - top) * k / bands, to = top + (end - top) * (k + 1) / bands;
        if (to <= from) continue;
        const at::Tensor covered = inside.slice(0, from, to);
        Band& band = all[static_cast<std::size_t>(k)];
        band.height = 0.5 * static_cast<double>(from + to) / static_cast<double>(linear.size(1));
        band.is_known = true;
        for (int c = 0; c < 3; ++c) {
            const at::Tensor values = picture[c].slice(0, from, to).masked_select(covered);
            const at::Tensor sorted = std::get<0>(values.masked_select(at::isfinite(values)).sort());
            if (sorted.numel() < least_pixels) {
                band.is_known = false;
                break;
            }
            for (std::size_t q = 0; q < quantiles.size(); ++q)
                band.light[static_cast<std::size_t>(c)][q] =
                    sorted[static_cast<std::int64_t>(quantiles[q] * static_cast<double>(sorted.numel() - 1))]
                        .item<double>();
        }
    }
    return all;
}

json number(double value) {
    return std::stod(fmt::format("{:.7g}", value));  // light of any level
}

class EnvMatchAnalysis final : public ShotAnalysis {
public:
    explicit EnvMatchAnalysis(const PassContext& context)
        : references_(context.references),
          protect_(context.protect),
          has_matte_(context.has_matte),
          least_matches_(context.params.integer("least_matches")) {
        if (!context.params.has("reference")) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: env_match needs a \"reference\": the name of one of the shot's "
                                    "\"references\"",
                                    context.params.pointer()));
        }
        reference_ = context.params.text("reference");
        reference_matte_ =
            context.params.has("reference_matte") ? context.params.text("reference_matte") : "";
        shared_ = std::make_unique<ReferenceSurfaces>(references_, reference_);
    }

    json measure(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        json facts = {{"matches", 0}, {"surfaces", json::array()}, {"statistics", json::array()}};
        if (frame.pixels.numel() == 0) return facts;
        at::Tensor region = has_matte_ ? window.matte() : env_match::sky_matte(frame.pixels);
        if (const at::Tensor protect = window.matte_called(protect_); protect.defined())
            region = region * (1 - protect);
        facts["covered"] = rounded(region.mean(at::kDouble).item<double>());
        const SharedSurfaces shared =
            shared_->shared_with(SmallPicture(frame.pixels, region), least_matches_);
        facts["matches"] = shared.matches;
        for (const Surface& surface : shared.surfaces)
            add(facts["surfaces"], surface.plate, surface.reference, surface.height, surface.weight);

        const std::vector<int> frames = references_->frames(reference_);
        const at::Tensor reference = references_->picture(reference_, frames[frames.size() / 2]).pixels;
        at::Tensor there = window.matte_called(reference_matte_);
        if (!there.defined()) {
            const bool is_same = has_matte_ && reference.sizes() == frame.pixels.sizes();
            there = is_same ? region : env_match::sky_matte(reference);
        }
        if (there.size(1) != reference.size(1) || there.size(2) != reference.size(2)) {
            throw Error(
                ErrorKind::Usage,
                fmt::format("env_match: the reference_matte is for a picture of another size than the "
                            "reference's {}x{}",
                            reference.size(2), reference.size(1)),
                {"", "", frame.number});
        }
        const auto here_bands = statistics(frame.pixels, region), there_bands = statistics(reference, there);
        for (std::size_t k = 0; k < here_bands.size(); ++k) {
            if (!here_bands[k].is_known || !there_bands[k].is_known) continue;
            for (std::size_t q = 0; q < quantiles.size(); ++q) {
                std::array<double, 3> plate{}, aim{};
                for (std::size_t c = 0; c < 3; ++c) {
                    plate[c] = here_bands[k].light[c][q];
                    aim[c] = there_bands[k].light[c][q];
                }
                add(facts["statistics"], plate, aim, here_bands[k].height, 1);
            }
        }
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::array<std::vector<Sample>, 3> surfaces, statistics_of_all;
        for (std::size_t i = 0; i < all_frames.size(); ++i) {
            if (all_frames[i].is_null()) continue;
            const ArtefactReader facts(
                "env_match", all_frames[i],
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
            collect(facts.member("surfaces"), surfaces);
            collect(facts.member("statistics"), statistics_of_all);
        }
        const bool by_surfaces = surfaces[0].size() >= least_surfaces;
        const auto& samples = by_surfaces ? surfaces : statistics_of_all;
        json artefact = {{"schema", artefact_schema},       {"first_frame", first_frame},
                         {"samples", samples[0].size()},    {"top_stops", {0.0, 0.0, 0.0}},
                         {"bottom_stops", {0.0, 0.0, 0.0}}, {"airlight", {0.0, 0.0, 0.0}}};
        if (samples[0].empty()) {
            artefact["verdict"] = "left alone";
            artefact["why"] = has_matte_ ? "what the matte covers has nothing in common with the reference"
                                         : "no sky was found here and in the reference; give it a matte";
            return artefact;
        }
        artefact["by"] = by_surfaces ? "surfaces" : "statistics";
        std::array<Channel, 3> channels;
        double before = 0, after = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            channels[c] = fitted(samples[c]);
            before += channels[c].before / 3;
            after += channels[c].after / 3;
        }
        artefact["error_percent"] = {{"before", rounded(100 * before)}, {"after", rounded(100 * after)}};
        if (before < alike) {
            artefact["verdict"] = "alike";
            return artefact;
        }
        if (after > least_explained * before) {
            artefact["verdict"] = "left alone";
            artefact["why"] = "the region and the reference do not differ by gains and haze";
            return artefact;
        }
        artefact["verdict"] = "matched";
        for (std::size_t c = 0; c < 3; ++c) {
            const Channel& channel = channels[c];
            artefact["top_stops"][c] = rounded(channel.top);
            artefact["bottom_stops"][c] = rounded(channel.bottom);
            artefact["airlight"][c] = number(channel.airlight);
        }
        return artefact;
    }

private:
    static void add(json& list, const std::array<double, 3>& plate, const std::array<double, 3>& aim,
                    double height, double weight) {
        json row = json::array();
        for (const double value : plate) row.push_back(number(value));
        for (const double value : aim) row.push_back(number(value));
        row.push_back(rounded(height));
        row.push_back(rounded(weight));
        list.push_back(row);
    }

    static void collect(const ArtefactReader& list, std::array<std::vector<Sample>, 3>& samples) {
        const std::size_t count = list.size(most_samples);
        for (std::size_t i = 0; i < count; ++i) {
            const ArtefactReader row = list.item(i);
            if (row.size(8) != 8) row.refuse("must have eight numbers");
            for (std::size_t c = 0; c < 3; ++c)
                samples[c].push_back({row.item(c).number(-most_light, most_light),
                                      row.item(3 + c).number(-most_light, most_light),
                                      row.item(6).number(0, 1), row.item(7).number(0, 1)});
        }
    }

    std::shared_ptr<const References> references_;
    std::string reference_, reference_matte_, protect_;
    bool has_matte_;
    int least_matches_;
    std::unique_ptr<ReferenceSurfaces> shared_;
};

class EnvMatchPass final : public FramePass {
public:
    explicit EnvMatchPass(const PassContext& context)
        : has_matte_(context.has_matte), feather_px_(context.params.integer("feather_px")) {
        // The planner asks for reach() before there is a match.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("env_match", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        top_ = artefact.member("top_stops").three(-largest_stops, largest_stops);
        bottom_ = artefact.member("bottom_stops").three(-largest_stops, largest_stops);
        airlight_ = artefact.member("airlight").three(-most_light, most_light);
        if (artefact.has("first_frame")) first_frame_ = artefact.member("first_frame").integer();
        if (artefact.has("why")) why_ = artefact.member("why").text();
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        const std::array<double, 3> nothing{};
        PassResult result;
        result.pixels = frame.pixels;
        result.touch = at::zeros_like(frame.pixels.slice(0, 0, 1));
        if (frame.pixels.numel() == 0) return result;
        if (top_ == nothing && bottom_ == nothing && airlight_ == nothing) {
            if (!why_.empty() && frame.number == first_frame_) result.facts = {{"left_alone", why_}};
            return result;
        }
        const at::Tensor region = has_matte_ ? window.matte() : env_match::sky_matte(frame.pixels);
        result.facts = {{"covered", rounded(region.mean(at::kDouble).item<double>())}};
        const std::int64_t height = frame.pixels.size(1);
        const at::Tensor way =
            ((at::arange(height, frame.pixels.options()) + 0.5) / static_cast<double>(height))
                .view({height, 1});
        std::vector<at::Tensor> channels;
        for (std::size_t c = 0; c < 3; ++c) {
            const at::Tensor gain = (top_[c] + (bottom_[c] - top_[c]) * way).exp2();
            channels.push_back(frame.pixels[static_cast<std::int64_t>(c)] * gain + airlight_[c]);
        }
        result.pixels = at::stack(channels);
        const at::Tensor inside = env_match::feathered(region, feather_px_);
        // The framework multiplies by the job's matte itself.
        result.touch = has_matte_
                           ? at::where(region > 0, inside / region.clamp_min(1e-6), at::zeros_like(region))
                           : inside;
        return result;
    }

private:
    bool has_matte_;
    int feather_px_;
    int first_frame_ = 0;
    std::string why_;
    std::array<double, 3> top_{}, bottom_{}, airlight_{};
};

}  // namespace

PassEntry env_match_entry() {
    return {"env_match",
            [](const PassContext& context) { return std::make_unique<EnvMatchPass>(context); },
            [](const PassContext& context) { return std::make_unique<EnvMatchAnalysis>(context); },
            nullptr,
            0,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes
