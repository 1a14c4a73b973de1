#include "passes/intruder_find.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "core/base64.h"
#include "core/error.h"
#include "motion/opencv_threads.h"
#include "passes/remove_shape.h"

// Note [Background of a shot]
// What a place looks like with nothing in the way is what most frames of the scene that show it agree on:
// the camera track carries each of them to the frame that is looked at, and the median of their values is
// the background. What differs from all of the background near by, by more than the frames differ among
// themselves, is in front of it or moves in it. Of that, what touches an edge of the picture and is followed
// from there over some frames is an intruder, also once it has left the edge. A whole scene is small enough
// to be held for this because it is looked at on a coarse grid, which is why outlines are generous.

namespace wetgate::passes::intruder {
namespace {

using nlohmann::json;

constexpr std::int64_t most_side = 192;     // cells
constexpr double low = -0.25, high = 1.25;  // coded values that a byte holds
constexpr int most_references = 24;
constexpr int least_references = 5;
constexpr double other_share = 4;  // of the frames' own deviation from each other
constexpr int off_cells = 2;       // that the background may be carried off
constexpr int gap_frames = 2;      // in which something that is followed may not be seen
constexpr double least_overlap = 0.2;
constexpr std::size_t most_intruders = 1000;
constexpr std::size_t most_frames = 1'000'000;
constexpr std::size_t most_outlines = 1000;
constexpr std::size_t most_points = 10'000;
constexpr double most_place = 1e6;

/// A frame on the grid.
struct Small {
    Box data{};
    cv::Mat cells;  // CV_8UC3

    double unit_x() const { return static_cast<double>(data.width()) / cells.cols; }
    double unit_y() const { return static_cast<double>(data.height()) / cells.rows; }
    /// The middle of a cell, in pixels of the data window, and back.
    Point pixel(double column, double row) const {
        return {(column + 0.5) * unit_x() - 0.5, (row + 0.5) * unit_y() - 0.5};
    }
    Point cell(double x, double y) const { return {(x + 0.5) / unit_x() - 0.5, (y + 0.5) / unit_y() - 0.5}; }
};

std::optional<Small> small_of(const json& facts, int frame) {
    if (!facts.is_object() || !facts.contains("small")) return std::nullopt;
    const ArtefactReader reader("intruder", facts, fmt::format("the measurement of frame {}", frame));
    const ArtefactReader small = reader.member("small");
    Small made;
    const ArtefactReader window = small.member("window");
    if (window.size(4) != 4) window.refuse("is no window");
    made.data = {window.item(0).integer(), window.item(1).integer(), window.item(2).integer(),
                 window.item(3).integer()};
    const int columns = small.member("columns").integer(), rows = small.member("rows").integer();
    if (columns < 1 || rows < 1 || columns > most_side || rows > most_side || made.data.width() < columns ||
        made.data.height() < rows)
        small.refuse("is no grid");
    const auto bytes = from_base64(small.member("cells").text());
    if (!bytes || bytes->size() != static_cast<std::size_t>(3 * columns * rows))
        small.member("cells").refuse("is not what the grid holds");
    made.cells = cv::Mat(rows, columns, CV_8UC3);
    std::copy(bytes->begin(), bytes->end(), made.cells.data);
    return made;
}

/// What other frames show of this one: their values by channel, 0 to 255, at each cell.
class Background {
public:
    explicit Background(const Small& frame) : frame_(frame), values_(frame.cells.total()) {}

