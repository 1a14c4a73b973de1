#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/options.h"
#include "color/color.h"
#include "core/log.h"
#include "media/source.h"
#include "qc/delta_itp.h"
#include "qc/region.h"

namespace wetgate::cmd {

/// The regions that --region and --matte ask for, frame by frame.
class CompareRegions {
public:
    /// Error{Usage} for a region that is no NAME=x0,y0,x1,y1 or named twice; Error{Input} when the matte
    /// cannot be opened.
    CompareRegions(const Options& options, const Log& log);
    /// Of frame `frame`, whose picture has `window`. Error{Input} when the matte's frame cannot be read.
    std::vector<qc::Region> of(int frame, const Box& window) const;

private:
    std::vector<qc::Region> boxes_;
    std::unique_ptr<media::FrameSource> matte_;
    int ring_;
};

/// Colour differences of two files whose spaces are declared.
class CompareLight {
public:
    /// Does nothing without --colorspace. Error{Usage} for a space that is not known.
    explicit CompareLight(const CompareOptions& options);
    /// dE-ITP of the whole picture and of each region; empty without --colorspace, or where the windows
    /// differ.
    std::vector<std::pair<std::string, qc::DeltaItp>> of(const HostFrame& a, const HostFrame& b,
                                                         const std::vector<qc::Region>& regions) const;

private:
    std::unique_ptr<color::Transform> a_, b_;
};

/// Writes |A - B| of the worked pictures, in their own coding: float EXR, or 16-bit PNG times the gain.
class DifferenceImages {
public:
    /// Error{Usage} for other file types, and for several frames under one name.
    DifferenceImages(const CompareOptions& options, int frames);
    /// Nothing where none are asked for or the windows differ. Error{Output}; Error{Usage} when the name is
    /// that of one of `inputs`.
    void write(const HostFrame& a, const HostFrame& b,
               const std::vector<std::filesystem::path>& inputs) const;

private:
    std::optional<std::string> pattern_;
    double gain_;
};

}  // namespace wetgate::cmd
