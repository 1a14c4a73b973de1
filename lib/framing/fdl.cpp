#include "framing/fdl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"

namespace wetgate::framing {
namespace {

using nlohmann::json;

constexpr const char* keys_name = "_wetgate_keys";
constexpr std::size_t longest_id = 32;
constexpr std::size_t most_items = 10000;  // of any list
constexpr int most_side_px = 65536;

/// Letters, digits and underscores, 1 to 32, none that is `taken`.
std::string id_from(const std::string& name, std::set<std::string>& taken) {
    std::string id;
    for (const char letter : name) {
        const bool fits = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9');
        id += fits ? letter : '_';
    }
    if (id.empty()) id = "framing";
    id.resize(std::min(id.size(), longest_id));
    std::string unique = id;
    for (int count = 2; !taken.insert(unique).second; ++count) {
        const std::string suffix = fmt::format("_{}", count);
        unique = id.substr(0, longest_id - suffix.size()) + suffix;
    }
    return unique;
}

/// Version 8 (RFC 9562: made by a rule of one's own) of the content's hash.
std::string uuid_of(const json& content) {
    std::string hash = content_hash(content.dump());
    hash[12] = '8';
    hash[16] = "89ab"[(hash[16] <= '9' ? hash[16] - '0' : hash[16] - 'a' + 10) % 4];
    return fmt::format("{}-{}-{}-{}-{}", hash.substr(0, 8), hash.substr(8, 4), hash.substr(12, 4),
                       hash.substr(16, 4), hash.substr(20));
}

json clip_id(const FdlClip& clip, const CropScene& scene) {
    json id = {{"clip_name", clip.name}};
    if (clip.file.find('#') == std::string::npos) {
        if (!clip.file.empty()) id["file"] = clip.file;
    } else if (scene.first >= 0) {
        id["sequence"] = {{"value", clip.file}, {"idx", "#"}, {"min", scene.first}, {"max", scene.last}};
    }
    return id;
}

json scene_json(const CropScene& scene, int width, int height) {
    return to_json(CropPath{width, height, {scene}})["scenes"][0];
}

json decision_json(const std::string& canvas, const std::string& intent, const FdlFraming& framing,
                   const CropScene& scene) {
    const Crop crop = crop_at(CropPath{framing.path.width, framing.path.height, {scene}}, scene.first);
    json decision = {{"label", framing.name},
                     {"id", canvas + "-" + intent},
                     {"framing_intent_id", intent},
                     {"dimensions", {{"width", crop.w}, {"height", crop.h}}},
                     {"anchor_point", {{"x", crop.x}, {"y", crop.y}}}};
    decision[keys_name] = scene_json(scene, framing.path.width, framing.path.height);
    return decision;
}

}  // namespace

nlohmann::json fdl_of(const FdlClip& clip, std::span<const FdlFraming> framings) {
    json intents = json::array();
    json contexts = json::array();
    std::set<std::string> taken;
    std::vector<std::string> ids;
    for (const FdlFraming& framing : framings) {
        const CropPath& path = framing.path;
        const CropPath& reference = framings.front().path;
        const bool is_alike = path.width == reference.width && path.height == reference.height &&
                              std::equal(path.scenes.begin(), path.scenes.end(), reference.scenes.begin(),
                                         reference.scenes.end(), [](const CropScene& a, const CropScene& b) {
                                             return a.first == b.first && a.last == b.last;
                                         });
        if (!is_alike)
            throw Error(ErrorKind::Internal, "the framings of one clip are of unlike pictures or scenes");
        ids.push_back(id_from(framing.name, taken));
        intents.push_back(
            {{"label", framing.name},
             {"id", ids.back()},
             {"aspect_ratio", {{"width", framing.aspect_width}, {"height", framing.aspect_height}}},
             {"protection", 0}});
    }
    const std::size_t scenes = framings.empty() ? 0 : framings.front().path.scenes.size();
    for (std::size_t i = 0; i < scenes; ++i) {
        const CropPath& reference = framings.front().path;
        const CropScene& scene = reference.scenes[i];
        const std::string canvas = scenes == 1 ? "plate" : fmt::format("plate_{}", i + 1);
        json decisions = json::array();
        for (std::size_t k = 0; k < framings.size(); ++k)
            decisions.push_back(decision_json(canvas, ids[k], framings[k], framings[k].path.scenes[i]));
        contexts.push_back({{"label", fmt::format("{} {}-{}", clip.name, scene.first, scene.last)},
                            {"context_creator", "wetgate"},
                            {"clip_id", clip_id(clip, scene)},
                            {"canvases",
                             {{{"label", "plate"},
                               {"id", canvas},
                               {"source_canvas_id", canvas},
                               {"dimensions", {{"width", reference.width}, {"height", reference.height}}},
                               {"anamorphic_squeeze", clip.squeeze},
                               {"framing_decisions", std::move(decisions)}}}}});
    }
    json fdl = {{"version", {{"major", 2}, {"minor", 0}}},
                {"fdl_creator", "wetgate"},
                {"framing_intents", std::move(intents)},
                {"contexts", std::move(contexts)},
                {"canvas_templates", json::array()}};
    if (!ids.empty()) fdl["default_framing_intent"] = ids.front();
    fdl["uuid"] = uuid_of(fdl);
    return fdl;
}

namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw Error(ErrorKind::Input, fmt::format("FDL: {} {}", where.empty() ? "it" : where, why));
}

