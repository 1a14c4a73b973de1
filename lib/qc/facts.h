#pragma once
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/geometry.h"

namespace wetgate::qc {

// What is kept of one picture, small enough for the frame's record: every check of a whole shot works on
// these alone, never on pixels, so that any split of a shot merges to the same findings.

/// Stored values of the worked picture, in its own coding.
struct LevelFacts {
    double least = 0, greatest = 0;  ///< of the finite samples of R, G and B
    double negative = 0;             ///< share of samples below zero
    double at_top = 0;           ///< greatest share, over the channels, of samples at that channel's maximum
    std::int64_t over_half = 0;  ///< samples of 65504 or more
    std::int64_t non_finite = 0;
    std::optional<double> illegal;  ///< video of narrow range: share of codes outside it
};

/// A coarse picture: cells in rows, top left first.
struct Grid {
    static constexpr int most_columns = 64, most_rows = 36;
    int columns = 0, rows = 0;
    std::vector<float> luminance;      ///< mean of the cell as shown: 0 to 1 of the display's white
    std::vector<float> red;            ///< max(0, R - G - B) of the cell's mean: the "red value" over 320
    std::vector<std::uint8_t> is_red;  ///< 1 where R / (R + G + B) >= 0.8
    std::vector<std::uint8_t>
        touched;  ///< share of the cell that passes changed, over 255; empty: none of it
    std::size_t size() const { return luminance.size(); }
};

/// Light as a display shows it: linear Rec.709, clipped to [0,1], 1.0 = its white.
struct LightFacts {
    double mean_stops = 0;            ///< mean of log2 of luminance, floor 2^-10
    double p1 = 0, p50 = 0, p99 = 0;  ///< percentiles of luminance, stops
    double dark = 0;                  ///< share of pixels at or below a tenth of the coded range
    double out_of_gamut = 0;          ///< share of pixels with a component below -0.001 in linear Rec.709
    double stripes = 0;               ///< share of the picture under five or more light-dark stripe pairs
    std::array<double, 3> median_stops{};  ///< of R, G and B
    Grid grid;
};

/// Fine structure, on a luma near to what the eye sees (square root of light, or video code).
struct TextureFacts {
    double gradient = 0;  ///< mean step to the neighbour
    double detail = 0;    ///< mean second difference: falls when a picture softens, rises when it aliases
    double noise = 0;  ///< deviation where the picture is plainest (Immerkaer 1996, lower quarter of blocks)
    double blocking = 1;                               ///< steps across an 8-pixel grid over steps elsewhere
    std::optional<double> grain_inside, grain_around;  ///< noise in the touched part and in a ring around it
};

/// A small place that stands out from all of its surroundings.
struct Spot {
    int x = 0, y = 0;  ///< middle, in pixels of the data window
    int size = 1;      ///< pixels across: 1, 2, 4 or 8
    double step = 0;   ///< above (+) or below (-) what surrounds it
};

/// Lines at the picture's edges, top right bottom left, that are black while the picture is not.
using BorderFacts = std::array<int, 4>;

struct PictureFacts {
    std::string hash;  ///< of the stored samples
    Box display, window;
    double pixel_aspect = 1;
    std::string timecode;  ///< as the file says; empty: it does not
    LevelFacts levels;
    LightFacts light;
    TextureFacts texture;
    std::vector<Spot> spots;  ///< strongest first
    BorderFacts border{};
    std::optional<double> banding;  ///< CAMBI; of every 24th frame
};

nlohmann::json to_json(const PictureFacts& facts);
/// Error{Input} where the record is not of this version or was damaged.
PictureFacts picture_facts_from(const nlohmann::json& json);

}  // namespace wetgate::qc
