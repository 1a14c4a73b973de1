#include "passes/deband_grid.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "passes/artefact_reader.h"

// Note [Reading the grid]
// A picture that was rounded takes few values, evenly spaced: a comb. Each frame lists the values that it
// takes along R', G', B' and along luma by three matrices (8 bit movies are rounded there, and their R'G'B'
// is not); an axis that takes too many values, or wide ones, is no comb and lists nothing. The shot's comb is
// the line through all levels over their numbers. Spacing need not be exact: 6 bits kept in an 8 bit file are
// 4 or 5 codes apart, so levels are numbered by rounding, and the line's step is that of the 6 bits.

namespace wetgate::passes::deband {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.deband/1";

struct Axis {
    const char* name;
    std::array<double, 3> weights;  // of R', G', B'
};
constexpr double luma_matrices[][2] = {{0.2126, 0.0722}, {0.299, 0.114}, {0.2627, 0.0593}};
constexpr Axis axes[] = {{"R", {1, 0, 0}},
                         {"G", {0, 1, 0}},
                         {"B", {0, 0, 1}},
                         {"Y709", {0.2126, 1 - 0.2126 - 0.0722, 0.0722}},
                         {"Y601", {0.299, 1 - 0.299 - 0.114, 0.114}},
                         {"Y2020", {0.2627, 1 - 0.2627 - 0.0593, 0.0593}}};
constexpr std::size_t axis_count = std::size(axes);

constexpr int bins_a_unit = 1 << 16;
constexpr double lowest = -0.5, highest = 1.5;
constexpr auto bin_count = static_cast<std::size_t>((highest - lowest) * bins_a_unit);
// What one code is spread over: by half floats through a colour matrix, else by float arithmetic. The codes
// of 10 bits are 64 bins apart, those of 11 bits 32.
constexpr std::size_t bins_apart[] = {48, 8};
constexpr std::size_t most_levels = 1100;        // 10 bits
constexpr double most_occupied = 0.4;            // share of the span between the first level and the last
constexpr std::int64_t pixels_a_speck = 20'000;  // one stray pixel in so many makes no level

constexpr std::size_t least_levels = 6;
constexpr double finest = 1.0 / 2100, coarsest = 1.0 / 12;
constexpr double most_misfit = 0.2;       // steps; 7 bits in an 8 bit file have 0.14, no comb 0.29
constexpr double widest_gap = 8;          // usual gaps, within one run of levels
constexpr double most_luma_misfit = 0.1;  // movies are exact; sums of three combs come near one by chance
constexpr double least_used = 0.2;        // share of the comb's teeth
constexpr double most_without = 0.1;      // share of the frames

struct Level {
    double value = 0;
    double count = 0;
};

/// How often each of the values from `lowest` to `highest` is taken.
struct Histogram {
    std::vector<std::int64_t> counts;
    std::vector<double> sums;
    std::int64_t pixels = 0;