const json& member(const json& object, const std::string& where, const char* name) {
    if (!object.is_object()) refuse(where, "is no object");
    const auto found = object.find(name);
    if (found == object.end()) refuse(where, fmt::format("has no '{}'", name));
    return *found;
}

/// A list, empty where there is none.
const json& list(const json& object, const std::string& where, const char* name) {
    static const json none = json::array();
    if (!object.is_object()) refuse(where, "is no object");
    const auto found = object.find(name);
    if (found == object.end()) return none;
    if (!found->is_array() || found->size() > most_items)
        refuse(where + "/" + name, fmt::format("is no list of {} items at most", most_items));
    return *found;
}

std::string text(const json& object, const std::string& where, const char* name) {
    const json& value = member(object, where, name);
    if (!value.is_string()) refuse(where + "/" + name, "is no text");
    return value.get<std::string>();
}

double number(const json& object, const std::string& where, const char* name) {
    const json& value = member(object, where, name);
    const double read = value.is_number() ? value.get<double>() : std::nan("");
    if (!(read >= 0 && read <= most_side_px)) refuse(where + "/" + name, "is no number of pixels");
    return read;
}

int whole_number(const json& object, const std::string& where, const char* name, int least, int most) {
    const json& value = member(object, where, name);
    if (!value.is_number_integer() || value < least || value > most)
        refuse(where + "/" + name, fmt::format("is no whole number from {} to {}", least, most));
    return value.get<int>();
}

/// The framings with their intents, without paths; `ids` their intents' ids.
std::vector<FdlFraming> intents_of(const json& fdl, std::vector<std::string>& ids) {
    std::vector<FdlFraming> framings;
    const json& intents = list(fdl, "", "framing_intents");
    for (std::size_t i = 0; i < intents.size(); ++i) {
        const std::string where = fmt::format("/framing_intents/{}", i);
        FdlFraming& framing = framings.emplace_back();
        ids.push_back(text(intents[i], where, "id"));
        framing.id = ids.back();
        framing.name = intents[i].contains("label") ? text(intents[i], where, "label") : ids.back();
        const json& aspect = member(intents[i], where, "aspect_ratio");
        framing.aspect_width = whole_number(aspect, where + "/aspect_ratio", "width", 1, most_side_px);
        framing.aspect_height = whole_number(aspect, where + "/aspect_ratio", "height", 1, most_side_px);
    }
    return framings;
}

