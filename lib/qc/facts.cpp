#include "qc/facts.h"

#include <algorithm>
#include <cmath>

#include "core/base64.h"
#include "core/error.h"

namespace wetgate::qc {
namespace {

using nlohmann::json;

/// Seven digits behind the point: the same text on machines whose last bits differ.
double rounded(double value) {
    return std::isfinite(value) ? std::round(value * 1e7) / 1e7 : 0;
}

json to_json(const Box& box) {
    return {box.x0, box.y0, box.x1, box.y1};
}

int bounded(const json& number) {
    const double value = number.get<double>();
    constexpr double most = 1 << 24;
    if (!(std::abs(value) <= most))
        throw Error(ErrorKind::Input,
                    "a frame's record has a QC number beyond all pictures; run the frame again");
    return static_cast<int>(value);
}

Box box_from(const json& four) {
    return {bounded(four.at(0)), bounded(four.at(1)), bounded(four.at(2)), bounded(four.at(3))};
}

// Luminance of a cell as 16 bits over 16 stops, -14 to 2 (0.02 % a step); the red value as 15 bits over 0 to
// 1, the sixteenth says whether the cell is a saturated red.
constexpr double least_stops = -14, code_of_a_stop = 65535 / 16.0;
constexpr int red_codes = 32767;

std::string packed(const std::vector<std::uint16_t>& codes) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(2 * codes.size());
    for (const std::uint16_t code : codes) {
        bytes.push_back(static_cast<std::uint8_t>(code & 0xFF));
        bytes.push_back(static_cast<std::uint8_t>(code >> 8));
    }
    return to_base64(bytes);
}

std::vector<std::uint16_t> unpacked(const std::string& text, std::size_t count) {
    const auto bytes = from_base64(text);
    if (!bytes || bytes->size() != 2 * count)
        throw Error(ErrorKind::Input, "a frame's record has a damaged QC grid; run the frame again");
    std::vector<std::uint16_t> codes(count);
    for (std::size_t i = 0; i < count; ++i)
        codes[i] = static_cast<std::uint16_t>((*bytes)[2 * i] | ((*bytes)[2 * i + 1] << 8));
    return codes;
}

json to_json(const Grid& grid) {
    std::vector<std::uint16_t> luminance, red;
    for (std::size_t i = 0; i < grid.size(); ++i) {
        const double stops = std::log2(std::max(1e-9, static_cast<double>(grid.luminance[i]))) - least_stops;
        luminance.push_back(
            static_cast<std::uint16_t>(std::lround(std::clamp(stops * code_of_a_stop, 0.0, 65535.0))));
        const auto value = std::lround(std::clamp(static_cast<double>(grid.red[i]), 0.0, 1.0) * red_codes);
        red.push_back(static_cast<std::uint16_t>(2 * value + grid.is_red[i]));
    }
    json made = {{"columns", grid.columns},
                 {"rows", grid.rows},
                 {"luminance", packed(luminance)},
                 {"red", packed(red)}};
    if (!grid.touched.empty()) made["touched"] = to_base64(grid.touched);
    return made;
}

Grid grid_from(const json& stored) {
    Grid grid;
    grid.columns = bounded(stored.at("columns"));
    grid.rows = bounded(stored.at("rows"));
    if (grid.columns < 0 || grid.columns > Grid::most_columns || grid.rows < 0 || grid.rows > Grid::most_rows)
        throw Error(ErrorKind::Input,
                    "a frame's record has a QC grid of an unknown size; run the frame again");
    const auto count = static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows);
    for (const std::uint16_t code : unpacked(stored.at("luminance").get<std::string>(), count)) {
        // The lowest code also stands for no light at all.
        grid.luminance.push_back(
            code == 0 ? 0.0F : static_cast<float>(std::exp2(code / code_of_a_stop + least_stops)));
    }
    for (const std::uint16_t code : unpacked(stored.at("red").get<std::string>(), count)) {
        grid.red.push_back(static_cast<float>(code >> 1) / red_codes);
        grid.is_red.push_back(code & 1);
    }
    if (stored.contains("touched")) {
        const auto touched = from_base64(stored.at("touched").get<std::string>());
        if (!touched || touched->size() != count)
            throw Error(ErrorKind::Input, "a frame's record has a damaged QC grid; run the frame again");
        grid.touched = *touched;
    }
    return grid;
}

}  // namespace

