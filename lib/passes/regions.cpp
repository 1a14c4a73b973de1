#include "passes/regions.h"

#include <ATen/ATen.h>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::passes {
namespace {

struct Labelled {
    at::Tensor host;  // [H,W] uint8: what was labelled
    cv::Mat labels, facts;
    int count = 0;
};

Labelled labelled(const at::Tensor& plane) {
    Labelled found;
    found.host = plane[0].to(at::kByte).to(at::kCPU).contiguous();
    const cv::Mat view(static_cast<int>(found.host.size(0)), static_cast<int>(found.host.size(1)), CV_8UC1,
                       found.host.data_ptr());
    try {
        motion::pin_opencv_threads();
        cv::Mat centres;
        found.count = cv::connectedComponentsWithStats(view, found.labels, found.facts, centres, 8, CV_32S);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("regions of a matte: ") + problem.what());
    }
    return found;
}

/// [1,H,W] bool of the labels that are kept; the background is label 0.
at::Tensor chosen(const Labelled& all, const std::vector<bool>& kept, const at::Tensor& like) {
    at::Tensor result = at::empty({1, all.host.size(0), all.host.size(1)}, at::kBool);
    bool* to = result.data_ptr<bool>();
    for (int y = 0; y < all.labels.rows; ++y) {
        const int* row = all.labels.ptr<int>(y);
        for (int x = 0; x < all.labels.cols; ++x) *to++ = kept[static_cast<std::size_t>(row[x])];
    }
    return result.to(like.device());
}

}  // namespace

at::Tensor regions_where(const at::Tensor& plane, const std::function<bool(const Region&)>& keeps) {
    if (plane.numel() == 0) return plane;
    const Labelled all = labelled(plane);
    std::vector<bool> kept(static_cast<std::size_t>(all.count), false);
    for (int i = 1; i < all.count; ++i) {
        const int* facts = all.facts.ptr<int>(i);
        const int x0 = facts[cv::CC_STAT_LEFT];
        const int y0 = facts[cv::CC_STAT_TOP];
        kept[static_cast<std::size_t>(i)] = keeps(
            {x0, y0, x0 + facts[cv::CC_STAT_WIDTH], y0 + facts[cv::CC_STAT_HEIGHT], facts[cv::CC_STAT_AREA]});
    }
    return chosen(all, kept, plane);
}

at::Tensor grown_from(const at::Tensor& strong, const at::Tensor& weak) {
    if (weak.numel() == 0) return weak;
    const Labelled all = labelled(weak);
    const at::Tensor seeds = strong[0].to(at::kByte).to(at::kCPU).contiguous();
    const auto* seed = seeds.data_ptr<std::uint8_t>();
    std::vector<bool> kept(static_cast<std::size_t>(all.count), false);
    for (int y = 0; y < all.labels.rows; ++y) {
        const int* row = all.labels.ptr<int>(y);
        for (int x = 0; x < all.labels.cols; ++x) {
            if (*seed++ != 0 && row[x] != 0) kept[static_cast<std::size_t>(row[x])] = true;
        }
    }
    return chosen(all, kept, weak);
}

at::Tensor dilated(const at::Tensor& plane, std::int64_t radius_px) {
    if (radius_px == 0 || plane.numel() == 0) return plane;
    const std::int64_t side = 2 * radius_px + 1;
    const at::Tensor largest =
        at::max_pool2d(plane.to(at::kFloat).unsqueeze(0), {side, side}, {1, 1}, {radius_px, radius_px})
            .squeeze(0);
    return plane.scalar_type() == at::kBool ? largest > 0 : largest;
}

}  // namespace wetgate::passes
