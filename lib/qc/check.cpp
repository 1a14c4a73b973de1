#include "qc/check.h"

#include <algorithm>
#include <set>

#include "qc/check_makers.h"

namespace wetgate::qc {
namespace {

/// What the pipeline finds by itself, of a frame, of a movie or at the merge.
std::vector<CheckInfo> pipeline_checks() {
    const std::string any = "any (wetgate gate)";
    const auto gate = [&](const char* name, const char* title, const char* category, const char* term,
                          Severity severity, const char* method) {
        return CheckInfo{name, title, category, term, severity, method, "", 0, "", any, false};
    };
    const auto fact = [](const char* name, const char* title, const char* category, const char* term,
                         Severity severity, const char* method, const char* standard = "") {
        return CheckInfo{name, title, category, term, severity, method, standard, 0, "", "any", true};
    };
    return {
        gate("missing_frame", "Missing frames", "VIDEO", "Frame Error", Severity::Blocker,
             "every frame of the range has its record and file"),
        gate("unreadable_frame", "Unreadable frames", "VIDEO", "Frame Error", Severity::Issue,
             "the decoder's word on each source frame"),
        gate("non_finite", "NaN and infinity", "VIDEO", "Pixel Error", Severity::Blocker,
             "stored bits of every float sample of the output"),
        gate("numbering", "Files beyond the range", "VIDEO", "Frame Error", Severity::Issue,
             "names beside the output that fit its pattern"),
        gate("metadata", "Metadata loss", "METADATA", "Metadata loss", Severity::Blocker,
             "every header attribute of the source is in the output, byte for byte"),
        gate("outside_matte", "Change outside the fix", "VIDEO", "Plate integrity", Severity::Blocker,
             "stored bits of the output where no pass was at work, of other channels and parts"),
        gate("aces_container", "ACES container", "METADATA", "Metadata", Severity::Blocker,
             "a file of the profile aces-2065-4 keeps the rules of SMPTE ST 2065-4"),
        fact("naming", "File names", "METADATA", "File naming", Severity::Issue,
             "legal characters, length of the path, padding", "Netflix naming and archival rules"),
        fact("bit_depth", "Bit depth", "METADATA", "Bit depth", Severity::Fyi,
             "bits of the source against those of the encoder"),
        fact("color_tags", "Colour tags agree", "COLOR-TRANSFORM", "Color Space", Severity::Issue,
             "colr atom, ProRes frame header and stream of a movie", "SMPTE RDD 36, ITU-T H.273"),
        fact("audio", "Sound", "AUDIO", "Audio Missing", Severity::Issue,
             "number of tracks, end within a frame of the picture's, coded bytes of a whole copy"),
        fact("movie_start", "Length, timecode and reel", "VIDEO", "Incorrect Timecode", Severity::Issue,
             "of a movie that was written, read back from it", "SMPTE ST 12-1"),
        fact("needs_key_frame", "A pass needs a key frame", "VIDEO", "Plate integrity", Severity::Issue,
             "confidence of a pass's track"),
        fact("needs_picks", "A pass needs picks", "VIDEO", "Color Mistiming", Severity::Issue,
             "surfaces that shot and reference both show"),
        fact("left_alone", "A pass left the shot alone", "VIDEO", "Color Mistiming", Severity::Issue,
             "a pass's own evidence"),
        fact("intruder", "Something comes in", "VIDEO", "Visible Crew or Equipment", Severity::Issue,
             "the pass 'intruder'"),
        fact("made_frame", "Frames made anew", "VIDEO", "Frame Error", Severity::Fyi,
             "the pass 'frame_repair'"),
        fact("broken_frame", "Broken frames", "VIDEO", "Frame Error", Severity::Issue,
             "the pass 'frame_repair', where it could not make a frame"),
    };
}

nlohmann::json to_json(const CheckInfo& info, const CheckSettings& settings) {
    const auto found = settings.find(info.name);
    const CheckSetting setting = found == settings.end() ? CheckSetting{} : found->second;
    return {{"check", info.name},
            {"title", info.title},
            {"category", info.category},
            {"term", info.term},
            {"severity", to_string(setting.severity.value_or(info.severity))},
            {"method", info.method},
            {"standard", info.standard},
            {"threshold", setting.threshold.value_or(info.threshold)},
            {"unit", info.unit},
            {"threshold_source", setting.threshold ? "the job's qc.checks" : info.threshold_source},
            {"overridable", info.overridable},
            {"enabled", setting.enabled}};
}

Finding finding_of(const ShotFacts& shot, const CheckInfo& info, const CheckSetting& setting,
                   const Occurrence& occurrence, Side side) {
    Finding finding;
    finding.check = info.name;
    finding.category = info.category;
    finding.term = info.term;
    finding.severity = setting.severity.value_or(occurrence.severity.value_or(info.severity));
    finding.shot = shot.name;
    finding.side = side == Side::Input ? "input" : "output";
    finding.first_frame = shot.range.first + static_cast<int>(occurrence.first);
    finding.end_frame = shot.range.first + static_cast<int>(occurrence.end);
    if (shot.start) {
        finding.timecode_in = to_string(advanced(*shot.start, static_cast<std::int64_t>(occurrence.first)));
        finding.timecode_out = to_string(advanced(*shot.start, static_cast<std::int64_t>(occurrence.end)));
    }
    finding.value = occurrence.value;
    finding.threshold = setting.threshold.value_or(info.threshold);
    finding.threshold_source = setting.threshold ? "the job's qc.checks" : info.threshold_source;
    finding.message = occurrence.message;
    finding.overridable = info.overridable;
    return finding;
}

bool is_same(const Occurrence& a, const Occurrence& b) {
    return a.subject == b.subject && a.first < b.end && b.first < a.end;
}

/// One of the pictures that a shot's outputs show, as a shot of its own.
struct ShownPicture {
    std::vector<std::string> outputs;
    ShotFacts shot;
};

std::vector<ShownPicture> canvases_of(const ShotFacts& shot) {
    std::set<std::vector<std::string>> names;
    for (const FrameFacts& frame : shot.frames)
        for (const auto& [outputs, picture] : frame.canvases) names.insert(outputs);
    std::vector<ShownPicture> canvases;
    for (const std::vector<std::string>& outputs : names) {
        ShotFacts seen = shot;
        // A part of the picture need not look like a reference; what passes touched lies elsewhere in it.
        seen.references.clear();
        for (FrameFacts& frame : seen.frames) {
            const auto found = frame.canvases.find(outputs);
            frame.output = found == frame.canvases.end() ? nullptr : found->second;
            frame.touched = 0;
            frame.limited.clear();
        }
        canvases.push_back({outputs, std::move(seen)});
    }
    return canvases;
}

std::string named(const std::vector<std::string>& outputs) {
    std::string text = outputs.size() == 1 ? "output " : "outputs ";
    for (std::size_t i = 0; i < outputs.size(); ++i) text += (i > 0 ? ", '" : "'") + outputs[i] + "'";
    return text;
}

/// What a check finds in the pictures that go out. A fault on the same frames of several is one finding.
std::vector<Occurrence> found_in_outputs(const Check& check, const ShotFacts& shot,
                                         const std::vector<ShownPicture>& canvases, double threshold,
                                         bool& has_run) {
    struct Found {
        Occurrence occurrence;
        std::vector<std::string> outputs;
    };
    std::vector<Found> all;
    const auto look = [&](const ShotFacts& seen, const std::vector<std::string>& outputs) {
        if (!check.applies(seen, Side::Output)) return;
        has_run = true;
        for (Occurrence& occurrence : check.find(seen, Side::Output, threshold)) {
            const auto same = std::find_if(all.begin(), all.end(), [&](const Found& other) {
                return other.occurrence.first == occurrence.first && other.occurrence.end == occurrence.end &&
                       other.occurrence.subject == occurrence.subject && other.outputs != outputs;
            });
            if (same == all.end()) {
                all.push_back({std::move(occurrence), outputs});
                continue;
            }
            same->outputs.insert(same->outputs.end(), outputs.begin(), outputs.end());
            if (occurrence.severity && same->occurrence.severity < occurrence.severity)
                same->occurrence.severity = occurrence.severity;
        }
    };
    look(shot, shot.outputs);
    for (const ShownPicture& canvas : canvases) look(canvas.shot, canvas.outputs);
    std::vector<Occurrence> occurrences;
    for (Found& found : all) {
        if (!canvases.empty() && !found.outputs.empty())
            found.occurrence.message = named(found.outputs) + ": " + found.occurrence.message;
        occurrences.push_back(std::move(found.occurrence));
    }
    return occurrences;
}

}  // namespace

std::vector<std::string> overridable_checks() {
    std::vector<std::string> names;
    for (const CheckInfo& info : pipeline_checks())
        if (info.overridable) names.push_back(info.name);
    for (const auto& check : picture_checks())
        if (check->info().overridable) names.push_back(check->info().name);
    return names;
}

const std::vector<std::unique_ptr<const Check>>& picture_checks() {
    static const Checks checks = [] {
        Checks all;
        add_sequence_checks(all);
        add_flicker_checks(all);
        add_flash_checks(all);
        add_level_checks(all);
        add_framing_checks(all);
        add_spot_checks(all);
        add_texture_checks(all);
        add_fix_checks(all);
        return all;
    }();
    return checks;
}

void apply_settings(const CheckSettings& settings, nlohmann::json& findings) {
    const std::vector<std::string> names = overridable_checks();
    nlohmann::json kept = nlohmann::json::array();
    for (nlohmann::json& finding : findings) {
        const auto name = finding.at("check").get<std::string>();
        const auto setting = settings.find(name);
        if (setting != settings.end() && !setting->second.enabled) continue;
        finding["overridable"] = std::find(names.begin(), names.end(), name) != names.end();
        if (setting != settings.end() && setting->second.severity)
            finding["severity"] = to_string(*setting->second.severity);
        kept.push_back(std::move(finding));
    }
    findings = std::move(kept);
}

CheckResult run_checks(const ShotFacts& shot, const CheckSettings& settings) {
    CheckResult result;
    const std::vector<ShownPicture> canvases = canvases_of(shot);
    // Nothing was made anew: what there is to say of the source is said of the output.
    const bool is_untouched =
        std::all_of(shot.frames.begin(), shot.frames.end(),
                    [](const FrameFacts& frame) { return frame.input == frame.output; });
    for (const auto& check : picture_checks()) {
        const CheckInfo& info = check->info();
        const auto found = settings.find(info.name);
        const CheckSetting setting = found == settings.end() ? CheckSetting{} : found->second;
        if (!setting.enabled) continue;
        const double threshold = setting.threshold.value_or(info.threshold);
        bool has_run = false;
        const std::vector<Occurrence> made = found_in_outputs(*check, shot, canvases, threshold, has_run);
        for (const Occurrence& occurrence : made)
            result.findings.push_back(finding_of(shot, info, setting, occurrence, Side::Output));
        if (!is_untouched && check->applies(shot, Side::Input)) {
            has_run = true;
            for (Occurrence& occurrence : check->find(shot, Side::Input, threshold)) {
                if (std::any_of(made.begin(), made.end(),
                                [&](const Occurrence& other) { return is_same(occurrence, other); }))
                    continue;
                occurrence.message += " (in the source; the output does not have it)";
                CheckSetting fyi = setting;
                fyi.severity = Severity::Fyi;
                result.findings.push_back(finding_of(shot, info, fyi, occurrence, Side::Input));
            }
        }
        if (has_run) result.checked.push_back(info.name);
    }
    std::stable_sort(result.findings.begin(), result.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.first_frame < b.first_frame; });
    return result;
}

nlohmann::json catalogue(const CheckSettings& settings) {
    nlohmann::json list = nlohmann::json::array();
    for (const CheckInfo& info : pipeline_checks()) list.push_back(to_json(info, settings));
    for (const auto& check : picture_checks()) list.push_back(to_json(check->info(), settings));
    return list;
}

}  // namespace wetgate::qc