    explicit Histogram(const at::Tensor& plane)  // finite
        : counts(bin_count, 0), sums(bin_count, 0.0), pixels(plane.numel()) {
        const at::Tensor host = plane.to(at::kCPU).contiguous();
        const float* values = host.data_ptr<float>();
        for (std::int64_t i = 0; i < pixels; ++i) {
            const double value = values[i];
            if (!(value >= lowest && value < highest)) continue;
            const auto bin =
                std::min(static_cast<std::size_t>((value - lowest) * bins_a_unit), bin_count - 1);
            ++counts[bin];
            sums[bin] += value;
        }
    }
};

/// The values that are taken, those less than `apart` bins from the next as one; nullopt where they are no
/// comb.
std::optional<std::vector<Level>> levels_of(const Histogram& histogram, std::size_t apart) {
    const std::int64_t least = std::max<std::int64_t>(1, histogram.pixels / pixels_a_speck);
    std::vector<Level> levels;
    std::size_t occupied = 0, first = 0, last = 0;
    for (std::size_t bin = 0; bin < bin_count;) {
        std::int64_t count = 0;
        double sum = 0;
        std::size_t end = bin + 1;  // one behind the last bin of this level
        for (std::size_t at = bin; at < bin_count && at < end + apart - 1; ++at) {
            if (histogram.counts[at] == 0) {
                if (at == bin) break;
                continue;
            }
            count += histogram.counts[at];
            sum += histogram.sums[at];
            end = at + 1;
        }
        if (count >= least) {
            if (levels.size() == most_levels) return std::nullopt;
            if (levels.empty()) first = bin;
            last = end;
            occupied += end - bin;
            levels.push_back({sum / static_cast<double>(count), static_cast<double>(count)});
        }
        bin = end;
    }
    const bool is_comb = levels.size() < 2 ? occupied <= apart
                                           : static_cast<double>(occupied) <=
                                                 most_occupied * static_cast<double>(last - first);
    if (!is_comb) return std::nullopt;
    return levels;
}

/// A comb and how far, root mean square, in steps, its levels lie from it.
struct Comb {
    double step = 0, offset = 0, misfit = 1;
    std::size_t levels = 0;
};

std::vector<Level> merged(std::vector<Level> levels, std::size_t apart) {
    std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.value < b.value; });
    std::vector<Level> result;
    for (const Level& level : levels) {
        if (!result.empty() && level.value - result.back().value < static_cast<double>(apart) / bins_a_unit) {
            Level& one = result.back();
            const double count = one.count + level.count;
            one = {(one.value * one.count + level.value * level.count) / count, count};
        } else {
            result.push_back(level);
        }
    }
    return result;
}

/// The line through levels over their numbers, which are `number[i]`.
Comb line_through(const std::vector<Level>& levels, const std::vector<double>& number) {
    const auto n = static_cast<double>(levels.size());
    double mean_number = 0, mean_value = 0, product = 0, square = 0, misfit = 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        mean_number += number[i] / n;
        mean_value += levels[i].value / n;
    }
    for (std::size_t i = 0; i < levels.size(); ++i) {
        product += (number[i] - mean_number) * (levels[i].value - mean_value);
        square += (number[i] - mean_number) * (number[i] - mean_number);
    }
    Comb comb;
    comb.levels = levels.size();
    comb.step = product / square;
    comb.offset = mean_value - comb.step * mean_number;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const double away = (levels[i].value - comb.offset) / comb.step - number[i];
        misfit += away * away / n;
    }
    comb.misfit = std::sqrt(misfit);
    return comb;
}

/// The longest run of levels without a wide gap: strays (a clipped highlight, a title) say nothing of the
/// comb.
std::vector<Level> longest_run(const std::vector<Level>& levels, double widest) {
    std::size_t best = 0, best_end = 0, begin = 0;
    for (std::size_t i = 1; i <= levels.size(); ++i) {
        if (i < levels.size() && levels[i].value - levels[i - 1].value <= widest) continue;
        if (i - begin > best_end - best) {
            best = begin;
            best_end = i;
        }
        begin = i;
    }
    return {levels.begin() + static_cast<std::ptrdiff_t>(best),
            levels.begin() + static_cast<std::ptrdiff_t>(best_end)};
}

std::vector<double> gaps_of(const std::vector<Level>& levels) {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < levels.size(); ++i) gaps.push_back(levels[i].value - levels[i - 1].value);
    return gaps;
}

/// nullopt: the levels are too few, or no comb.
std::optional<Comb> comb_of(const std::vector<Level>& all) {
    if (all.size() < least_levels) return std::nullopt;
    // Levels that the shot never shows make gaps of two steps and more: the usual gap is a small one.
    std::vector<double> sorted = gaps_of(all);
    std::sort(sorted.begin(), sorted.end());
    const double usual = sorted[sorted.size() / 4];
    const std::vector<Level> levels = longest_run(all, widest_gap * usual);
    if (levels.size() < least_levels) return std::nullopt;
    const std::vector<double> gaps = gaps_of(levels);
    double sum = 0, count = 0;
    for (const double gap : gaps) {
        if (gap < 0.6 * usual || gap > 1.6 * usual) continue;
        sum += gap;
        ++count;
    }
    if (count == 0) return std::nullopt;
    std::vector<double> number(levels.size(), 0.0);
    for (std::size_t i = 1; i < levels.size(); ++i)
        number[i] = number[i - 1] + std::max(1.0, std::round(gaps[i - 1] * count / sum));
    Comb comb = line_through(levels, number);
    for (std::size_t i = 0; i < levels.size(); ++i)
        number[i] = std::round((levels[i].value - comb.offset) / comb.step);
    if (number.back() <= number.front()) return std::nullopt;
    comb = line_through(levels, number);
    const double used = static_cast<double>(levels.size()) / (number.back() - number.front() + 1);
    if (!(comb.step >= finest && comb.step <= coarsest && comb.misfit <= most_misfit && used >= least_used))
        return std::nullopt;
    comb.offset -= comb.step * std::round(comb.offset / comb.step);
    return comb;
}

