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

double ssim(const std::vector<float>& a, const std::vector<float>& b, int width, int height) {
    if (width < 11 || height < 11) return std::numeric_limits<double>::quiet_NaN();
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
    double sum = 0;
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
        const double ma = mean_a[i];
        const double mb = mean_b[i];
        const double va = mean_aa[i] - ma * ma;
        const double vb = mean_bb[i] - mb * mb;
        const double cov = mean_ab[i] - ma * mb;
        sum += (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
    return sum / static_cast<double>(mean_a.size());
}

ChannelDifference compare_planes(const Plane& a, const Plane& b, int bits_a, int bits_b) {
    ChannelDifference result;
    result.channel = a.name;
    const bool same_type = a.type == b.type && bits_a == bits_b;
    if (same_type && std::memcmp(a.data->data(), b.data->data(), a.data->size()) == 0) {
        result.psnr_db = identical_psnr_db;
        return result;
    }
    const std::vector<float> va = values_of(a, bits_a);
    const std::vector<float> vb = values_of(b, bits_b);
    const std::size_t size = size_of(a.type);
    double squares = 0;
    std::int64_t finite = 0;
    for (std::size_t i = 0; i < va.size(); ++i) {
        const bool differs =
            same_type ? std::memcmp(a.data->data() + i * size, b.data->data() + i * size, size) != 0
                      : !(va[i] == vb[i]);
        result.differing += differs ? 1 : 0;
        if (std::isfinite(va[i]) && std::isfinite(vb[i])) {
            const double d = static_cast<double>(va[i]) - static_cast<double>(vb[i]);
            squares += d * d;
            ++finite;
            result.max_abs = std::max(result.max_abs, std::abs(d));
        } else if (differs && !(std::isnan(va[i]) && std::isnan(vb[i]))) {
            result.max_abs = std::numeric_limits<double>::infinity();
        }
    }
    result.mse = finite > 0 ? squares / static_cast<double>(finite) : 0;
    result.psnr_db =
        result.mse > 0 ? std::min(identical_psnr_db, -10.0 * std::log10(result.mse)) : identical_psnr_db;
    result.ssim = ssim(va, vb, a.width, a.height);
    return result;
}

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

FrameDifference difference(const HostFrame& a, const HostFrame& b) {
    FrameDifference result;
    result.frame = a.number;
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
                result.channels.push_back(compare_planes(plane, *twin, a.color.bits, b.color.bits));
                result.channels.back().channel = name;
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

nlohmann::json to_json(const FrameDifference& difference) {
    nlohmann::json channels = nlohmann::json::array();
    const auto number = [](double value) {
        return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
    };
    for (const ChannelDifference& channel : difference.channels) {
        channels.push_back({{"channel", channel.channel},
                            {"differing", channel.differing},
                            {"max_abs", number(channel.max_abs)},
                            {"psnr_db", number(channel.psnr_db)},
                            {"ssim", number(channel.ssim)}});
    }
    return {{"frame", difference.frame},
            {"identical", difference.identical()},
            {"channels", channels},
            {"structure", difference.structure}};
}

}  // namespace wetgate::qc
