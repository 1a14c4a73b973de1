#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/output_names.h"
#include "spec/shot_reader.h"

namespace wetgate::spec {
namespace {

struct TypeRow {
    OutputType type;
    std::string_view name;
    std::vector<std::string_view> extensions;
    std::vector<std::string_view> keys;  ///< beyond those that every output has
    std::vector<std::string_view> compressions;
    std::vector<int> bits;
    std::vector<std::string_view> profiles = {};
};

const std::vector<TypeRow>& rows() {
    static const std::vector<TypeRow> table = {
        {OutputType::Exr,
         "exr",
         {".exr"},
         {"compression", "pixel", "dwa_level", "profile", "alpha"},
         {"none", "rle", "zips", "zip", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"},
         {},
         {"plate", "aces-2065-4", "proxy"}},
        {OutputType::ProRes,
         "prores",
         {".mov"},
         {"profile", "encoder", "alpha"},
         {},
         {},
         {"proxy", "422lt", "422", "422hq", "4444", "4444xq"}},
        {OutputType::Dpx, "dpx", {".dpx"}, {"bits"}, {}, {8, 10, 12, 16}},
        {OutputType::Tiff,
         "tiff",
         {".tif", ".tiff"},
         {"compression", "bits", "alpha"},
         {"none", "lzw", "zip"},
         {8, 16, 32}},
        {OutputType::Png, "png", {".png"}, {"bits", "alpha"}, {}, {8, 16}},
        {OutputType::Jpeg, "jpeg", {".jpg", ".jpeg"}, {}, {}, {}},
    };
    return table;
}

const TypeRow& row_of(OutputType type) {
    return *std::find_if(rows().begin(), rows().end(), [&](const TypeRow& row) { return row.type == type; });
}

template <class List>
std::string joined(const List& list) {
    std::string text;
    for (const auto& entry : list) {
        if (!text.empty()) text += ", ";
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(entry)>>) {
            text += std::to_string(entry);
        } else {
            text += entry;
        }
    }
    return text;
}

template <class List, class Value>
bool has(const List& list, const Value& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

/// Keys that mean nothing for this type would be silent no-ops.
void check_keys(JobReading& reading, const JobNode& node, const TypeRow& row) {
    for (const std::string_view key :
         {"compression", "pixel", "bits", "profile", "encoder", "alpha", "dwa_level"}) {
        const std::string name(key);
        if (!node[name].is_there() || has(row.keys, key)) continue;
        std::string types;
        for (const TypeRow& other : rows()) {
            if (has(other.keys, key)) types += (types.empty() ? "" : ", ") + std::string(other.name);
        }
        reading.problem(node.pointer(name), "means nothing for type " + std::string(row.name) +
                                                " (only for " + types + "); remove it");
    }
}

void check_values(JobReading& reading, const JobNode& node, const TypeRow& row, const OutputSpec& output) {
    if (output.compression && !row.compressions.empty() && !has(row.compressions, *output.compression)) {
        reading.problem(node.pointer("compression"), "\"" + output.compression->substr(0, 40) +
                                                         "\" is none of " + std::string(row.name) +
                                                         "'s: " + joined(row.compressions));
    }
    if (output.bits != 0 && !row.bits.empty() && !has(row.bits, output.bits)) {
        reading.problem(node.pointer("bits"), std::string(row.name) + " has " + joined(row.bits) +
                                                  " bits, not " + std::to_string(output.bits));
    }
    if (!output.profile.empty() && !row.profiles.empty() && !has(row.profiles, output.profile)) {
        reading.problem(node.pointer("profile"), "\"" + output.profile.substr(0, 40) + "\" is none of " +
                                                     std::string(row.name) + "'s: " + joined(row.profiles));
    }
    const bool is_proxy = output.type == OutputType::Exr && output.profile == "proxy";
    if (output.dwa_level && !is_proxy && output.compression != "dwaa" && output.compression != "dwab") {
        reading.problem(node.pointer("dwa_level"), "needs compression dwaa or dwab");
    }
    if (output.type == OutputType::ProRes && output.alpha && !output.profile.starts_with("4444")) {
        reading.problem(node.pointer("alpha"), "ProRes " + output.profile.substr(0, 40) +
                                                   " has no alpha channel; take profile 4444 or 4444xq");
    }
}

/// What a delivery profile of EXR decides cannot be asked for otherwise.
void check_exr_profile(JobReading& reading, const JobNode& node, const OutputSpec& output) {
    struct Promise {
        std::string_view profile;
        std::vector<std::string_view> compressions;
        std::string_view why;
    };
    static const std::vector<Promise> promises = {
        {"plate", {"none", "zips", "zip", "piz"}, "a plate loses nothing"},
        {"aces-2065-4", {"none"}, "an ACES container (SMPTE ST 2065-4) is not compressed"},
        {"proxy", {"dwaa", "dwab"}, "a proxy is small"}};
    const auto promise = std::find_if(promises.begin(), promises.end(),
                                      [&](const Promise& each) { return each.profile == output.profile; });
    if (promise == promises.end()) return;
    if (output.compression && !has(promise->compressions, *output.compression)) {
        reading.problem(node.pointer("compression"),
                        "profile " + output.profile + " has " + joined(promise->compressions) + ", not " +
                            output.compression->substr(0, 40) + ": " + std::string(promise->why));
    }
    if (output.pixel == PixelChoice::Float) {
        reading.problem(node.pointer("pixel"), "profile " + output.profile + " is half float");
    }
    if (output.profile == "aces-2065-4" && output.colorspace) {
        reading.problem(node.pointer("colorspace"),
                        "profile aces-2065-4 is always ACES2065-1; remove it, or the profile");
    }
    if (!output.matte_of.empty() && output.profile == "aces-2065-4")
        reading.problem(node.pointer("matte_of"), "an ACES container holds a picture, not a matte");
}

void check_delivery(JobReading& reading, const JobNode& node, const OutputSpec& output) {
    if (output.first_frame && !output.path.pattern.is_sequence()) {
        reading.problem(node.pointer("first_frame"),
                        "there is no frame number in the name of this output; remove it");
    }
    if (output.checksums == "mhl" && reading.date.empty()) {
        reading.problem(node.pointer("checksums"),
                        "an ASC MHL has a creation date, and no clock is read here, so that a run can be "
                        "repeated to the same bytes; give the job a `date`");
    }
}

void check_matte(JobReading& reading, const JobNode& node, const OutputSpec& output, const ShotSpec& shot) {
    const std::string pointer = node.pointer("matte_of");
    if (output.type == OutputType::ProRes || output.type == OutputType::Jpeg) {
        reading.problem(pointer, "a matte is written as exr, tiff, png or dpx");
        return;
    }
    if (output.colorspace) reading.problem(node.pointer("colorspace"), "a matte has no colour; remove it");
    const bool is_there = std::any_of(shot.passes.begin(), shot.passes.end(),
                                      [&](const PassSpec& pass) { return pass.name == output.matte_of; });
    if (!is_there) reading.problem(pointer, "the shot has no pass \"" + output.matte_of.substr(0, 40) + "\"");
}

void check_path(JobReading& reading, const JobNode& node, const TypeRow& row, const OutputSpec& output) {
    const PathPattern& pattern = output.path.pattern;
    if (pattern.text().empty()) return;  // reported already
    const std::string pointer = node.pointer("path");
    if (!has(row.extensions, pattern.extension())) {
        reading.problem(pointer, "a file of type " + std::string(row.name) + " is named " +
                                     joined(row.extensions) + ", not \"" + pattern.extension() + "\"");
    } else if (is_movie(output.type) && pattern.is_sequence()) {
        reading.problem(pointer, "a movie is one file; remove the frame number from its name");
    }
}

}  // namespace

bool is_movie(OutputType type) {
    return type == OutputType::ProRes;
}

std::string_view to_text(OutputType type) {
    return row_of(type).name;
}

OutputSpec read_output(JobReading& reading, const JobNode& node, const ShotSpec& shot) {
    OutputSpec output;
    output.name = read_name(reading, node, "name");
    const PathTokens tokens{reading.show, shot.name, reading.version, output.name};
    const std::string text = node.text("path").value_or("");
    if (const auto path = reported(reading, node.pointer("path"), [&] { return with_tokens(text, tokens); }))
        output.path = reading.pattern_of(*path, node.pointer("path"));
    output.compression = node.text("compression");
    for (const PixelChoice pixel : {PixelChoice::Source, PixelChoice::Half, PixelChoice::Float}) {
        if (node.text("pixel") == to_text(pixel)) output.pixel = pixel;
    }
    output.bits = node.small_integer("bits").value_or(0);
    const auto profile = node.text("profile");
    output.encoder = node.text("encoder").value_or(output.encoder);
    output.colorspace = node.text("colorspace");
    output.alpha = node.flag("alpha", false);
    output.dwa_level = node.number("dwa_level");
    output.matte_of = node.text("matte_of").value_or("");
    output.first_frame = node.small_integer("first_frame");
    output.checksums = node.text("checksums").value_or("");

    const auto type = node.text("type");
    const auto row = std::find_if(rows().begin(), rows().end(),
                                  [&](const TypeRow& candidate) { return type == candidate.name; });
    if (row == rows().end()) {  // reported already; no more can be said of the path
        output.path.pattern = {};
        return output;
    }
    output.type = row->type;
    output.profile = profile.value_or(output.type == OutputType::ProRes ? output.profile : "");
    check_keys(reading, node, *row);
    check_values(reading, node, *row, output);
    check_path(reading, node, *row, output);
    check_exr_profile(reading, node, output);
    check_delivery(reading, node, output);
    if (!output.matte_of.empty()) check_matte(reading, node, output, shot);
    return output;
}

}  // namespace wetgate::spec
