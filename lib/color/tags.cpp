// H.273 code points <-> names of spaces.
#include <initializer_list>

#include "color/config_impl.h"

namespace wetgate::color {
namespace {

constexpr int unspecified = 2;

struct TagRow {
    const char* space;  ///< of the built-in config
    int primaries, transfer;
    int matrix;  ///< for writing
};

// The first row of a space is what is written, every row is what is read. H.273 says of transfers 1, 6, 14
// and 15 that they are one function; 4 and 5 are the assumed display gammas 2.2 and 2.8 of BT.470.
constexpr TagRow rows[] = {
    {"Rec.709", 1, 1, 1},        {"Rec.709", 1, 6, 1},        {"Rec.709", 1, 14, 1},
    {"Rec.709", 1, 15, 1},       {"sRGB", 1, 13, 1},          {"Gamma 2.2 Rec.709", 1, 4, 1},
    {"Linear Rec.709", 1, 8, 1}, {"Rec.601-625", 5, 6, 5},    {"Rec.601-625", 5, 1, 5},
    {"Rec.601-525", 6, 6, 6},    {"Rec.601-525", 6, 1, 6},    {"Rec.601-525", 7, 6, 6},
    {"Rec.601-525", 7, 1, 6},    {"Rec.2020", 9, 14, 9},      {"Rec.2020", 9, 15, 9},
    {"Rec.2020", 9, 1, 9},       {"Rec.2020", 9, 6, 9},       {"Linear Rec.2020", 9, 8, 9},
    {"Rec.2100-PQ", 9, 16, 9},   {"Rec.2100-HLG", 9, 18, 9},  {"Display P3", 12, 13, 1},
    {"P3-D65 PQ", 12, 16, 9},    {"Linear P3-D65", 12, 8, 1},
};

// What another config may call the same curve on the same primaries. Names of monitor spaces ("Output -
// Rec.709") are not here: those hold a tone map, which is not what the tags mean.
std::vector<std::string> names_of(const char* builtin_name) {
    std::vector<std::string> names{builtin_name};
    for (const BuiltinSpace& row : builtin_spaces()) {
        if (std::string(row.name) != builtin_name) continue;
        names.insert(names.end(), row.aliases.begin(), row.aliases.end());
    }
    return names;
}

}  // namespace

std::optional<std::string> Config::space_of_tags(const ColorInfo& color) const {
    for (const TagRow& row : rows) {
        if (row.primaries != color.primaries || row.transfer != color.transfer) continue;
        for (const std::string& name : names_of(row.space)) {
            if (has(name)) return resolve(name);
        }
        return std::nullopt;
    }
    return std::nullopt;
}

ColorInfo Config::tags_of_space(const std::string& space) const {
    const std::string canonical = resolve(space);
    ColorInfo tags;
    tags.primaries = tags.transfer = tags.matrix = unspecified;
    for (const TagRow& row : rows) {
        const std::optional<std::string> here = space_of_tags({.primaries = row.primaries,
                                                               .transfer = row.transfer,
                                                               .matrix = row.matrix,
                                                               .full_range = false});
        if (here != canonical) continue;
        tags.primaries = row.primaries;
        tags.transfer = row.transfer;
        tags.matrix = row.matrix;
        break;
    }
    return tags;
}

}  // namespace wetgate::color