CropScene scene_of(const json& decision, const std::string& where, int width, int height, int first,
                   int last) {
    if (decision.contains(keys_name)) {
        const json path = {{"width", width}, {"height", height}, {"scenes", {decision[keys_name]}}};
        return crop_path_from_json(path).scenes.front();
    }
    const json& size = member(decision, where, "dimensions");
    const json& anchor = member(decision, where, "anchor_point");
    const Crop crop = {
        number(anchor, where + "/anchor_point", "x"), number(anchor, where + "/anchor_point", "y"),
        number(size, where + "/dimensions", "width"), number(size, where + "/dimensions", "height")};
    constexpr double tolerance_px = 0.01;
    if (crop.w < 1 || crop.h < 1 || crop.x + crop.w > width + tolerance_px ||
        crop.y + crop.h > height + tolerance_px)
        refuse(where, fmt::format("leaves its canvas of {} x {}", width, height));
    return {first, last, {{first, crop, 0}}};
}

}  // namespace

std::vector<FdlFraming> framings_of(const nlohmann::json& fdl, int width, int height, int first, int last) {
    whole_number(member(fdl, "", "version"), "/version", "major", 1, 2);
    std::vector<std::string> ids;
    std::vector<FdlFraming> framings = intents_of(fdl, ids);
    std::string other_size;
    const json& contexts = list(fdl, "", "contexts");
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        const std::string at = fmt::format("/contexts/{}", i);
        int from = first;
        int to = last;
        if (contexts[i].contains("clip_id") && contexts[i]["clip_id"].contains("sequence")) {
            const json& sequence = contexts[i]["clip_id"]["sequence"];
            constexpr int most_frame = 100'000'000;
            from = std::max(first, whole_number(sequence, at + "/clip_id/sequence", "min", 0, most_frame));
            to = std::min(last, whole_number(sequence, at + "/clip_id/sequence", "max", 0, most_frame));
        }
        const json& canvases = list(contexts[i], at, "canvases");
        for (std::size_t k = 0; k < canvases.size(); ++k) {
            const std::string canvas_at = fmt::format("{}/canvases/{}", at, k);
            const json& size = member(canvases[k], canvas_at, "dimensions");
            const int w = whole_number(size, canvas_at + "/dimensions", "width", 1, most_side_px);
            const int h = whole_number(size, canvas_at + "/dimensions", "height", 1, most_side_px);
            if (w != width || h != height) {
                other_size = fmt::format("{} x {}", w, h);
                continue;
            }
            const json& decisions = list(canvases[k], canvas_at, "framing_decisions");
            for (std::size_t d = 0; d < decisions.size(); ++d) {
                const std::string where = fmt::format("{}/framing_decisions/{}", canvas_at, d);
                const std::string intent = text(decisions[d], where, "framing_intent_id");
                const auto found = std::find(ids.begin(), ids.end(), intent);
                if (found == ids.end())
                    refuse(where, fmt::format("is of the intent '{}', which is not there", intent));
                if (from > to) continue;
                const CropScene scene = scene_of(decisions[d], where, width, height, from, to);
                CropPath& path = framings[static_cast<std::size_t>(found - ids.begin())].path;
                path.width = width;
                path.height = height;
                const bool is_new =
                    std::none_of(path.scenes.begin(), path.scenes.end(), [&](const CropScene& other) {
                        return other.first <= scene.last && scene.first <= other.last;
                    });
                if (is_new) path.scenes.push_back(scene);
            }
        }
    }
    std::erase_if(framings, [](const FdlFraming& framing) { return framing.path.scenes.empty(); });
    if (framings.empty() && !other_size.empty())
        refuse("", fmt::format("frames pictures of {}, the plate has {} x {}", other_size, width, height));
    if (framings.empty()) refuse("", "has no framing decision for these frames");
    for (FdlFraming& framing : framings) {
        std::sort(framing.path.scenes.begin(), framing.path.scenes.end(),
                  [](const CropScene& a, const CropScene& b) { return a.first < b.first; });
    }
    return framings;
}

}  // namespace wetgate::framing