json to_json(const PictureFacts& facts) {
    const LevelFacts& levels = facts.levels;
    const LightFacts& light = facts.light;
    const TextureFacts& texture = facts.texture;
    json made = {
        {"hash", facts.hash},
        {"display", to_json(facts.display)},
        {"window", to_json(facts.window)},
        {"pixel_aspect", rounded(facts.pixel_aspect)},
        {"levels",
         {{"least", rounded(levels.least)},
          {"greatest", rounded(levels.greatest)},
          {"negative", rounded(levels.negative)},
          {"at_top", rounded(levels.at_top)},
          {"over_half", levels.over_half},
          {"non_finite", levels.non_finite}}},
        {"light",
         {{"mean_stops", rounded(light.mean_stops)},
          {"p1", rounded(light.p1)},
          {"p50", rounded(light.p50)},
          {"p99", rounded(light.p99)},
          {"dark", rounded(light.dark)},
          {"out_of_gamut", rounded(light.out_of_gamut)},
          {"stripes", rounded(light.stripes)},
          {"median_stops",
           {rounded(light.median_stops[0]), rounded(light.median_stops[1]), rounded(light.median_stops[2])}},
          {"grid", to_json(light.grid)}}},
        {"texture",
         {{"gradient", rounded(texture.gradient)},
          {"detail", rounded(texture.detail)},
          {"noise", rounded(texture.noise)},
          {"blocking", rounded(texture.blocking)}}},
        {"spots", json::array()},
        {"border", facts.border}};
    if (!facts.timecode.empty()) made["timecode"] = facts.timecode;
    if (levels.illegal) made["levels"]["illegal"] = rounded(*levels.illegal);
    if (texture.grain_inside && texture.grain_around) {
        made["texture"]["grain_inside"] = rounded(*texture.grain_inside);
        made["texture"]["grain_around"] = rounded(*texture.grain_around);
    }
    for (const Spot& spot : facts.spots)
        made["spots"].push_back({spot.x, spot.y, spot.size, std::round(spot.step * 1e4) / 1e4});
    if (facts.banding) made["banding"] = rounded(*facts.banding);
    return made;
}

PictureFacts picture_facts_from(const json& json) try {
    PictureFacts facts;
    facts.hash = json.at("hash").get<std::string>();
    facts.display = box_from(json.at("display"));
    facts.window = box_from(json.at("window"));
    facts.pixel_aspect = json.at("pixel_aspect").get<double>();
    facts.timecode = json.value("timecode", "");
    const auto& levels = json.at("levels");
    facts.levels.least = levels.at("least").get<double>();
    facts.levels.greatest = levels.at("greatest").get<double>();
    facts.levels.negative = levels.at("negative").get<double>();
    facts.levels.at_top = levels.at("at_top").get<double>();
    facts.levels.over_half = levels.at("over_half").get<std::int64_t>();
    facts.levels.non_finite = levels.at("non_finite").get<std::int64_t>();
    if (levels.contains("illegal")) facts.levels.illegal = levels.at("illegal").get<double>();
    const auto& light = json.at("light");
    facts.light.mean_stops = light.at("mean_stops").get<double>();
    facts.light.p1 = light.at("p1").get<double>();
    facts.light.p50 = light.at("p50").get<double>();
    facts.light.p99 = light.at("p99").get<double>();
    facts.light.dark = light.at("dark").get<double>();
    facts.light.out_of_gamut = light.at("out_of_gamut").get<double>();
    facts.light.stripes = light.at("stripes").get<double>();
    facts.light.median_stops = light.at("median_stops").get<std::array<double, 3>>();
    facts.light.grid = grid_from(light.at("grid"));
    const auto& texture = json.at("texture");
    facts.texture.gradient = texture.at("gradient").get<double>();
    facts.texture.detail = texture.at("detail").get<double>();
    facts.texture.noise = texture.at("noise").get<double>();
    facts.texture.blocking = texture.at("blocking").get<double>();
    if (texture.contains("grain_inside")) {
        facts.texture.grain_inside = texture.at("grain_inside").get<double>();
        facts.texture.grain_around = texture.at("grain_around").get<double>();
    }
    for (const auto& spot : json.at("spots")) {
        facts.spots.push_back(
            {bounded(spot.at(0)), bounded(spot.at(1)), bounded(spot.at(2)), spot.at(3).get<double>()});
    }
    for (std::size_t edge = 0; edge < facts.border.size(); ++edge)
        facts.border[edge] = bounded(json.at("border").at(edge));
    if (json.contains("banding")) facts.banding = json.at("banding").get<double>();
    return facts;
} catch (const nlohmann::json::exception& problem) {
    throw Error(ErrorKind::Input, std::string("a frame's record has damaged QC facts (") + problem.what() +
                                      "); run the frame again");
}

}  // namespace wetgate::qc
