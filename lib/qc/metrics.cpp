#include "qc/metrics.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "qc/flashes.h"
#include "qc/series.h"

namespace wetgate::qc {
namespace {

using nlohmann::json;

/// Four significant digits: a plot needs no more, and a thousand frames stay small.
json short_number(double value) {
    if (!std::isfinite(value)) return nullptr;
    if (value == 0) return 0;
    const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
    const double rounded = std::round(value * scale) / scale;
    return rounded == std::floor(rounded) && std::abs(rounded) < 1e6
               ? json(static_cast<std::int64_t>(rounded))
               : json(rounded);
}

json to_json(const Series& series) {
    json list = json::array();
    for (const auto& value : series) list.push_back(value ? short_number(*value) : json(nullptr));
    return list;
}

template <class Value>
Series of_pictures(const ShotFacts& shot, Side side, Value value) {
    Series series(shot.frames.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
        const PictureFacts* picture = shot.picture(side, i);
        if (picture != nullptr && picture->light.grid.size() > 0) series[i] = value(*picture);
    }
    return series;
}

class Plots {
public:
    Plots(const ShotFacts& shot, const CheckSettings& settings) : settings_(settings) {
        is_untouched_ = std::all_of(shot.frames.begin(), shot.frames.end(),
                                    [](const FrameFacts& frame) { return frame.input == frame.output; });
    }

    /// `series(side)` gives the numbers of a side; `check`: whose threshold they are held against, or "".
    template <class Make>
    void add(const char* name, const char* title, const char* unit, const char* check, Make series) {
        const Series made = series(Side::Output);
        json plot = {{"name", name}, {"title", title}, {"unit", unit}, {"output", to_json(made)}};
        bool is_known = known(made);
        if (!is_untouched_) {
            const Series given = series(Side::Input);
            plot["input"] = to_json(given);
            is_known = is_known || known(given);
        }
        if (!is_known) return;
        if (*check != '\0') plot["threshold"] = threshold_of(check);
        list_.push_back(std::move(plot));
    }
    /// Of what was made alone.
    void add_output(const char* name, const char* title, const char* unit, const Series& made) {
        if (known(made))
            list_.push_back({{"name", name}, {"title", title}, {"unit", unit}, {"output", to_json(made)}});
    }
    json take() { return std::move(list_); }

private:
    static bool known(const Series& series) {
        return std::any_of(series.begin(), series.end(), [](const auto& value) { return value.has_value(); });
    }
    double threshold_of(const std::string& name) const {
        const auto setting = settings_.find(name);
        if (setting != settings_.end() && setting->second.threshold) return *setting->second.threshold;
        for (const auto& check : picture_checks())
            if (check->info().name == name) return check->info().threshold;
        throw Error(ErrorKind::Internal, "a plot shows the threshold of a check that there is not: " + name);
    }
    const CheckSettings& settings_;
    bool is_untouched_ = false;
    json list_ = json::array();
};

}  // namespace

json metrics(const ShotFacts& shot, const CheckSettings& settings) {
    Plots plots(shot, settings);
    const auto picture = [&](const char* name, const char* title, const char* unit, const char* check,
                             auto value) {
        plots.add(name, title, unit, check, [&](Side side) { return of_pictures(shot, side, value); });
    };
    picture("luminance_p50", "Middle of luminance", "stops", "",
            [](const PictureFacts& p) { return p.light.p50; });
    picture("luminance_mean", "Mean of luminance", "stops", "",
            [](const PictureFacts& p) { return p.light.mean_stops; });
    picture("black_level", "Blacks (1 %)", "stops", "", [](const PictureFacts& p) { return p.light.p1; });
    picture("luminance_p99", "Whites (99 %)", "stops", "", [](const PictureFacts& p) { return p.light.p99; });
    picture("red", "Red against green", "stops", "",
            [](const PictureFacts& p) { return p.light.median_stops[0] - p.light.median_stops[1]; });
    picture("blue", "Blue against green", "stops", "",
            [](const PictureFacts& p) { return p.light.median_stops[2] - p.light.median_stops[1]; });
    plots.add("flicker", "Light against the neighbours", "stops", "",
              [&](Side side) { return unsteadiness(shot, side); });
    plots.add("freeze", "Change from the frame before", "of the coded range", "",
              [&](Side side) { return motion(shot, side); });
    for (const FlashKind kind : {FlashKind::Luminance, FlashKind::Red}) {
        const bool is_red = kind == FlashKind::Red;
        plots.add(is_red ? "pse_red" : "pse_luminance",
                  is_red ? "Red flashes in the last second" : "Flashes in the last second", "",
                  is_red ? "pse_red" : "pse_luminance", [&](Side side) {
                      Series series(shot.frames.size());
                      const std::vector<int> counts =
                          transitions_a_second(transitions(shot, side, kind), shot.frames.size(), shot.rate);
                      for (std::size_t i = 0; i < series.size(); ++i)
                          if (shot.picture(side, i) != nullptr) series[i] = counts[i] / 2.0;
                      return series;
                  });
    }
    picture("black", "Black pixels", "share", "black", [](const PictureFacts& p) { return p.light.dark; });
    picture("over_half", "Greatest value", "", "", [](const PictureFacts& p) { return p.levels.greatest; });
    picture("least", "Least value", "", "", [](const PictureFacts& p) { return p.levels.least; });
    picture("negatives", "Negative samples", "share", "negatives",
            [](const PictureFacts& p) { return p.levels.negative; });
    picture("clipped", "Samples at the top", "share", "clipped",
            [](const PictureFacts& p) { return p.levels.at_top; });
    plots.add("legal_range", "Codes outside the legal range", "share", "legal_range", [&](Side side) {
        Series series(shot.frames.size());
        for (std::size_t i = 0; i < series.size(); ++i)
            if (const PictureFacts* p = shot.picture(side, i); p != nullptr) series[i] = p->levels.illegal;
        return series;
    });
    picture("blur", "Steps between pixels", "", "", [](const PictureFacts& p) { return p.texture.gradient; });
    picture("aliasing", "Fine detail", "", "", [](const PictureFacts& p) { return p.texture.detail; });
    picture("noise", "Grain where it is plain", "", "",
            [](const PictureFacts& p) { return p.texture.noise; });
    picture("blocking", "8-pixel grid", "ratio", "",
            [](const PictureFacts& p) { return p.texture.blocking; });
    picture("dust", "Small places that stand out", "", "",
            [](const PictureFacts& p) { return static_cast<double>(p.spots.size()); });
    plots.add("banding", "Bands (CAMBI)", "", "banding", [&](Side side) {
        Series series(shot.frames.size());
        for (std::size_t i = 0; i < series.size(); ++i)
            if (const PictureFacts* p = shot.picture(side, i); p != nullptr) series[i] = p->banding;
        return series;
    });
    Series touched(shot.frames.size());
    bool is_any = false;
    for (std::size_t i = 0; i < touched.size(); ++i) {
        if (shot.frames[i].output == nullptr) continue;
        touched[i] = shot.frames[i].touched;
        is_any = is_any || shot.frames[i].touched > 0;
    }
    if (is_any) plots.add_output("touched", "Picture that passes changed", "share", touched);
    return plots.take();
}

}  // namespace wetgate::qc
