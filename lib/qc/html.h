#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "qc/thumbnail.h"

namespace wetgate::qc {

/// report.html: one self-contained page of less than html_limit_bytes that fetches nothing. `report` is the
/// whole report ({"schema", "result", "run"}); keys that an older report has not are left out of the page.
/// What would make the page too large (findings, plots, pictures, files of thousands of frames) is thinned
/// out, and the page says so where it is: report.json has all. The same report and pictures give the same
/// bytes.
std::string to_html(const nlohmann::json& report, std::span<const Thumbnail> thumbnails);

constexpr std::size_t html_limit_bytes = 5'000'000;

}  // namespace wetgate::qc
