#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "color/color.h"
#include "media/source.h"
#include "pipeline/progress.h"
#include "qc/check.h"
#include "qc/thumbnail.h"

namespace wetgate::pipeline {

/// Media that is looked at by itself, without a job.
struct MediaUnderTest {
    std::string name;  ///< for the report
    media::FrameSource* source = nullptr;
    std::string colorspace;  ///< resolved
};

struct QcMediaRequest {
    MediaUnderTest media;
    std::optional<MediaUnderTest> reference;  ///< what it should be: as many frames, from its first one on
    std::optional<FrameRange> range;  ///< of the media, to look at; the reference's lie as far from its first
    const color::Config& colors;
    qc::CheckSettings checks;
    int threads = 1;  ///< pictures looked at at once
    std::size_t most_thumbnails = 36;
    ProgressSink progress;
    std::stop_token stop;
};

struct QcMediaOutcome {
    nlohmann::json shot;  ///< as a shot of the report's `result`
    std::vector<qc::Thumbnail> thumbnails;
    int unreadable = 0;
};

/// Reads every frame and runs every check. With a reference, that is the input side, and PSNR, SSIM and
/// dE-ITP are among the metrics. A frame that cannot be read is a finding. Error{Usage} where the reference
/// is shorter.
QcMediaOutcome qc_media(const QcMediaRequest& request);

}  // namespace wetgate::pipeline
