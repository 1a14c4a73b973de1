#include "qc/difference.h"

#include <half.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace wetgate::qc {
namespace {

constexpr double identical_psnr_db = 100.0;

std::vector<float> values_of(const Plane& plane, int bits) {
    const std::size_t count = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    std::vector<float> values(count);
    const auto fill = [&]<class T>(const T* samples, auto convert) {
        std::transform(samples, samples + count, values.begin(), convert);
    };
    const auto code_max = static_cast<float>((1U << std::clamp(bits, 1, 16)) - 1U);
    switch (plane.type) {
        case SampleType::U8:
            fill(plane.samples<std::uint8_t>(),
                 [](std::uint8_t v) { return static_cast<float>(v) / 255.0F; });
            break;
        case SampleType::U16:
            fill(plane.samples<std::uint16_t>(),
                 [code_max](std::uint16_t v) { return static_cast<float>(v) / code_max; });
            break;
        case SampleType::U32:
            fill(plane.samples<std::uint32_t>(), [](std::uint32_t v) { return static_cast<float>(v); });
            break;
        case SampleType::Half:
            fill(plane.samples<std::uint16_t>(), imath_half_to_float);
            break;
        case SampleType::F32:
            std::memcpy(values.data(), plane.data->data(), count * sizeof(float));
            break;
    }
    return values;
}

using Kernel = std::array<double, 11>;

Kernel gaussian_kernel() {
    Kernel kernel{};
    double sum = 0;
    for (int i = 0; i < 11; ++i)
        sum += kernel[static_cast<std::size_t>(i)] = std::exp(-(i - 5) * (i - 5) / (2.0 * 1.5 * 1.5));
    for (double& weight : kernel) weight /= sum;
    return kernel;
}

// Separable filter over the "valid" area: (width - 10) x (height - 10).
std::vector<double> filtered(const std::vector<double>& picture, int width, int height,
                             const Kernel& kernel) {
    const int out_width = width - 10;
    const int out_height = height - 10;
    std::vector<double> rows(static_cast<std::size_t>(out_width) * static_cast<std::size_t>(height));
    const auto at = [](int x, int y, int w) {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x);
    };
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < out_width; ++x) {
            double sum = 0;
            for (int k = 0; k < 11; ++k)
                sum += kernel[static_cast<std::size_t>(k)] * picture[at(x + k, y, width)];
            rows[at(x, y, out_width)] = sum;
        }
    }
    std::vector<double> result(static_cast<std::size_t>(out_width) * static_cast<std::size_t>(out_height));
    for (int y = 0; y < out_height; ++y) {
        for (int x = 0; x < out_width; ++x) {
            double sum = 0;
            for (int k = 0; k < 11; ++k)
                sum += kernel[static_cast<std::size_t>(k)] * rows[at(x, y + k, out_width)];
            result[at(x, y, out_width)] = sum;
        }
    }
    return result;
}

