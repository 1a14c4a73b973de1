#pragma once
#include <array>
#include <filesystem>
#include <string>

namespace wetgate::color {

/// ASC CDL v1.2: out = clamp?((in * slope + offset) ^ power), then saturation about Rec.709 luma.
struct Cdl {
    std::array<double, 3> slope{1, 1, 1};
    std::array<double, 3> offset{0, 0, 0};
    std::array<double, 3> power{1, 1, 1};
    double saturation = 1;
    std::string id, description;
    bool operator==(const Cdl&) const = default;
};

/// Reads the first ColorCorrection of a .cc, .ccc or .cdl file (at most 4 MiB). Error{Input} with line and
/// reason.
Cdl read_cdl(const std::filesystem::path& file);
/// A .cc document.
std::string to_cc_xml(const Cdl& cdl);

}  // namespace wetgate::color
