#include "pipeline/shot_qc.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "media/still.h"
#include "media/worked.h"
#include "qc/light.h"
#include "spec/suggest.h"

namespace wetgate::pipeline {
namespace {

/// Linear Rec.709 by the names that configs give it.
constexpr std::array<const char*, 6> light_spaces = {
    "Linear Rec.709", "Linear Rec.709 (sRGB)",   "lin_rec709",
    "lin_srgb",       "Utility - Linear - sRGB", "Utility - Linear - Rec.709"};

std::string jpeg(const FloatImage& picture) {
    HostFrame like;
    like.display_window = picture.window;
    const HostFrame frame = media::make_rgb_frame(like, picture, SampleType::U8, 8, std::nullopt);
    media::StillWriteOptions options;
    options.type = "jpeg";
    options.bits = 8;
    const std::vector<std::byte> bytes = media::encode_still(frame, options);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

float coded(float light) {  // IEC 61966-2-1
    const float value = std::clamp(light, 0.0F, 1.0F);
    return value <= 0.0031308F ? 12.92F * value : 1.055F * std::pow(value, 1 / 2.4F) - 0.055F;
}

}  // namespace

Viewer::Viewer(const color::Config& colors, const std::string& space, const std::string& working,
               bool is_float) {
    const auto light = std::find_if(light_spaces.begin(), light_spaces.end(),
                                    [&](const char* name) { return colors.has(name); });
    to_light_ = colors.transform(space, light != light_spaces.end() ? *light : colors.resolve(working));
    const std::string encoding = colors.encoding(space);
    is_light_ = encoding.empty() ? is_float : encoding == "scene-linear";
    is_display_coded_ = encoding == "sdr-video";
}

Viewer::View Viewer::look(const HostFrame& frame, const std::vector<float>* touch) const {
    const FloatImage coded_picture = frame.worked.model == PixelModel::None || frame.parts.empty()
                                         ? FloatImage{}
                                         : media::read_worked(frame);
    qc::Measured seen = measured(frame, coded_picture, touch);
    View view{std::move(seen.facts), {}};
    if (seen.light.window.empty()) return view;
    FloatImage& small = seen.light;
    for (int c = 0; c < 3; ++c)
        std::transform(small.channel(c), small.channel(c) + small.window.area(), small.channel(c), coded);
    view.thumbnail = jpeg(small);
    return view;
}

framing::ColorPicture Viewer::displayed(const HostFrame& frame, int most_width) const {
    FloatImage shown = make_float_image(frame.display_window);
    std::fill_n(shown.channel(0), 3 * shown.window.area(), 0.0F);
    if (frame.worked.model != PixelModel::None && !frame.parts.empty()) {
        const FloatImage data = media::read_worked(frame);
        const Box both = intersection(data.window, shown.window);
        const auto place = [](const Box& window, int x, int y) {
            return static_cast<std::size_t>(y - window.y0) * static_cast<std::size_t>(window.width()) +
                   static_cast<std::size_t>(x - window.x0);
        };
        for (int c = 0; c < 3; ++c) {
            for (int y = both.y0; y < both.y1 && !both.empty(); ++y) {
                std::copy_n(data.channel(c) + place(data.window, both.x0, y),
                            static_cast<std::size_t>(both.width()),
                            shown.channel(c) + place(shown.window, both.x0, y));
            }
        }
    }
    FloatImage small = qc::reduced(shown, most_width);
    to_light_->apply(small);
    framing::ColorPicture picture{small.window.width(), small.window.height(), {}};
    picture.pixels.resize(3 * small.window.area());
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < small.window.area(); ++i) {
            const float value = small.channel(c)[i];
            picture.pixels[3 * i + static_cast<std::size_t>(2 - c)] =
                static_cast<std::uint8_t>(std::lround(255 * coded(std::isnan(value) ? 0.0F : value)));
        }
    }
    return picture;
}