/// SSIM of each window that lies in the picture whole: (width - 10) x (height - 10), empty below 11 pixels.
std::vector<double> ssim_map(const std::vector<float>& a, const std::vector<float>& b, int width,
                             int height) {
    if (width < 11 || height < 11) return {};
    const Kernel kernel = gaussian_kernel();
    const std::size_t count = a.size();
    std::vector<double> da(count), db(count), aa(count), bb(count), ab(count);
    for (std::size_t i = 0; i < count; ++i) {
        const bool usable = std::isfinite(a[i]) && std::isfinite(b[i]);
        da[i] = usable ? static_cast<double>(a[i]) : 0.0;
        db[i] = usable ? static_cast<double>(b[i]) : 0.0;
        aa[i] = da[i] * da[i];
        bb[i] = db[i] * db[i];
        ab[i] = da[i] * db[i];
    }
    const auto mean_a = filtered(da, width, height, kernel);
    const auto mean_b = filtered(db, width, height, kernel);
    const auto mean_aa = filtered(aa, width, height, kernel);
    const auto mean_bb = filtered(bb, width, height, kernel);
    const auto mean_ab = filtered(ab, width, height, kernel);
    constexpr double c1 = 0.01 * 0.01;
    constexpr double c2 = 0.03 * 0.03;
    std::vector<double> map(mean_a.size());
    for (std::size_t i = 0; i < map.size(); ++i) {
        const double ma = mean_a[i];
        const double mb = mean_b[i];
        const double va = mean_aa[i] - ma * ma;
        const double vb = mean_bb[i] - mb * mb;
        const double cov = mean_ab[i] - ma * mb;
        map[i] = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
    return map;
}

/// Two planes of one size, and what their samples come to over any part of them.
class PlanePair {
public:
    PlanePair(const Plane& a, const Plane& b, int bits_a, int bits_b, const Box& window) : a_(a), b_(b) {
        const auto aligned = [](int first, int sampling) {  // the first pixel that has a sample
            const int rest = ((first % sampling) + sampling) % sampling;
            return rest == 0 ? first : first + sampling - rest;
        };
        x0_ = aligned(window.x0, a.x_sampling);
        y0_ = aligned(window.y0, a.y_sampling);
        same_type_ = a.type == b.type && bits_a == bits_b;
        identical_ = same_type_ && std::memcmp(a.data->data(), b.data->data(), a.data->size()) == 0;
        if (identical_) return;
        values_a_ = values_of(a, bits_a);
        values_b_ = values_of(b, bits_b);
        ssim_ = ssim_map(values_a_, values_b_, a.width, a.height);
    }

    /// `inside(x, y)`: whether a pixel counts, in picture coordinates.
    template <class Inside>
    ChannelDifference figures(const Inside& inside) const {
        ChannelDifference result;
        result.channel = a_.name;
        double squares = 0, similarity = 0;
        std::int64_t finite = 0, windows = 0;
        for (int y = 0; y < a_.height; ++y) {
            for (int x = 0; x < a_.width; ++x) {
                if (!inside(x0_ + x * a_.x_sampling, y0_ + y * a_.y_sampling)) continue;
                ++result.samples;
                if (identical_) continue;
                add_sample(index(x, y, a_.width), result, squares, finite);
                if (ssim_.empty() || x < 5 || y < 5 || x >= a_.width - 5 || y >= a_.height - 5) continue;
                similarity += ssim_[index(x - 5, y - 5, a_.width - 10)];
                ++windows;
            }
        }
        result.mse = finite > 0 ? squares / static_cast<double>(finite) : 0;
        result.psnr_db =
            result.mse > 0 ? std::min(identical_psnr_db, -10.0 * std::log10(result.mse)) : identical_psnr_db;
        if (!identical_) {
            result.ssim = windows > 0 ? similarity / static_cast<double>(windows)
                                      : std::numeric_limits<double>::quiet_NaN();
        }
        return result;
    }

private:
    static std::size_t index(int x, int y, int width) {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
    }

    void add_sample(std::size_t i, ChannelDifference& result, double& squares, std::int64_t& finite) const {
        const float va = values_a_[i], vb = values_b_[i];
        const std::size_t size = size_of(a_.type);
        const bool differs =
            same_type_ ? std::memcmp(a_.data->data() + i * size, b_.data->data() + i * size, size) != 0
                       : !(va == vb);
        result.differing += differs ? 1 : 0;
        if (std::isfinite(va) && std::isfinite(vb)) {
            const double d = static_cast<double>(va) - static_cast<double>(vb);
            squares += d * d;
            ++finite;
            result.max_abs = std::max(result.max_abs, std::abs(d));
        } else if (differs && !(std::isnan(va) && std::isnan(vb))) {
            result.max_abs = std::numeric_limits<double>::infinity();
        }
    }

    const Plane& a_;
    const Plane& b_;
    int x0_ = 0, y0_ = 0;
    bool same_type_ = false, identical_ = false;
    std::vector<float> values_a_, values_b_;
    std::vector<double> ssim_;
};

std::string label(const ImagePart& part, const Plane& plane, std::size_t parts) {
    if (parts == 1) return plane.name;
    std::string text = "part " + std::to_string(part.part);
    if (part.level_x != 0 || part.level_y != 0) {
        text += " level " + std::to_string(part.level_x) + "," + std::to_string(part.level_y);
    }
    return text + ": " + plane.name;
}

}  // namespace

