#include "passes/grain.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "passes/median.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr Coding::Kind kinds[] = {Coding::Kind::AcesCct, Coding::Kind::Plate};
constexpr std::size_t most_bins = 200;
constexpr int sampled_frames = 4;

// The plate's coding is the safe choice: a wrong light model goes far astray in the shadows.
constexpr double clear_margin = 0.7;
constexpr double clean_code = 0.6 / 255;  // noise below this is that of rounding to 8 bits and of codecs

/// Four digits: a person reads them, and text made on two machines is the same text.
double significant(double value) {
    if (value == 0 || !std::isfinite(value)) return 0;
    const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

json significant(const std::array<double, 3>& three) {
    return {significant(three[0]), significant(three[1]), significant(three[2])};
}

json to_json(const NoiseBins& bins) {
    json channels = json::array();
    for (const auto& channel : bins) {
        json list = json::array();
        for (const NoiseBin& bin : channel)
            list.push_back({significant(bin.level), significant(bin.variance), bin.blocks});
        channels.push_back(list);
    }
    return channels;
}

NoiseBins bins_from(const ArtefactReader& channels) {
    NoiseBins bins;
    if (channels.size(3) != 3) channels.refuse("must have three channels");
    for (std::size_t c = 0; c < 3; ++c) {
        const ArtefactReader list = channels.item(c);
        for (std::size_t i = 0; i < list.size(most_bins); ++i) {
            const auto [level, variance, blocks] = list.item(i).three(-1e30, 1e30);
            bins[c].push_back({level, variance, blocks});
        }
    }
    return bins;
}

void add_texture(json& document, const GrainTexture& texture) {
    json near = json::array();
    for (const GrainTexture::Near& channel : texture.near) {
        json& rows = near.emplace_back(json::array());
        for (const auto& row : channel) {
            json& list = rows.emplace_back(json::array());
            for (const double value : row) list.push_back(rounded(std::round(value * 1000) / 1000));
        }
    }
    document["near"] = std::move(near);
    document["shared"] = rounded(texture.shared);
}

GrainTexture texture_from(const ArtefactReader& document) {
    constexpr std::size_t side = 2 * GrainTexture::reach_px + 1;
    GrainTexture texture;
    const ArtefactReader near = document.member("near");
    if (near.size(3) != 3) near.refuse("must have three channels");
    for (std::size_t c = 0; c < 3; ++c) {
        const ArtefactReader rows = near.item(c);
        if (rows.size(side) != texture.near[c].size())
            rows.refuse(fmt::format("must have {} rows", texture.near[c].size()));
        for (std::size_t y = 0; y < texture.near[c].size(); ++y) {
            if (rows.item(y).size(side) != side)
                rows.item(y).refuse(fmt::format("must have {} numbers", side));
            for (std::size_t x = 0; x < side; ++x) texture.near[c][y][x] = rows.item(y).item(x).number(-1, 1);
        }
    }
    texture.shared = document.member("shared").three(-1, 1);
    return texture;
}

/// Number by number.
GrainTexture middle_of(const std::vector<GrainTexture>& textures) {
    const auto middle = [&](const auto& value_of) {
        std::vector<double> all;
        for (const GrainTexture& texture : textures) all.push_back(value_of(texture));
        return median(std::move(all));
    };
    GrainTexture result;
    for (std::size_t c = 0; c < 3; ++c) {
        for (std::size_t y = 0; y < result.near[c].size(); ++y) {
            for (std::size_t x = 0; x < result.near[c][y].size(); ++x)
                result.near[c][y][x] =
                    middle([&](const GrainTexture& texture) { return texture.near[c][y][x]; });
        }
        result.shared[c] = middle([&](const GrainTexture& texture) { return texture.shared[c]; });
    }
    return result;
}

}  // namespace

at::Tensor noise_domain(const Coding& coding, const at::Tensor& linear) {
    return coding.kind() == Coding::Kind::AcesCct ? linear : coding.encode(linear);
}

GrainSurvey::GrainSurvey(const PassContext& context)
    : codings_{Coding(kinds[0], 0, context), Coding(kinds[1], 0, context)} {}

json GrainSurvey::measured(const at::Tensor& linear, const at::Tensor& before,
                           const at::Tensor& where) const {
    json facts = json::object();
    if (linear.numel() == 0) return facts;
    for (const Coding& coding : codings_) {
        const at::Tensor picture = noise_domain(coding, linear);
        facts[name_of(coding.kind())] =
            to_json(measure_noise(picture, before.defined() ? noise_domain(coding, before) : at::Tensor(),
                                  coding.kind() == Coding::Kind::AcesCct, where));
        if (coding.kind() != Coding::Kind::Plate) continue;
        if (const auto texture = measure_texture(picture, where)) add_texture(facts, *texture);
    }
    return facts;
}

