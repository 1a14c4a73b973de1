#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "qc/delta_itp.h"
#include "qc/difference.h"

namespace wetgate::qc {

/// A frame's figures as `compare` shows them.
struct ComparedFrame {
    FrameDifference difference;
    /// dE-ITP where light can be told: of the whole picture (empty name) and of each region.
    std::vector<std::pair<std::string, DeltaItp>> delta_itp;
};

/// One channel in one region over all frames.
struct SummaryLine {
    std::string region;   ///< empty: the whole picture
    std::string channel;  ///< "dE-ITP" for the colour difference
    int frames = 0;
    double mean = 0;   ///< of the frames' RMSE; of their mean dE-ITP
    double worst = 0;  ///< the greatest of these, and the first frame that has it
    int worst_frame = 0;
    double max_abs = 0;  ///< the greatest difference of a sample (of a pixel's dE-ITP), and its first frame
    int max_frame = 0;
    double least_psnr_db = 0;
    double mean_ssim = 0, least_ssim = 0;  ///< NaN where no frame has one
    int least_ssim_frame = 0;
};

/// Lines in the order in which regions and channels first came.
std::vector<SummaryLine> summary_of(const std::vector<ComparedFrame>& frames);
nlohmann::json to_json(const std::vector<SummaryLine>& summary);

/// One line a frame, region and channel:
/// frame,region,channel,samples,differing,max_abs,rmse,psnr_db,ssim,mean,percentile_95. dE-ITP has the last
/// two in place of differing, rmse, psnr_db and ssim.
std::string to_csv(const std::vector<ComparedFrame>& frames);

}  // namespace wetgate::qc
