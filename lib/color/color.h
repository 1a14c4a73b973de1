#pragma once
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"

namespace wetgate::color {

/// A transform between two declared spaces, ready to run. Thread-safe.
class Transform {
public:
    virtual ~Transform() = default;
    /// In place, every pixel of the window.
    virtual void apply(FloatImage& image) const = 0;
    /// True when apply() would not change a bit.
    virtual bool is_identity() const = 0;
};

/// The colour spaces of a job: a config of our own built from OCIO built-in transforms, `$OCIO`, or a config
/// file.
class Config {
public:
    /// "builtin", "$OCIO" (that variable's file) or a path. Error{Usage} with what to do when it cannot be
    /// loaded.
    static Config load(const std::string& name, const std::filesystem::path& base_folder);

    /// Canonical name of a space, alias or role. Error{Usage} that names near matches for an unknown one.
    std::string resolve(const std::string& space) const;
    bool has(const std::string& space) const;
    std::vector<std::string> spaces() const;
    /// How a space codes light, in OCIO's words: "scene-linear", "log", "sdr-video", "hdr-video", "data" ...;
    /// empty where the config does not say. Errors as resolve().
    std::string encoding(const std::string& space) const;
    std::unique_ptr<Transform> transform(const std::string& from, const std::string& to) const;
    /// A LUT file (.cube, .clf, .spi1d, .spi3d ...). Error{Input} when it cannot be read.
    std::unique_ptr<Transform> file_transform(const std::filesystem::path& file) const;
    /// Space that the H.273 tags of a movie mean ("Rec.709", "Rec.2100-PQ" ...), if this config has it;
    /// nullopt otherwise.
    std::optional<std::string> space_of_tags(const ColorInfo& color) const;
    /// H.273 tags for a movie written in `space`; unspecified (2) where none fit.
    ColorInfo tags_of_space(const std::string& space) const;
    /// EXR chromaticities (rx ry gx gy bx by wx wy) of a scene-linear space of the built-in config; nullopt
    /// otherwise.
    std::optional<std::array<float, 8>> chromaticities(const std::string& space) const;

    struct Impl;
    explicit Config(std::shared_ptr<const Impl> impl);

private:
    std::shared_ptr<const Impl> impl_;
};

}  // namespace wetgate::color
