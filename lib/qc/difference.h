#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "qc/region.h"

namespace wetgate::qc {

/// How far two frames are apart, per channel of every part.
struct ChannelDifference {
    std::string channel;         ///< "R", or "part 2: left.R" in files of several parts
    std::int64_t samples = 0;    ///< compared
    std::int64_t differing = 0;  ///< samples whose stored bits differ
    double max_abs = 0;          ///< float values, or code / max for integers; Inf where only one is finite
    double mse = 0;              ///< over samples finite in both
    double psnr_db = 0;          ///< peak 1.0; 100 where nothing differs
    /// Wang et al. 2004: 11x11 Gaussian, sigma 1.5, K 0.01 / 0.03, peak 1.0; of a region: the mean over the
    /// windows whose centre is in it. NaN where there is none.
    double ssim = 1;
    double rmse() const;
};

/// The same of the samples whose (top left) pixel lies in a region.
struct RegionDifference {
    std::string region;
    std::vector<ChannelDifference> channels;
};

struct FrameDifference {
    int frame = 0;
    std::vector<ChannelDifference> channels;
    std::vector<RegionDifference> regions;
    std::vector<std::string> structure;  ///< windows, parts, channels or types that do not agree
    bool identical() const;
    double max_abs() const;
};

/// `regions` are in picture coordinates, as data windows are; lower mip levels have none.
FrameDifference difference(const HostFrame& a, const HostFrame& b, const std::vector<Region>& regions = {});
nlohmann::json to_json(const FrameDifference& difference);

}  // namespace wetgate::qc
