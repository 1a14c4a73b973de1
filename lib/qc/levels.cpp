#include "qc/levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/hash.h"

namespace wetgate::qc {
namespace {

constexpr float half_most = 65504.0F;

struct ChannelLevels {
    float least = std::numeric_limits<float>::max();
    float greatest = std::numeric_limits<float>::lowest();
    std::int64_t negative = 0, over_half = 0, non_finite = 0, at_top = 0;
};

ChannelLevels levels_of(const float* samples, std::size_t count) {
    ChannelLevels levels;
    // In runs whose counts fit an int: such loops are made into vector code.
    constexpr std::size_t run = 1 << 16;
    for (std::size_t begin = 0; begin < count; begin += run) {
        const std::size_t end = std::min(count, begin + run);
        float least = levels.least, greatest = levels.greatest;
        int negative = 0, over = 0, finite = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const float value = samples[i];
            const bool is_finite = std::abs(value) <= std::numeric_limits<float>::max();
            finite += is_finite ? 1 : 0;
            negative += value < 0 ? 1 : 0;
            over += value >= half_most ? 1 : 0;
            least = is_finite && value < least ? value : least;
            greatest = is_finite && value > greatest ? value : greatest;
        }
        levels.least = least;
        levels.greatest = greatest;
        levels.negative += negative;
        levels.over_half += over;
        levels.non_finite += static_cast<std::int64_t>(end - begin) - finite;
    }
    levels.at_top = std::count(samples, samples + count, levels.greatest);
    return levels;
}

/// Codes of a plane below `low` or above `high`.
std::int64_t outside(const Plane& plane, int low, int high) {
    const std::size_t count = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    const auto is_outside = [&](int code) { return code < low || code > high; };
    if (plane.type == SampleType::U8) {
        return std::count_if(plane.samples<std::uint8_t>(), plane.samples<std::uint8_t>() + count,
                             is_outside);
    }
    return std::count_if(plane.samples<std::uint16_t>(), plane.samples<std::uint16_t>() + count, is_outside);
}

/// Share of the codes outside 16-235 (luma) and 16-240 (chroma), in 8-bit terms: ITU-R BT.709, table 2.
std::optional<double> illegal_share(const HostFrame& frame) {
    if (frame.worked.model != PixelModel::YCbCr || frame.color.full_range || frame.color.bits < 8) return {};
    std::int64_t beyond = 0;
    double all = 0;
    for (int i = 0; i < 3; ++i) {
        const int index = frame.worked.plane[i];
        if (index < 0) continue;
        const Plane& plane = frame.worked_part().planes.at(static_cast<std::size_t>(index));
        if (plane.type != SampleType::U8 && plane.type != SampleType::U16) return {};
        const int scale = 1 << (frame.color.bits - 8);
        beyond += outside(plane, 16 * scale, (i == 0 ? 235 : 240) * scale);
        all += static_cast<double>(plane.width) * plane.height;
    }
    return all > 0 ? static_cast<double>(beyond) / all : 0.0;
}

}  // namespace

LevelFacts level_facts(const HostFrame& frame, const FloatImage& coded) {
    LevelFacts facts;
    const std::size_t count = coded.window.area();
    facts.illegal = illegal_share(frame);
    if (count == 0) return facts;
    float least = std::numeric_limits<float>::max(), greatest = std::numeric_limits<float>::lowest();
    std::int64_t negative = 0;
    for (int c = 0; c < 3; ++c) {
        const ChannelLevels channel = levels_of(coded.channel(c), count);
        least = std::min(least, channel.least);
        greatest = std::max(greatest, channel.greatest);
        negative += channel.negative;
        facts.over_half += channel.over_half;
        facts.non_finite += channel.non_finite;
        if (channel.greatest > channel.least)
            facts.at_top =
                std::max(facts.at_top, static_cast<double>(channel.at_top) / static_cast<double>(count));
    }
    if (greatest >= least) {
        facts.least = static_cast<double>(least);
        facts.greatest = static_cast<double>(greatest);
    }
    // Video reaches below its black by design: illegal codes tell of that.
    if (frame.worked.model != PixelModel::YCbCr)
        facts.negative = static_cast<double>(negative) / (3.0 * static_cast<double>(count));
    return facts;
}

std::string stored_hash(const HostFrame& frame) {
    std::string all;
    for (const int index : frame.worked.plane) {
        if (index < 0) continue;
        const Plane& plane = frame.worked_part().planes.at(static_cast<std::size_t>(index));
        all += content_hash(std::as_bytes(plane.data->span()));
    }
    return content_hash(all);
}

}  // namespace wetgate::qc
