#include "framing/faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::framing {
namespace {

constexpr std::array<int, 3> strides_px = {8, 16, 32};
constexpr int multiple_px = 32;  // the picture's sides are filled up to it with black
constexpr double least_score = 0.5;
constexpr double most_overlap = 0.3;
constexpr std::size_t most_faces = 64;

/// A face in pixels of the picture.
struct Found {
    double left, top, right, bottom, score;
    FaceMarks marks;
};

double overlap(const Found& a, const Found& b) {
    const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
    const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    const double both = width * height;
    return both / ((a.right - a.left) * (a.bottom - a.top) + (b.right - b.left) * (b.bottom - b.top) - both);
}

/// The anchors of one stride that are faces.
void collect(std::vector<Found>& faces, int stride, int columns, const cv::Mat& is_face,
             const cv::Mat& is_object, const cv::Mat& boxes, const cv::Mat& marks) {
    const auto* face = is_face.ptr<float>();
    const auto* object = is_object.ptr<float>();
    const auto* box = boxes.ptr<float>();
    const auto* mark = marks.ptr<float>();
    const auto count = static_cast<int>(is_face.total());
    for (int i = 0; i < count; ++i) {
        const double score =
            std::sqrt(std::clamp<double>(face[i], 0, 1) * std::clamp<double>(object[i], 0, 1));
        if (!(score >= least_score)) continue;
        const double middle_x = (i % columns + static_cast<double>(box[4 * i])) * stride;
        const double middle_y = (i / columns + static_cast<double>(box[4 * i + 1])) * stride;
        const double width = std::exp(static_cast<double>(box[4 * i + 2])) * stride;
        const double height = std::exp(static_cast<double>(box[4 * i + 3])) * stride;
        Found found{middle_x - width / 2,
                    middle_y - height / 2,
                    middle_x + width / 2,
                    middle_y + height / 2,
                    score,
                    {}};
        for (std::size_t k = 0; k < found.marks.size(); ++k) {
            const float* place = mark + 2 * (static_cast<std::size_t>(i) * found.marks.size() + k);
            found.marks[k] = {(i % columns + static_cast<double>(place[0])) * stride,
                              (i / columns + static_cast<double>(place[1])) * stride};
        }
        faces.push_back(found);
    }
}

std::vector<Found> best_of(std::vector<Found> faces) {
    std::stable_sort(faces.begin(), faces.end(),
                     [](const Found& a, const Found& b) { return a.score > b.score; });
    std::vector<Found> kept;
    for (const Found& face : faces) {
        const bool is_new = std::none_of(kept.begin(), kept.end(), [&](const Found& other) {
            return overlap(face, other) > most_overlap;
        });
        if (is_new) kept.push_back(face);
        if (kept.size() == most_faces) break;
    }
    return kept;
}

}  // namespace

struct FaceFinder::Network {
    cv::dnn::Net net;
    std::vector<cv::String> outputs;
};

FaceFinder::FaceFinder(std::span<const std::byte> network) : network_(std::make_unique<Network>()) {
    motion::pin_opencv_threads();
    for (const int stride : strides_px) {
        for (const char* output : {"cls", "obj", "bbox", "kps"})
            network_->outputs.push_back(fmt::format("{}_{}", output, stride));
    }
    try {
        network_->net =
            cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(network.data()), network.size());
        network_->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        network_->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        const std::vector<cv::String> has = network_->net.getUnconnectedOutLayersNames();
        for (const cv::String& output : network_->outputs) {
            if (std::find(has.begin(), has.end(), output) == has.end())
                throw Error(ErrorKind::Model,
                            fmt::format("the face detector has no output '{}': it is no YuNet", output));
        }
    } catch (const cv::Exception& problem) {
        throw Error(ErrorKind::Model, fmt::format("OpenCV cannot read the face detector: {}", problem.err));
    }
}

FaceFinder::~FaceFinder() = default;
FaceFinder::FaceFinder(FaceFinder&&) noexcept = default;
FaceFinder& FaceFinder::operator=(FaceFinder&&) noexcept = default;

std::vector<FoundFace> FaceFinder::find(const ColorPicture& picture) const {
    const auto up = [](int side) { return (side + multiple_px - 1) / multiple_px * multiple_px; };
    const int width = up(picture.width);
    const int height = up(picture.height);
    const std::array<int, 4> shape = {1, 3, height, width};
    cv::Mat input(4, shape.data(), CV_32F, cv::Scalar(0));
    for (int channel = 0; channel < 3; ++channel) {
        for (int y = 0; y < picture.height; ++y) {
            auto* row = input.ptr<float>(0, channel, y);
            const std::uint8_t* pixel =
                picture.pixels.data() + 3 * static_cast<std::ptrdiff_t>(y) * picture.width + channel;
            for (int x = 0; x < picture.width; ++x) row[x] = static_cast<float>(pixel[3 * x]);
        }
    }
    std::vector<cv::Mat> outputs;
    try {
        network_->net.setInput(input);
        network_->net.forward(outputs, network_->outputs);
    } catch (const cv::Exception& problem) {
        throw Error(ErrorKind::Model, fmt::format("the face detector does not run: {}", problem.err));
    }
    std::vector<Found> faces;
    for (std::size_t i = 0; i < strides_px.size(); ++i)
        collect(faces, strides_px[i], width / strides_px[i], outputs[4 * i], outputs[4 * i + 1],
                outputs[4 * i + 2], outputs[4 * i + 3]);
    std::vector<FoundFace> found;
    for (const Found& face : best_of(std::move(faces))) {
        const Area area = {std::clamp(face.left / picture.width, 0.0, 1.0),
                           std::clamp(face.top / picture.height, 0.0, 1.0),
                           std::clamp(face.right / picture.width, 0.0, 1.0),
                           std::clamp(face.bottom / picture.height, 0.0, 1.0)};
        if (area.width() > 0 && area.height() > 0)
            found.push_back({{SubjectKind::Face, area, std::min(face.score, 1.0), {}}, face.marks});
    }
    return found;
}

}  // namespace wetgate::framing
