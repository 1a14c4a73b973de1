#pragma once
#include <nlohmann/json.hpp>

#include "qc/check.h"

namespace wetgate::qc {

/// The plots of the report: [{"name", "title", "unit", "input": [number or null ...], "output": [...],
/// "threshold"}], one entry a frame of the shot's range. "input" is left out where the output is the source,
/// bit for bit, on all frames. A plot
/// that shows what a check looks at has its name.
nlohmann::json metrics(const ShotFacts& shot, const CheckSettings& settings);

}  // namespace wetgate::qc
