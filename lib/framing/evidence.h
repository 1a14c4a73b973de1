#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

// What one frame says about what must stay in picture: small enough for a record, free of pixels.

namespace wetgate::framing {

/// A part of the picture in shares of its width and height: {0, 0, 1, 1} is all of it.
struct Area {
    double left = 0, top = 0, right = 0, bottom = 0;

    double width() const { return right - left; }
    double height() const { return bottom - top; }
    double middle_x() const { return 0.5 * (left + right); }
    double middle_y() const { return 0.5 * (top + bottom); }
    bool operator==(const Area&) const = default;
};

/// Share of two areas that both have (of their union); 0 where they are apart.
double overlap(const Area& a, const Area& b);

enum class SubjectKind : std::uint8_t {
    Face,
    Moving,   ///< moves otherwise than the camera's picture
    Standout  ///< differs from its surroundings
};
/// "face", "moving", "standout"
const char* name_of(SubjectKind kind);

struct Subject {
    SubjectKind kind = SubjectKind::Face;
    Area area;
    double confidence = 0;                       ///< 0..1
    std::optional<double> mouth = std::nullopt;  ///< of a face: how its mouth moves (mouth.h), 0..1
    bool operator==(const Subject&) const = default;
};

struct FrameEvidence {
    std::vector<Subject> subjects;
    /// How much each cell of a grid draws the eye, row by row from the top; the sum is what counts.
    int columns = 0;
    int rows = 0;
    std::vector<std::uint8_t> weights;
    bool operator==(const FrameEvidence&) const = default;
};

/// {"grid": [columns, rows], "weights": [...], "subjects": [{"kind", "area": [left, top, right, bottom],
/// "confidence", "mouth"}]}, shares rounded to 1/10000.
nlohmann::json to_json(const FrameEvidence& evidence);
/// Error{Input} for anything that to_json() does not write.
FrameEvidence evidence_from_json(const nlohmann::json& json);

}  // namespace wetgate::framing