/// The levels of a shot along one axis; nullopt where too many frames are no comb there.
std::optional<std::vector<Level>> shot_levels(const std::vector<ArtefactReader>& frames, const char* axis) {
    std::vector<Level> all;
    std::size_t without = 0;
    for (const ArtefactReader& frame : frames) {
        if (!frame.has(axis)) {
            ++without;
            continue;
        }
        const ArtefactReader list = frame.member(axis);
        for (std::size_t i = 0; i < list.size(most_levels); ++i) {
            const ArtefactReader level = list.item(i);
            if (level.size(2) != 2) level.refuse("must be a value and a count");
            all.push_back({level.item(0).number(lowest, highest), level.item(1).number(1, 1e12)});
        }
        if (all.size() > 8 * most_levels) all = merged(std::move(all), bins_apart[1]);
    }
    if (static_cast<double>(without) > most_without * static_cast<double>(frames.size())) return std::nullopt;
    return all;
}

/// Luma codes of a movie are 1/219 apart at 8 bits, its chroma codes 1/224; 1/255 both at full range.
double chroma_step(double luma_step) {
    const double codes = luma_step * 219 * 4;  // of 10 bits
    const bool is_limited = std::abs(codes - std::round(codes)) < 0.02 * codes;
    return is_limited ? luma_step * 219 / 224 : luma_step;
}

double nine_digits(double value) {
    return std::round(value * 1e9) / 1e9;
}

}  // namespace

at::Tensor Code::planes(const at::Tensor& rgb) const {
    if (!luma) return rgb;
    const auto [kr, kb] = *luma;
    const at::Tensor y = rgb[0] * kr + rgb[1] * (1 - kr - kb) + rgb[2] * kb;
    return at::stack({y, (rgb[2] - y) / (2 * (1 - kb)), (rgb[0] - y) / (2 * (1 - kr))});
}

at::Tensor Code::rgb_change(const at::Tensor& change) const {
    if (!luma) return change;
    const auto [kr, kb] = *luma;
    const at::Tensor red = change[0] + change[2] * (2 * (1 - kr));
    const at::Tensor blue = change[0] + change[1] * (2 * (1 - kb));
    return at::stack({red, (change[0] - red * kr - blue * kb) / (1 - kr - kb), blue});
}

bool Code::is_rounded() const {
    return std::any_of(grids.begin(), grids.end(), [](const Grid& grid) { return grid.step > 0; });
}

json measure_levels(const at::Tensor& coded) {
    json facts = json::object();
    if (coded.numel() == 0) return facts;
    for (const Axis& axis : axes) {
        const at::Tensor plane =
            coded[0] * axis.weights[0] + coded[1] * axis.weights[1] + coded[2] * axis.weights[2];
        const Histogram histogram(plane);
        auto levels = levels_of(histogram, bins_apart[0]);
        if (!levels) levels = levels_of(histogram, bins_apart[1]);
        if (!levels) continue;
        json list = json::array();
        for (const Level& level : *levels) list.push_back({rounded(level.value), level.count});
        facts[axis.name] = std::move(list);
    }
    return facts;
}

