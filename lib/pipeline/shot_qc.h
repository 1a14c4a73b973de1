#pragma once
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "color/color.h"
#include "core/frame_range.h"
#include "core/host_frame.h"
#include "framing/picture.h"
#include "qc/check.h"
#include "qc/measure.h"
#include "qc/thumbnail.h"
#include "spec/job_spec.h"

namespace wetgate::pipeline {

/// Version of what a frame's record holds for QC: records of another one are made anew.
constexpr int qc_version = 2;

/// Looks at pictures in one colour space as a display shows them. Thread-safe.
class Viewer {
public:
    /// `space`: of the pictures, resolved. Where the config has no linear Rec.709, `working` stands in for
    /// it.
    Viewer(const color::Config& colors, const std::string& space, const std::string& working, bool is_float);

    struct View {
        qc::PictureFacts facts;
        std::string thumbnail;  ///< a JPEG file, 480 pixels across or less; empty where there is no picture
    };
    /// `touch`: as qc::Picture has it.
    View look(const HostFrame& frame, const std::vector<float>* touch = nullptr) const;
    /// The same of a picture alone.
    qc::PictureFacts look(const FloatImage& picture) const;
    /// What the display window shows, as a display shows it, by whole blocks at most `most_width` wide; black
    /// where there is no data.
    framing::ColorPicture displayed(const HostFrame& frame, int most_width) const;
    /// The space codes pictures for a display.
    bool is_display_coded() const { return is_display_coded_; }

private:
    qc::Measured measured(const HostFrame& frame, const FloatImage& picture,
                          const std::vector<float>* touch) const;

    std::unique_ptr<color::Transform> to_light_;
    bool is_light_ = true;
    bool is_display_coded_ = false;
};

/// A mask as a JPEG of the same size as the thumbnails; empty for a mask of nothing.
std::string mask_thumbnail(const Box& window, const std::vector<float>& mask);

/// Frames of a report's page, up to `most`: first those with findings, the worst first, then others evenly.
std::set<int> frames_to_show(const nlohmann::json& findings, FrameRange range, std::size_t most);

/// The job's settings of checks; Error{Usage} that names the nearest for a name that is none.
qc::CheckSettings check_settings(const spec::QcSpec& spec);

/// Facts of both sides for a frame's record, and back. An output that is its input is said so.
nlohmann::json record_of(const qc::PictureFacts* input, const qc::PictureFacts* output);
void read_record(const nlohmann::json& record, qc::FrameFacts& frame);

}  // namespace wetgate::pipeline
