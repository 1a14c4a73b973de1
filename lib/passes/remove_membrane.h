#pragma once
#include <opencv2/core.hpp>

namespace wetgate::passes::remove {

/// `values` (float, 1 to 4 channels) where `known` (8 bit) is not 0; elsewhere the harmonic function (a
/// membrane: Laplace's equation) between them, level at the picture's edge. Zeros where nothing is known.
/// Coarse to fine, each level relaxed: the same on every machine.
cv::Mat membrane(const cv::Mat& values, const cv::Mat& known);

}  // namespace wetgate::passes::remove