bool FrameDifference::identical() const {
    return structure.empty() && std::all_of(channels.begin(), channels.end(),
                                            [](const ChannelDifference& c) { return c.differing == 0; });
}

double FrameDifference::max_abs() const {
    double greatest = structure.empty() ? 0 : std::numeric_limits<double>::infinity();
    for (const ChannelDifference& channel : channels) greatest = std::max(greatest, channel.max_abs);
    return greatest;
}

double ChannelDifference::rmse() const {
    return std::sqrt(mse);
}

FrameDifference difference(const HostFrame& a, const HostFrame& b, const std::vector<Region>& regions) {
    FrameDifference result;
    result.frame = a.number;
    for (const Region& region : regions) result.regions.push_back({region.name(), {}});
    if (a.display_window != b.display_window) result.structure.emplace_back("display windows differ");
    if (a.parts.size() != b.parts.size()) {
        result.structure.push_back(std::to_string(a.parts.size()) + " parts or levels against " +
                                   std::to_string(b.parts.size()));
    }
    for (std::size_t p = 0; p < std::min(a.parts.size(), b.parts.size()); ++p) {
        const ImagePart& part_a = a.parts[p];
        const ImagePart& part_b = b.parts[p];
        if (part_a.window != part_b.window) {
            result.structure.push_back("data windows of part " + std::to_string(part_a.part) + " differ");
        }
        for (const Plane& plane : part_a.planes) {
            const auto twin = std::find_if(part_b.planes.begin(), part_b.planes.end(),
                                           [&plane](const Plane& other) { return other.name == plane.name; });
            const std::string name = label(part_a, plane, a.parts.size());
            if (twin == part_b.planes.end()) {
                result.structure.push_back("channel " + name + " is missing in the second");
            } else if (twin->width != plane.width || twin->height != plane.height) {
                result.structure.push_back("channel " + name + " has another size");
            } else {
                const PlanePair pair(plane, *twin, a.color.bits, b.color.bits, part_a.window);
                result.channels.push_back(pair.figures([](int, int) { return true; }));
                result.channels.back().channel = name;
                if (part_a.level_x != 0 || part_a.level_y != 0) continue;
                for (std::size_t r = 0; r < regions.size(); ++r) {
                    std::vector<ChannelDifference>& channels = result.regions[r].channels;
                    channels.push_back(pair.figures([&](int x, int y) { return regions[r].contains(x, y); }));
                    channels.back().channel = name;
                }
            }
        }
        for (const Plane& plane : part_b.planes) {
            const bool known = std::any_of(part_a.planes.begin(), part_a.planes.end(),
                                           [&plane](const Plane& other) { return other.name == plane.name; });
            if (!known)
                result.structure.push_back("channel " + label(part_b, plane, b.parts.size()) +
                                           " is only in the second");
        }
    }
    return result;
}

namespace {

nlohmann::json channels_json(const std::vector<ChannelDifference>& channels) {
    nlohmann::json list = nlohmann::json::array();
    const auto number = [](double value) {
        return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
    };
    for (const ChannelDifference& channel : channels) {
        list.push_back({{"channel", channel.channel},
                        {"samples", channel.samples},
                        {"differing", channel.differing},
                        {"max_abs", number(channel.max_abs)},
                        {"rmse", number(channel.rmse())},
                        {"psnr_db", number(channel.psnr_db)},
                        {"ssim", number(channel.ssim)}});
    }
    return list;
}

}  // namespace

nlohmann::json to_json(const FrameDifference& difference) {
    nlohmann::json json = {{"frame", difference.frame},
                           {"identical", difference.identical()},
                           {"channels", channels_json(difference.channels)},
                           {"structure", difference.structure}};
    for (const RegionDifference& region : difference.regions)
        json["regions"][region.region] = channels_json(region.channels);
    return json;
}

}  // namespace wetgate::qc