qc::PictureFacts Viewer::look(const FloatImage& picture) const {
    HostFrame like;
    like.display_window = picture.window;
    return measured(media::make_rgb_frame(like, picture, SampleType::F32, 0, std::nullopt), picture, nullptr)
        .facts;
}

qc::Measured Viewer::measured(const HostFrame& frame, const FloatImage& picture,
                              const std::vector<float>* touch) const {
    const std::function<void(FloatImage&)> to_light = [this](FloatImage& light) { to_light_->apply(light); };
    return qc::measure({frame, picture, is_light_, to_light, touch});
}

std::string mask_thumbnail(const Box& window, const std::vector<float>& mask) {
    if (mask.size() != window.area() || window.empty()) return {};
    FloatImage grey = make_float_image({0, 0, window.width(), window.height()});
    for (int c = 0; c < 3; ++c) std::copy(mask.begin(), mask.end(), grey.channel(c));
    return jpeg(qc::reduced(grey));
}

qc::CheckSettings check_settings(const spec::QcSpec& spec) {
    const std::vector<std::string> names = qc::overridable_checks();
    qc::CheckSettings settings;
    for (const auto& [name, setting] : spec.checks) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            const auto near = spec::nearest(name, names);
            throw Error(
                ErrorKind::Usage,
                "/qc/checks/" + name + ": there is no such check, or it cannot be set otherwise" +
                    (near ? "; did you mean '" + *near + "'?" : "; `wetgate qc --checks` lists them"));
        }
        const auto& checks = qc::picture_checks();
        const bool has_threshold = std::any_of(checks.begin(), checks.end(),
                                               [&](const auto& check) { return check->info().name == name; });
        if (setting.threshold && !has_threshold) {
            throw Error(ErrorKind::Usage,
                        "/qc/checks/" + name + "/threshold: this check has none: any occurrence counts");
        }
        settings[name] = {
            setting.enabled, setting.threshold,
            setting.severity.empty() ? std::nullopt : std::optional(qc::parse_severity(setting.severity))};
    }
    return settings;
}

nlohmann::json record_of(const qc::PictureFacts* input, const qc::PictureFacts* output) {
    nlohmann::json record = {{"version", qc_version}};
    if (input != nullptr) record["input"] = qc::to_json(*input);
    if (output != nullptr)
        record["output"] = output == input ? nlohmann::json("input") : qc::to_json(*output);
    return record;
}

void read_record(const nlohmann::json& record, qc::FrameFacts& frame) {
    if (record.contains("input"))
        frame.input = std::make_shared<qc::PictureFacts>(qc::picture_facts_from(record.at("input")));
    frame.thumbnails = record.value("thumbnails", std::vector<std::string>{});
    const auto picture = [&frame](const nlohmann::json& facts) -> std::shared_ptr<const qc::PictureFacts> {
        if (facts.is_string()) return frame.input;
        return std::make_shared<const qc::PictureFacts>(qc::picture_facts_from(facts));
    };
    if (record.contains("output")) frame.output = picture(record.at("output"));
    for (const nlohmann::json& canvas : record.value("canvases", nlohmann::json::array())) {
        frame.canvases[canvas.at("outputs").get<std::vector<std::string>>()] = picture(canvas.at("facts"));
    }
}

std::set<int> frames_to_show(const nlohmann::json& findings, FrameRange range, std::size_t most) {
    std::set<int> picked;
    for (const char* severity : {"Blocker", "Issue", "FYI"}) {
        for (const nlohmann::json& finding : findings) {
            if (finding.at("severity") != severity || 2 * picked.size() >= most) continue;
            const int first = finding.at("first_frame").get<int>(), end = finding.at("end_frame").get<int>();
            picked.insert(first + (end - first - 1) / 2);
        }
    }
    const auto others = static_cast<int>(most - picked.size());
    for (int i = 0; i < std::min(others, range.size()); ++i)
        picked.insert(range.first + static_cast<int>((2LL * i + 1) * range.size() / (2LL * others)));
    return picked;
}

}  // namespace wetgate::pipeline