json GrainSurvey::solved_fine(const std::string& pass, std::span<const json> all_frames, int first_frame,
                              const std::string& key, const std::string& coding) {
    std::array<std::vector<NoiseBins>, std::size(kinds)> bins;
    std::vector<GrainTexture> textures;
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        if (all_frames[i].is_null()) continue;
        const ArtefactReader frame(
            pass, all_frames[i],
            fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
        if (!key.empty() && !frame.has(key.c_str())) continue;
        const ArtefactReader facts = key.empty() ? frame : frame.member(key.c_str());
        for (std::size_t k = 0; k < std::size(kinds); ++k) {
            if (facts.has(name_of(kinds[k]))) bins[k].push_back(bins_from(facts.member(name_of(kinds[k]))));
        }
        if (facts.has("near")) textures.push_back(texture_from(facts));
    }
    std::array<NoiseFit, std::size(kinds)> fits;
    for (std::size_t i = 0; i < fits.size(); ++i) fits[i] = fit_noise(bins[i]);
    std::size_t chosen = fits[0].misfit < clear_margin * fits[1].misfit ? 0 : 1;
    if (coding != "auto") chosen = coding_kind(coding) == kinds[0] ? 0 : 1;
    const NoiseModel& plate = fits[1].model;
    double code = 0;
    for (std::size_t c = 0; c < 3; ++c) code += std::sqrt(plate.a[c] * 0.4 + plate.b[c]) / 3;
    json grain = {{"coding", name_of(kinds[chosen])},
                  {"a", significant(fits[chosen].model.a)},
                  {"b", significant(fits[chosen].model.b)},
                  {"clean", code < clean_code},
                  {"measured",
                   {{"misfit_acescct", rounded(fits[0].misfit)},
                    {"misfit_plate", rounded(fits[1].misfit)},
                    {"noise_in_codes_of_255", rounded(code * 255)},
                    {"blocks", fits[chosen].blocks}}}};
    add_texture(grain, textures.empty() ? GrainTexture() : middle_of(textures));
    return grain;
}

json GrainSurvey::solved(const std::string& pass, std::span<const json> all_frames, int first_frame,
                         const std::string& key, const std::string& coding) {
    json grain = solved_fine(pass, all_frames, first_frame, key, coding);
    const ArtefactReader reader(pass, grain, "the measurement");
    const std::array<double, 3> share = texture_from(reader).fine_share();
    NoiseModel whole = noise_from(reader);
    for (std::size_t c = 0; c < 3; ++c) {
        whole.a[c] /= share[c];
        whole.b[c] /= share[c];
    }
    grain["a"] = significant(whole.a);
    grain["b"] = significant(whole.b);
    return grain;
}

NoiseModel noise_from(const ArtefactReader& strength) {
    return {strength.member("a").three(0, 100), strength.member("b").three(0, 100)};
}

bool is_sampled(const FrameWindow& window) {
    return window[0].number % sampled_frames == 0 || !window.is_real(-1);
}

at::Tensor before_of(const FrameWindow& window) {
    return window.is_real(-1) ? window[-1].pixels : at::Tensor();
}

Grain::Grain(const ArtefactReader& grain, const PassContext& context)
    : coding_(coding_kind(grain.member("coding").text()), 0, context), strength_(noise_from(grain)) {
    if (grain.has("near")) texture_ = texture_from(grain);
}

at::Tensor Grain::added(const at::Tensor& linear, const at::Tensor& where, const Box& window,
                        std::uint64_t seed, double amount, const NoiseModel& present) const {
    const at::Tensor rows = where[0].any(1).nonzero(), columns = where[0].any(0).nonzero();
    if (amount <= 0 || rows.numel() == 0) return linear;
    const auto top = rows[0].item<std::int64_t>(), end = rows[-1].item<std::int64_t>() + 1;
    const auto left = columns[0].item<std::int64_t>(), right = columns[-1].item<std::int64_t>() + 1;
    const auto cut = [&](const at::Tensor& planes) {
        return planes.slice(1, top, end).slice(2, left, right);
    };
    const Box box{window.x0 + static_cast<int>(left), window.y0 + static_cast<int>(top),
                  window.x0 + static_cast<int>(right), window.y0 + static_cast<int>(end)};
    const at::Tensor here = cut(linear);
    const at::Tensor value = noise_domain(coding_, here);
    const at::Tensor missing =
        (strength_.sigma(value).square() - present.sigma(value).square()).clamp_min(0).sqrt() * amount;
    const at::Tensor change = texture_.field(seed, box).to(linear.device()) * missing;
    const at::Tensor grained =
        coding_.kind() == Coding::Kind::AcesCct ? here + change : coding_.moved(here, value, change);
    at::Tensor result = linear.clone();
    cut(result).copy_(at::where(cut(where), grained, here));
    return result;
}

}  // namespace wetgate::passes
