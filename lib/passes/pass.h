#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "color/color.h"
#include "compute/device_frame.h"
#include "nets/job_models.h"
#include "spec/params.h"

// A pass can never open a file, keep state, read a clock or know where a shard ends. What it gets is what is
// below.

namespace wetgate::passes {

/// Frames around the one being made that a pass reads.
struct PassReach {
    int before = 0;
    int after = 0;
    bool operator==(const PassReach&) const = default;
};

/// The frames around frame 0, all cut to frame 0's data window (no data: zeros). See Note [Windows at edges].
class FrameWindow {
public:
    virtual ~FrameWindow() = default;
    /// k in [-before, +after]. Past the shot's edge, a cut or an unreadable neighbour: the nearest real frame
    /// towards 0.
    virtual const compute::DeviceFrame& operator[](int k) const = 0;
    /// False where operator[] repeats another frame.
    virtual bool is_real(int k) const = 0;
    /// The job's matte for this pass at frame k, [1,H,W] float32 in [0,1]; undefined where the job names
    /// none. Other frames than 0, and any in a measurement, only where PassEntry::neighbour_mattes says so;
    /// a neighbour whose matte has no file is covered all over. Follows operator[] where that repeats a
    /// frame.
    virtual at::Tensor matte(int k = 0) const = 0;
    /// A further matte of the shot at frame 0: one that a parameter names, or PassContext::protect.
    /// [1,H,W] float32 in [0,1]; undefined for an empty name.
    virtual at::Tensor matte_called(const std::string& name) const = 0;
    /// A number that depends on (job seed, shot, frame, pass) alone: the only randomness a pass may use.
    virtual std::uint64_t seed() const = 0;
};

/// What a pass made of the window's frame 0, and nothing else.
struct PassResult {
    /// Of a pass whose schema declares a "scale", that many times as high and wide, and `touch` too.
    at::Tensor pixels;  // [3,H,W] float32, working linear
    at::Tensor
        touch;  // [1,H,W] float32 in [0,1]; 0 = this pixel is left alone (the framework restores its bits)
    nlohmann::json facts = nlohmann::json::object();  // small, deterministic; goes into the frame's report
    at::Tensor matte = {};  // [1,H,W] in [0,1]: what a pass found that only looks; undefined: touch is it
};

/// A file that a pass leaves beside the report for other tools to read.
struct Sidecar {
    std::string extension;  ///< ".cc"
    std::string text;
};

/// Makes one frame from a window. Const after construction: run() may be called from several threads.
class FramePass {
public:
    virtual ~FramePass() = default;
    virtual PassReach reach() const = 0;
    virtual PassResult run(const FrameWindow& window) const = 0;
    /// What the solved decision is to other tools.
    virtual std::vector<Sidecar> sidecars() const { return {}; }
};

/// For what must see the whole shot before the first frame is made. Const after construction.
class ShotAnalysis {
public:
    virtual ~ShotAnalysis() = default;
    virtual PassReach reach() const { return {}; }
    /// Facts of one frame: pure, small (a few kB to a few hundred kB).
    virtual nlohmann::json measure(const FrameWindow& window) const = 0;
    /// The artefact of the shot from the facts of all its frames in order; an unreadable frame is null.
    /// Deterministic. Returned objects should be readable and editable by a person.
    virtual nlohmann::json solve(std::span<const nlohmann::json> all_frames, int first_frame) const = 0;
};

/// The references of a shot: other pictures that a pass may match to. May be asked from several threads.
class References {
public:
    virtual ~References() = default;
    /// Numbers of the pictures of one, ascending; a single one for a still. Error{Input} where it cannot be
    /// opened.
    virtual std::vector<int> frames(const std::string& name) const = 0;
    /// Working linear, over its own data window. Error{Input} with its file where it cannot be read.
    virtual compute::DeviceFrame picture(const std::string& name, int frame) const = 0;
};

/// What a pass is made from. File parameters (schema "format": "input-file") are absolute paths by now.
struct PassContext {
    spec::Params params;
    nlohmann::json artefact;  ///< what ShotAnalysis::solve gave, or a person edited; null where there is none
    const color::Config* color = nullptr;  ///< the job's colour spaces
    std::string working_space = "ACEScg";
    std::string source_space = "ACEScg";           ///< of the plate, as it came
    const nets::JobModels* models = nullptr;       ///< what learned methods run on
    std::string model;                             ///< the job's choice of model; empty: the pass's own
    bool has_matte = false;                        ///< the job names a matte for the pass
    std::string protect;                           ///< name of the matte that the job protects; empty: none
    std::shared_ptr<const References> references;  ///< of the shot
    std::string shot;                              ///< its name
    double rate = 24;                              ///< frames a second
    double pixel_aspect = 1;                       ///< width / height of a pixel of the plate
    Box display;                                   ///< display window that passes see
};

/// A pass as the list knows it. Makers throw Error{Usage} for parameters or an artefact that make no sense.
struct PassEntry {
    std::string name;
    std::function<std::unique_ptr<FramePass>(const PassContext&)> make;
    std::function<std::unique_ptr<ShotAnalysis>(const PassContext&)> make_analysis =
        nullptr;  ///< empty: needs no analysis
    /// The model that the pass made from this context runs on; nullopt: none. Empty: never one.
    std::function<std::optional<nets::ModelUse>(const PassContext&)> model_use = nullptr;
    /// Float planes of the picture's size that run() needs at its most, beside its window and a network:
    /// measured. What a pass usually needs is reckoned without.
    int working_planes = 0;
    /// run() and measure() read the mattes of all frames of their windows.
    bool neighbour_mattes = false;
};

/// Every pass, in the order of `wetgate passes list`.
const std::vector<PassEntry>& all_passes();
/// Error{Usage} for an unknown name.
const PassEntry& find_pass(const std::string& name);

}  // namespace wetgate::passes
