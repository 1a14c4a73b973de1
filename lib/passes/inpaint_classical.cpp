#include "passes/inpaint_classical.h"

#include <ATen/ATen.h>

#include <opencv2/core.hpp>
#include <opencv2/photo.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::passes::inpaint {
namespace {

constexpr double radius_px = 4;
// OpenCV adds a half before it stores, as integers need it, to floats too: nothing at this scale.
constexpr double scale = 65536;

}  // namespace

at::Tensor classical(const at::Tensor& coded, const at::Tensor& hole, Border border) {
    const at::Tensor host = (coded * scale).to(at::kCPU).contiguous();
    const at::Tensor bytes = hole[0].to(at::kByte).to(at::kCPU).contiguous();
    const auto height = static_cast<int>(host.size(1));
    const auto width = static_cast<int>(host.size(2));
    std::vector<at::Tensor> planes;
    try {
        motion::pin_opencv_threads();
        const cv::Mat mask(height, width, CV_8UC1, bytes.data_ptr());
        for (std::int64_t c = 0; c < 3; ++c) {
            const cv::Mat plane(height, width, CV_32FC1, host[c].data_ptr());
            cv::Mat filled;
            cv::inpaint(plane, mask, filled, radius_px,
                        border == Border::Telea ? cv::INPAINT_TELEA : cv::INPAINT_NS);
            planes.push_back(at::from_blob(filled.data, {height, width}, at::kFloat).clone());
        }
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("filling a hole: ") + problem.what());
    }
    return (at::stack(planes) / scale).to(coded.device());
}

}  // namespace wetgate::passes::inpaint
