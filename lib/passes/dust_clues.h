#pragma once
#include <cmath>
#include <opencv2/core.hpp>

#include "passes/dust_evidence.h"
#include "passes/dust_spots.h"

namespace wetgate::passes::dust {

/// The luminances of a frame and its neighbours, CV_32F.
struct Planes {
    cv::Mat frame, before, after;
    double sigma = 0;

    float middle(int y, int x) const { return (before.at<float>(y, x) + after.at<float>(y, x)) / 2; }
    float apart(int y, int x) const { return std::abs(before.at<float>(y, x) - after.at<float>(y, x)); }
};

/// Averaged down by `step`.
Planes planes_of(const Evidence& evidence, int step);

/// Fills in the clues within a spot. `outside`, CV_32F: how far the frame lies outside both neighbours.
void tell_contrast(Spot& spot, const Planes& planes, const cv::Mat& outside);

/// What is around the spots, looked at in a picture of about one size.
class Surroundings {
public:
    /// `stands_out`, CV_8U: not 0 where there is a spot.
    Surroundings(const Evidence& evidence, const cv::Mat& stands_out);
    /// Fills in what it tells of a spot, and whether that is enough.
    void tell(Spot& spot) const;

private:
    int width_, step_;
    Planes planes_;
    cv::Mat still_before_, still_after_;  // luminances of the neighbours as they are
    cv::Mat suspect_;                     // CV_8U, 0 or 1: `stands_out`
    cv::Mat near_suspect_;                // and a pixel around
    cv::Mat stray_sum_, suspect_sum_;     // CV_32S integrals
};

}  // namespace wetgate::passes::dust
