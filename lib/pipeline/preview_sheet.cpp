#include "pipeline/preview_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace wetgate::pipeline {
namespace {

constexpr framing::Ink ground{32, 32, 32}, panel{24, 24, 24}, plain{220, 220, 220}, faint{140, 140, 140};
constexpr int columns = 4, gap = 8, title_height = 32, plot_height = 120, label_width = 170;
constexpr double text_px = 11;

struct Curve {
    const char* title;
    double least_span;  ///< so that noise does not look like a move
    double (*value)(const ShownFrame&);
};
constexpr std::array<Curve, 4> curves{
    {{"middle x (px)", 10, [](const ShownFrame& shown) { return shown.middle.x; }},
     {"middle y (px)", 10, [](const ShownFrame& shown) { return shown.middle.y; }},
     {"scale", 0.01, [](const ShownFrame& shown) { return shown.zoom; }},
     {"rotation (deg)", 0.1, [](const ShownFrame& shown) { return shown.rotation_deg; }}}};

void draw_curve(framing::Drawing& sheet, const Box& area, const Curve& curve,
                const std::vector<CanvasPath>& paths) {
    sheet.fill(area, panel);
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const CanvasPath& path : paths) {
        for (const ShownFrame& shown : path.frames) {
            const double value = curve.value(shown);
            if (!std::isfinite(value)) continue;
            least = std::min(least, value);
            most = std::max(most, value);
        }
    }
    if (!(least <= most)) return;
    const double middle = (least + most) / 2, half = std::max(most - least, curve.least_span) / 2;
    const double top = area.y0 + 8, bottom = area.y1 - 8;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        std::vector<framing::Point> line;
        const std::size_t count = paths[i].frames.size();
        for (std::size_t k = 0; k < count; ++k) {
            const double share = (static_cast<double>(k) + 0.5) / static_cast<double>(count);
            const double value = (curve.value(paths[i].frames[k]) - (middle - half)) / (2 * half);
            line.push_back({area.x0 + share * area.width(), bottom - value * (bottom - top)});
        }
        if (line.size() == 1) line.push_back({line[0].x + 2, line[0].y});
        sheet.lines(line, canvas_ink(i), 2);
    }
    const double left = area.x0 - label_width + 4;
    sheet.text({left, top + 10}, fmt::format("{:.6g}", middle + half), faint, text_px);
    sheet.text({left, bottom}, fmt::format("{:.6g}", middle - half), faint, text_px);
    sheet.text({left, (top + bottom) / 2 + 5}, curve.title, plain, text_px);
}

}  // namespace

framing::Ink canvas_ink(std::size_t index) {
    constexpr std::array<framing::Ink, 6> inks{
        {{255, 190, 40}, {60, 200, 255}, {255, 90, 200}, {120, 230, 90}, {255, 120, 60}, {170, 150, 255}}};
    return inks[index % inks.size()];
}

framing::Drawing contact_sheet(const std::string& title, const std::map<int, framing::ColorPicture>& frames,
                               const std::vector<CanvasPath>& paths, int first) {
    constexpr int tile_width = 480;
    int tile_height = 0;
    for (const auto& [frame, picture] : frames) {
        tile_height = std::max(tile_height,
                               static_cast<int>(std::int64_t{picture.height} * tile_width / picture.width));
    }
    const int rows = (static_cast<int>(frames.size()) + columns - 1) / columns;
    const int plots_top = title_height + rows * (tile_height + gap) + gap;
    const int plots = paths.empty() ? 0 : static_cast<int>(curves.size());
    framing::Drawing sheet(columns * (tile_width + gap) + gap,
                           plots_top + plots * (plot_height + gap) + (plots > 0 ? title_height : 0), ground);
    int x = gap + sheet.text({gap, 21}, title, plain, 13) + 24;
    for (std::size_t i = 0; i < paths.size(); ++i)
        x += sheet.text({static_cast<double>(x), 21}, paths[i].name, canvas_ink(i), 13) + 16;
    int at = 0;
    for (const auto& [frame, picture] : frames) {
        sheet.paste(picture, gap + (at % columns) * (tile_width + gap),
                    title_height + (at / columns) * (tile_height + gap), tile_width);
        ++at;
    }
    if (plots == 0) return sheet;
    for (int i = 0; i < plots; ++i) {
        const int top = plots_top + i * (plot_height + gap);
        draw_curve(sheet, {gap + label_width, top, sheet.width() - gap, top + plot_height},
                   curves[static_cast<std::size_t>(i)], paths);
    }
    const double bottom = sheet.height() - 12;
    const int last = first + static_cast<int>(paths.front().frames.size()) - 1;
    sheet.text({gap + label_width, bottom}, fmt::format("frame {}", first), faint, text_px);
    sheet.text({sheet.width() - 110.0, bottom}, fmt::format("{}", last), faint, text_px);
    return sheet;
}

}  // namespace wetgate::pipeline
