#pragma once
#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>
#include <optional>

#include "core/geometry.h"
#include "motion/flow.h"
#include "passes/coding.h"
#include "passes/remove_fill.h"

namespace wetgate::passes::remove {

/// A tensor [3,h,w] as a picture of three floats a pixel and back, [1,h,w] bool as 0 and 255. Copies.
cv::Mat picture_of(const at::Tensor& planes);
at::Tensor tensor_of(const cv::Mat& picture);
cv::Mat bytes_of(const at::Tensor& mask);

/// The place around a hole, as every candidate is held against it.
struct Surroundings {
    Surroundings(const cv::Mat& current, const cv::Mat& hole, const Box& box);

    cv::Mat current;          // 3 floats
    cv::Mat hole;             // 8 bit, 255 inside
    Box box;                  // of the frame's window
    cv::Mat smooth;           // current, the hole filled by a membrane
    motion::GrayImage guide;  // of that
    cv::Mat near;             // 255 around the hole, where gains are measured
};

/// What another frame shows of the place.
struct Candidate {
    int away = 0;
    cv::Mat picture;  // 3 floats, gain-matched
    cv::Mat shows;    // 8 bit: 255 where it does
    cv::Mat error;    // expected, squared and coded: as found around the hole, spread into it
};

/// nullopt where too little around the hole is common to both.
std::optional<Candidate> candidate_of(const Surroundings& around, const Source& source, int margin_px,
                                      const Coding& coding);

}  // namespace wetgate::passes::remove