    void add(const Small& other, const motion::Homography& way) {
        for (int row = 0; row < frame_.cells.rows; ++row) {
            for (int column = 0; column < frame_.cells.cols; ++column) {
                const Point here = frame_.pixel(column, row);
                const auto [x, y] = way.at(here[0], here[1]);
                const Point there = other.cell(x, y);
                if (!(there[0] >= 0 && there[1] >= 0 && there[0] <= other.cells.cols - 1 &&
                      there[1] <= other.cells.rows - 1))
                    continue;
                const int left = std::min(static_cast<int>(there[0]), std::max(0, other.cells.cols - 2));
                const int top = std::min(static_cast<int>(there[1]), std::max(0, other.cells.rows - 2));
                const int right = std::min(left + 1, other.cells.cols - 1);
                const int bottom = std::min(top + 1, other.cells.rows - 1);
                const auto fx = static_cast<float>(there[0] - left), fy = static_cast<float>(there[1] - top);
                const auto at = [&](int r, int c) { return cv::Vec3f(other.cells.at<cv::Vec3b>(r, c)); };
                values_[static_cast<std::size_t>(row * frame_.cells.cols + column)].push_back(
                    (1 - fy) * ((1 - fx) * at(top, left) + fx * at(top, right)) +
                    fy * ((1 - fx) * at(bottom, left) + fx * at(bottom, right)));
            }
        }
    }

