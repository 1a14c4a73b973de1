#include "framing/evidence.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/error.h"

namespace wetgate::framing {
namespace {

using nlohmann::json;

constexpr int most_cells_a_side = 64;
constexpr std::size_t most_subjects = 256;

double rounded(double share) {
    return std::round(share * 1e4) / 1e4;
}

[[noreturn]] void refuse(const char* why) {
    throw Error(ErrorKind::Input, std::string("the evidence of a frame ") + why + "; measure it again");
}

double share(const json& value) {
    const double read = value.is_number() ? value.get<double>() : std::nan("");
    if (!(read >= 0 && read <= 1)) refuse("has a share that is not in 0..1");
    return read;
}

std::optional<SubjectKind> kind_named(const std::string& name) {
    for (const SubjectKind kind : {SubjectKind::Face, SubjectKind::Moving, SubjectKind::Standout}) {
        if (name == name_of(kind)) return kind;
    }
    return std::nullopt;
}

Subject subject_from_json(const json& object) {
    if (!object.is_object() || !object.contains("kind") || !object.contains("area") ||
        !object.contains("confidence") || !object["kind"].is_string() || !object["area"].is_array() ||
        object["area"].size() != 4)
        refuse("has a subject without kind, area or confidence");
    const std::optional<SubjectKind> kind = kind_named(object["kind"].get<std::string>());
    if (!kind) refuse("has a subject of no known kind");
    const json& area = object["area"];
    Subject subject{
        *kind, {share(area[0]), share(area[1]), share(area[2]), share(area[3])}, share(object["confidence"])};
    if (object.contains("mouth")) subject.mouth = share(object["mouth"]);
    if (subject.area.width() <= 0 || subject.area.height() <= 0) refuse("has a subject without area");
    return subject;
}

}  // namespace

double overlap(const Area& a, const Area& b) {
    const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
    const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    return width * height / (a.width() * a.height() + b.width() * b.height() - width * height);
}

const char* name_of(SubjectKind kind) {
    switch (kind) {
        case SubjectKind::Face:
            return "face";
        case SubjectKind::Moving:
            return "moving";
        case SubjectKind::Standout:
            return "standout";
    }
    return "";
}

nlohmann::json to_json(const FrameEvidence& evidence) {
    json subjects = json::array();
    for (const Subject& subject : evidence.subjects) {
        const Area& area = subject.area;
        subjects.push_back(
            {{"kind", name_of(subject.kind)},
             {"area", {rounded(area.left), rounded(area.top), rounded(area.right), rounded(area.bottom)}},
             {"confidence", rounded(subject.confidence)}});
        if (subject.mouth) subjects.back()["mouth"] = rounded(*subject.mouth);
    }
    return {{"grid", {evidence.columns, evidence.rows}},
            {"weights", evidence.weights},
            {"subjects", std::move(subjects)}};
}

FrameEvidence evidence_from_json(const nlohmann::json& object) {
    if (!object.is_object() || !object.contains("grid") || !object.contains("weights") ||
        !object.contains("subjects"))
        refuse("has no grid, weights or subjects");
    const json& grid = object["grid"];
    const auto is_side = [](const json& side) {
        return side.is_number_integer() && side >= 1 && side <= most_cells_a_side;
    };
    if (!grid.is_array() || grid.size() != 2 || !is_side(grid[0]) || !is_side(grid[1]))
        refuse("has a grid of no size");
    FrameEvidence evidence;
    evidence.columns = grid[0].get<int>();
    evidence.rows = grid[1].get<int>();
    const json& weights = object["weights"];
    if (!weights.is_array() || weights.size() != static_cast<std::size_t>(evidence.columns) *
                                                     static_cast<std::size_t>(evidence.rows))
        refuse("has not one weight a cell");
    for (const json& weight : weights) {
        if (!weight.is_number_integer() || weight < 0 || weight > 255) refuse("has a weight that is no byte");
        evidence.weights.push_back(weight.get<std::uint8_t>());
    }
    const json& subjects = object["subjects"];
    if (!subjects.is_array() || subjects.size() > most_subjects) refuse("has no list of subjects");
    for (const json& subject : subjects) evidence.subjects.push_back(subject_from_json(subject));
    return evidence;
}

}  // namespace wetgate::framing