json solve_code(std::span<const json> all_frames, int first_frame) {
    std::vector<ArtefactReader> frames;
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        if (all_frames[i].is_null()) continue;
        frames.emplace_back("deband", all_frames[i],
                            fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
    }
    std::array<std::optional<Comb>, axis_count> combs;
    std::array<bool, axis_count> is_flat{};  // a comb of too few teeth to tell
    for (std::size_t i = 0; i < axis_count && !frames.empty(); ++i) {
        const auto levels = shot_levels(frames, axes[i].name);
        if (!levels) continue;
        for (const std::size_t apart : bins_apart) {
            if (!combs[i]) combs[i] = comb_of(merged(*levels, apart));
        }
        is_flat[i] = merged(*levels, bins_apart[0]).size() < least_levels;
    }

    std::array<Comb, 3> chosen{};
    json artefact = {
        {"schema", artefact_schema},
        {"about",
         "a value is within half a step of offset + k * step, in the coding; step 0: it was not rounded"},
        {"axes", "none"}};
    const auto rgb_combs =
        std::count_if(combs.begin(), combs.begin() + 3, [](const auto& c) { return c.has_value(); });
    if (rgb_combs >= 1 && std::all_of(axes, axes + 3, [&](const Axis& axis) {
            const auto i = static_cast<std::size_t>(&axis - axes);
            return combs[i].has_value() || is_flat[i];
        })) {
        artefact["axes"] = "rgb";
        const auto most = std::max_element(
            combs.begin(), combs.begin() + 3,
            [](const auto& a, const auto& b) { return (a ? a->levels : 0) < (b ? b->levels : 0); });
        // A channel that shows too few levels is taken to be rounded as the others are.
        for (std::size_t c = 0; c < 3; ++c) chosen[c] = combs[c] ? *combs[c] : **most;
    } else {
        std::size_t best = axis_count;
        for (std::size_t i = 3; i < axis_count; ++i) {
            if (!combs[i] || combs[i]->misfit > most_luma_misfit) continue;
            if (best == axis_count || combs[i]->misfit < combs[best]->misfit) best = i;
        }
        if (best < axis_count) {
            artefact["axes"] = "ycbcr";
            artefact["luma_weights"] = luma_matrices[best - 3];
            chosen[0] = *combs[best];
            chosen[1].step = chosen[2].step = chroma_step(chosen[0].step);
            chosen[1].misfit = chosen[2].misfit = 0;
        }
    }
    json& step = artefact["step"] = json::array();
    json& offset = artefact["offset"] = json::array();
    json levels = json::array(), misfit = json::array();
    for (const Comb& comb : chosen) {
        step.push_back(nine_digits(comb.step));
        offset.push_back(nine_digits(comb.offset));
        levels.push_back(comb.levels);
        misfit.push_back(comb.step > 0 ? rounded(comb.misfit) : 0);
    }
    artefact["measured"] = {{"levels", levels}, {"misfit_steps", misfit}};
    return artefact;
}

Code code_from(const json& artefact) {
    const ArtefactReader reader("deband", artefact, "the artefact");
    reader.check_schema(artefact_schema);
    Code code;
    const std::string where = reader.member("axes").text();
    if (where != "rgb" && where != "ycbcr" && where != "none")
        reader.member("axes").refuse("must be rgb, ycbcr or none");
    if (where == "none") return code;
    if (where == "ycbcr") {
        const ArtefactReader weights = reader.member("luma_weights");
        if (weights.size(2) != 2) weights.refuse("must be the weights of R and B");
        code.luma = {weights.item(0).number(0.01, 0.49), weights.item(1).number(0.01, 0.49)};
    }
    const auto step = reader.member("step").three(0, 0.25);
    const auto offset = reader.member("offset").three(-1, 1);
    for (std::size_t c = 0; c < 3; ++c) {
        // Chroma of a movie has been enlarged: it lies between its codes.
        const bool is_chroma = code.luma && c > 0;
        code.grids[c] = {step[c], offset[c], !is_chroma, !is_chroma};
    }
    return code;
}

Code code_of_bits(const Code& read, int bits) {
    Code code = read;
    const double scale = std::exp2(bits - 8);
    const double luma = code.luma ? 219 * scale : std::exp2(bits) - 1;
    const double chroma = code.luma ? 224 * scale : luma;
    for (std::size_t c = 0; c < 3; ++c)
        code.grids[c] = {1 / (c == 0 ? luma : chroma), 0, false, !(code.luma && c > 0)};
    return code;
}

}  // namespace wetgate::passes::deband