    /// CV_8UC1: 255 where the frame is unlike it.
    cv::Mat unlike(double least_difference) const {
        const cv::Size size = frame_.cells.size();
        cv::Mat middle(size, CV_32FC3), spread(size, CV_32FC1, cv::Scalar(-1));
        for (int i = 0; i < static_cast<int>(values_.size()); ++i) {
            const auto& values = values_[static_cast<std::size_t>(i)];
            if (static_cast<int>(values.size()) < least_references) continue;
            float widest = 0;
            for (int c = 0; c < 3; ++c) {
                std::vector<float> own;
                for (const cv::Vec3f& value : values) own.push_back(value[c]);
                const auto half = own.begin() + static_cast<std::ptrdiff_t>(own.size() / 2);
                std::nth_element(own.begin(), half, own.end());
                const float median = *half;
                for (float& value : own) value = std::abs(value - median);
                std::nth_element(own.begin(), half, own.end());
                middle.at<cv::Vec3f>(i)[c] = median;
                widest = std::max(widest, *half);
            }
            spread.at<float>(i) = widest;
        }
        const double unit = 255 / (high - low);
        cv::Mat result = cv::Mat::zeros(size, CV_8UC1);
        for (int row = 0; row < size.height; ++row) {
            for (int column = 0; column < size.width; ++column) {
                if (spread.at<float>(row, column) < 0) continue;
                const cv::Vec3f own = frame_.cells.at<cv::Vec3b>(row, column);
                // The background may have been carried a little off: parallax, and what the track has wrong.
                float least = 1e9F;
                for (int r = std::max(0, row - off_cells); r <= std::min(size.height - 1, row + off_cells);
                     ++r) {
                    for (int c = std::max(0, column - off_cells);
                         c <= std::min(size.width - 1, column + off_cells); ++c) {
                        if (spread.at<float>(r, c) < 0) continue;
                        const cv::Vec3f off = own - middle.at<cv::Vec3f>(r, c);
                        least =
                            std::min(least, std::max({std::abs(off[0]), std::abs(off[1]), std::abs(off[2])}));
                    }
                }
                if (least > least_difference * unit + other_share * spread.at<float>(row, column))
                    result.at<std::uint8_t>(row, column) = 255;
            }
        }
        return result;
    }

private:
    const Small& frame_;
    std::vector<std::vector<cv::Vec3f>> values_;
};

struct Region {
    cv::Mat cells;  // CV_8UC1 of the grid
    int area = 0;
    std::string edge;  // that it touches; "": none
};

std::string edge_of(const cv::Mat& cells, const Wanted& wanted) {
    const std::array<std::pair<const char*, int>, 4> touched = {
        {{"top", wanted.top ? cv::countNonZero(cells.row(0)) : 0},
         {"left", wanted.left ? cv::countNonZero(cells.col(0)) : 0},
         {"right", wanted.right ? cv::countNonZero(cells.col(cells.cols - 1)) : 0},
         {"bottom", wanted.bottom ? cv::countNonZero(cells.row(cells.rows - 1)) : 0}}};
    const auto most = std::max_element(touched.begin(), touched.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most->second > 0 ? most->first : "";
}

std::vector<Region> regions_of(const cv::Mat& unlike, const Wanted& wanted) {
    cv::Mat closed, labels, stats, centres;
    cv::morphologyEx(unlike, closed, cv::MORPH_CLOSE, cv::Mat::ones(3, 3, CV_8UC1));
    const int count = cv::connectedComponentsWithStats(closed, labels, stats, centres, 8, CV_32S);
    std::vector<Region> regions;
    const double least = std::max(4.0, wanted.least_area * static_cast<double>(unlike.total()) / 4);
    for (int i = 1; i < count; ++i) {
        const int area = stats.at<int>(i, cv::CC_STAT_AREA);
        if (area < least) continue;
        const cv::Mat cells = labels == i;
        regions.push_back({cells, area, edge_of(cells, wanted)});
    }
    return regions;
}

struct Followed {
    std::map<int, Region> regions;
    std::string edge;
};

double overlap(const Region& one, const Region& other) {
    cv::Mat grown;
    cv::dilate(one.cells, grown, cv::Mat::ones(3, 3, CV_8UC1));
    return static_cast<double>(cv::countNonZero(grown & other.cells)) / std::min(one.area, other.area);
}

/// On the frame after the last one of each: the region that overlaps it most.
void follow(std::vector<Followed>& all, std::vector<Region> regions, int frame, const Scenes& scenes) {
    std::vector<bool> taken(regions.size(), false);
    for (Followed& followed : all) {
        const auto& [last, before] = *followed.regions.rbegin();
        if (frame - last > gap_frames + 1 || !scenes.joined(last, frame)) continue;
        double most = least_overlap;
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < regions.size(); ++i) {
            if (taken[i] || regions[i].cells.size() != before.cells.size()) continue;
            const double common = overlap(before, regions[i]);
            if (common <= most) continue;
            most = common;
            best = i;
        }
        if (!best) continue;
        taken[*best] = true;
        if (followed.edge.empty()) followed.edge = regions[*best].edge;
        followed.regions.emplace(frame, std::move(regions[*best]));
    }
    for (std::size_t i = 0; i < regions.size(); ++i) {
        if (taken[i]) continue;
        Followed begun;
        begun.edge = regions[i].edge;
        begun.regions.emplace(frame, std::move(regions[i]));
        all.push_back(std::move(begun));
    }
}

/// In the coordinates of the plate, half a cell wider.
std::vector<Outline> outlines_of(const Region& region, const Small& frame) {
    // Twice as fine, so that a cell has an inside.
    cv::Mat fine;
    cv::resize(region.cells, fine, {}, 2, 2, cv::INTER_NEAREST);
    cv::copyMakeBorder(fine, fine, 2, 2, 2, 2, cv::BORDER_CONSTANT);
    cv::dilate(fine, fine, cv::Mat::ones(3, 3, CV_8UC1));
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(fine, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    std::vector<Outline> outlines;
    for (const auto& contour : contours) {
        if (contour.size() < 3) continue;
        Outline& outline = outlines.emplace_back();
        for (const cv::Point& point : contour) {
            const Point pixel = frame.pixel((point.x - 2) / 2.0 - 0.25, (point.y - 2) / 2.0 - 0.25);
            outline.push_back({std::round(10 * (pixel[0] + frame.data.x0)) / 10,
                               std::round(10 * (pixel[1] + frame.data.y0)) / 10});
        }
    }
    return outlines;
}

}  // namespace

void add_small(json& facts, const at::Tensor& coded, const Box& data) {
    const std::int64_t height = coded.size(1), width = coded.size(2);
    const double shrink = std::max(1.0, static_cast<double>(std::max(height, width)) / most_side);
    const auto rows = std::max<std::int64_t>(1, std::llround(static_cast<double>(height) / shrink));
    const auto columns = std::max<std::int64_t>(1, std::llround(static_cast<double>(width) / shrink));
    const at::Tensor mean = at::adaptive_avg_pool2d(coded.clamp(low, high), {rows, columns});
    const at::Tensor bytes = ((mean - low) * (255 / (high - low)))
                                 .round()
                                 .to(at::kByte)
                                 .permute({1, 2, 0})
                                 .to(at::kCPU)
                                 .contiguous();
    const auto* first = bytes.data_ptr<std::uint8_t>();
    facts["small"] = {{"window", {data.x0, data.y0, data.x1, data.y1}},
                      {"columns", columns},
                      {"rows", rows},
                      {"cells", to_base64({first, first + bytes.numel()})}};
}

Intruders found(std::span<const json> all_frames, int first_frame, const Scenes& scenes,
                const remove::CameraTrack& camera, const Wanted& wanted) {
    motion::pin_opencv_threads();
    std::map<int, Small> smalls;
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        const int frame = first_frame + static_cast<int>(i);
        if (auto small = small_of(all_frames[i], frame)) smalls.emplace(frame, std::move(*small));
    }
    std::vector<Followed> all;
    for (const auto& [frame, small] : smalls) {
        std::vector<int> scene;
        for (const auto& [other, unused] : smalls)
            if (other != frame && scenes.joined(frame, other)) scene.push_back(other);
        Background background(small);
        const std::size_t count = std::min<std::size_t>(most_references, scene.size());
        for (std::size_t i = 0; i < count; ++i) {
            const int other = scene[(2 * i + 1) * scene.size() / (2 * count)];
            const auto way = camera.way(frame, other, small.data.x0, small.data.y0);
            if (way) background.add(smalls.at(other), *way);
        }
        follow(all, regions_of(background.unlike(wanted.least_difference), wanted), frame, scenes);
    }
    Intruders intruders;
    for (const Followed& followed : all) {
        if (followed.edge.empty() || static_cast<int>(followed.regions.size()) < wanted.least_frames)
            continue;
        double largest = 0;
        for (const auto& [frame, region] : followed.regions)
            largest = std::max(largest, region.area / static_cast<double>(region.cells.total()));
        if (largest < wanted.least_area) continue;
        Intruder& intruder = intruders[fmt::format("intruder{:03}", intruders.size() + 1)];
        intruder.edge = followed.edge;
        for (const auto& [frame, region] : followed.regions)
            intruder.outlines[frame] = outlines_of(region, smalls.at(frame));
    }
    return intruders;
}

json to_json(const Intruders& intruders) {
    json list = json::array();
    for (const auto& [name, intruder] : intruders) {
        json frames = json::array();
        for (const auto& [frame, outlines] : intruder.outlines)
            frames.push_back({{"frame", frame}, {"outlines", outlines}});
        list.push_back({{"name", name}, {"edge", intruder.edge}, {"frames", frames}});
    }
    return list;
}

Intruders intruders_of(const ArtefactReader& list) {
    Intruders intruders;
    for (std::size_t i = 0; i < list.size(most_intruders); ++i) {
        const ArtefactReader entry = list.item(i);
        Intruder& intruder = intruders[entry.member("name").text()];
        intruder.edge = entry.member("edge").text();
        const ArtefactReader frames = entry.member("frames");
        for (std::size_t k = 0; k < frames.size(most_frames); ++k) {
            const ArtefactReader frame = frames.item(k);
            auto& outlines = intruder.outlines[frame.member("frame").integer()];
            const ArtefactReader given = frame.member("outlines");
            for (std::size_t o = 0; o < given.size(most_outlines); ++o) {
                const ArtefactReader points = given.item(o);
                Outline& outline = outlines.emplace_back();
                for (std::size_t p = 0; p < points.size(most_points); ++p) {
                    const ArtefactReader point = points.item(p);
                    if (point.size(2) != 2) point.refuse("is no pair of x and y");
                    outline.push_back({point.item(0).number(-most_place, most_place),
                                       point.item(1).number(-most_place, most_place)});
                }
                if (outline.size() < 3) points.refuse("an outline needs three points");
            }
        }
    }
    return intruders;
}

at::Tensor matte_of(const Intruders& intruders, int frame, const Box& window) {
    at::Tensor matte = at::zeros({1, window.height(), window.width()}, at::kFloat);
    for (const auto& [name, intruder] : intruders) {
        const auto outlines = intruder.outlines.find(frame);
        if (outlines == intruder.outlines.end()) continue;
        for (const Outline& outline : outlines->second)
            matte = at::maximum(matte, remove::matte_of({outline, 1}, window));
    }
    return matte;
}

}  // namespace wetgate::passes::intruder
