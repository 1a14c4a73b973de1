#pragma once
#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "passes/artefact_reader.h"
#include "passes/deflicker_field.h"
#include "passes/deflicker_measure.h"
#include "passes/pass.h"

namespace wetgate::passes::deflicker {

/// How a frame compares with an earlier one.
struct Comparison {
    PairFact whole;
    std::optional<FieldFact> local;  ///< on local_grid
    std::optional<FieldFact> rows;   ///< on row_grid
};

/// What a pass compares.
struct Layout {
    std::string pass;
    std::span<const int> steps_back;
    GridShape local_grid;
    GridShape row_grid;
};
/// Facts {"pairs": [...]} of how the window's frame 0 compares with the earlier ones that are real; with
/// fields on the grids that are asked for.
nlohmann::json measured(const FrameWindow& window, std::span<const int> steps_back,
                        const std::optional<GridShape>& local, const std::optional<GridShape>& rows);
/// Of the facts of one frame, as measured() wrote them. `where`: "the measurement of frame 7". Error{Usage}.
std::vector<Comparison> comparisons_from(const nlohmann::json& facts, const std::string& where,
                                         const Layout& layout);

/// Of an artefact: [columns, rows].
GridShape grid_from(const ArtefactReader& reader);
/// Of an artefact: numbers within +-`largest`, one a node, row by row.
std::vector<float> nodes_from(const ArtefactReader& list, const GridShape& shape, double largest);
/// [1,H,W] float32 of the nodes, bilinear between them.
at::Tensor enlarged(const std::vector<float>& nodes, const GridShape& shape, std::int64_t height,
                    std::int64_t width);

}  // namespace wetgate::passes::deflicker
