#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"

// What the parts of the pass pixel_defects share: the facts of one frame, and the map of one shot. No tensors
// here.

namespace wetgate::passes::pixel_defects {

struct Settings {
    double threshold_sigma = 5.0;  ///< weakest defect looked for, in standard deviations of one frame's noise
    double min_persist = 0.35;     ///< share, of the frames expected to show a defect, that must
    int max_cluster = 4;           ///< largest connected group that is repaired, pixels
    int min_frames = 8;            ///< below: nothing is repaired
    int min_scenes = 3;            ///< different surroundings a defect must have been seen against
    bool static_ok = false;        ///< repair single photosites of places that never move, too
};

/// A pixel that stands out of its neighbours in one frame. Levels are coded(): a signed square root.
struct Candidate {
    int x = 0, y = 0;                    ///< picture coordinates
    std::array<std::int8_t, 3> score{};  ///< R,G,B: signed distance to its surround, quarters of a sigma
    std::uint8_t channel = 0;            ///< the channel that `value` and `surround` are about
    std::int16_t value = 0;              ///< coded level / kLevelStep
    std::int16_t surround = 0;           ///< mean of the 8 neighbours, likewise
    std::uint8_t size = 1;               ///< connected pixels of 11x11 at its level, it included; at most 63
};

/// Levels and noise of the picture in squares, aligned to picture coordinates: blocks, and cells of half
/// their size.
struct Grid {
    int cell_px = 8;
    Box blocks;                                      ///< picture coordinates / (2 * cell_px), rounded down
    std::array<std::vector<std::uint8_t>, 3> level;  ///< a block's coded level * kGridLevels, clamped
    std::array<std::vector<std::uint8_t>, 3>
        sigma;                        ///< the noise that a defect must beat there: see grid_sigma()
    Box cells;                        ///< picture coordinates / cell_px: two a block in x and y
    std::vector<std::uint16_t> luma;  ///< a cell's coded level (mean of R,G,B) * kLumaLevels, clamped

    int block_px() const { return 2 * cell_px; }
};

struct FrameFacts {
    Box window;
    double threshold = 0;               ///< every pixel whose score is above it is listed
    std::vector<Candidate> candidates;  ///< by y, then x
    Grid grid;
};

inline constexpr double kLevelStep = 1.0 / 8192;
inline constexpr double kGridLevels = 100;
inline constexpr double kLumaLevels = 8192;
inline constexpr double kScoreStep = 0.25;
inline constexpr double kScoreLoss = 0.73;  ///< sigmas: see Note [The score of a pixel]

/// Working linear to a scale on which camera noise is nearly level: odd, finite for every half.
float coded(float linear);
float linear_from_coded(float code);

/// Coordinate / step, rounded down. `step` > 0.
int floor_divide(int coordinate, int step);
/// The squares of `step` pixels that a window touches.
Box squares_of(const Box& window, int step);

/// The code of a noise sigma in Grid (eighths of an octave) and back.
std::uint8_t grid_sigma(float sigma);
float sigma_from_grid(std::uint8_t code);

/// Facts of one frame. `planes`: R, G, B of window.area() floats each, rows packed. Not finite pixels are
/// passed over.
FrameFacts measure_frame(const std::array<const float*, 3>& planes, const Box& window,
                         double threshold_sigma);

nlohmann::json facts_to_json(const FrameFacts& facts);
/// Error{Input} for facts that no measure_frame() wrote.
FrameFacts facts_from_json(const nlohmann::json& json);

inline constexpr const char* kArtefactSchema = "wetgate.pixel_defects/1";

/// A place of the map.
struct Defect {
    int x = 0, y = 0;                ///< picture coordinates
    std::array<bool, 3> channels{};  ///< R,G,B to fill
};

/// A pixel's new value.
struct Repair {
    std::size_t channel = 0;
    std::size_t index = 0;  ///< into the channel's window.area() floats
    float value = 0;        ///< working linear
};

/// Values for the defects inside `window`, from pixels that are no defects. `pixels`: R, G, B planes, rows
/// packed. A defect without a good pixel near it gets none.
std::vector<Repair> fill_defects(const float* pixels, const Box& window, const std::vector<Defect>& defects);

/// The shot's artefact, see schemas/passes/pixel_defects.schema.json and Note [What a defect is].
nlohmann::json solve_shot(std::span<const nlohmann::json> all_frames, int first_frame,
                          const Settings& settings);

}  // namespace wetgate::passes::pixel_defects
