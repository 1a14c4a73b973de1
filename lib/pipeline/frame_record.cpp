#include "pipeline/frame_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "pipeline/mover.h"
#include "pipeline/shot_qc.h"
#include "qc/finding.h"
#include "qc/plate.h"

namespace wetgate::pipeline {
namespace {

class Findings {
public:
    Findings(const ShotContext& shot, int frame) : shot_(shot), frame_(frame) {}

    /// `lasts`: what goes on from frame to frame, see qc::joined(); empty: each frame is a fault of its own.
    void add(const std::string& check, const std::string& category, const std::string& term,
             qc::Severity severity, double value, const std::string& threshold_source,
             const std::string& message, const std::string& lasts = {}) {
        qc::Finding finding;
        finding.check = check;
        finding.category = category;
        finding.term = term;
        finding.severity = severity;
        finding.shot = shot_.shot().name;
        finding.first_frame = frame_;
        finding.end_frame = frame_ + 1;
        if (const auto start = shot_.timecode_of(frame_)) {
            finding.timecode_in = to_string(*start);
            finding.timecode_out = to_string(advanced(*start, 1));
        }
        finding.value = value;
        finding.threshold_source = threshold_source;
        finding.message = message;
        list_.push_back(qc::to_json(finding));
        if (!lasts.empty()) list_.back()["lasts"] = lasts;
    }
    nlohmann::json list() const { return list_; }

private:
    const ShotContext& shot_;
    int frame_;
    nlohmann::json list_ = nlohmann::json::array();
};

nlohmann::json pass_json(const PassFacts& facts) {
    nlohmann::json json = {{"index", facts.index},
                           {"pass", facts.pass},
                           {"touched", facts.fraction},
                           {"mean_stops", facts.mean_stops},
                           {"max_stops", facts.max_stops}};
    if (facts.fraction > 0)
        json["bounds"] = {facts.bounds.x0, facts.bounds.y0, facts.bounds.x1, facts.bounds.y1};
    if (!facts.facts.empty()) json["facts"] = facts.facts;
    return json;
}

nlohmann::json base_record(const ShotContext& shot, int frame) {
    nlohmann::json record = {
        {"schema", "wetgate.frame/1"}, {"frame", frame}, {"fingerprint", shot.runtime().fingerprint()}};
    if (const auto timecode = shot.timecode_of(frame)) record["timecode"] = to_string(*timecode);
    return record;
}

/// A picture that outputs show.
struct Shown {
    const MovedFrame* moved = nullptr;  ///< null: the conformed frame
    std::vector<std::string> outputs;
};

/// The pictures that go out, each once: the conformed frame before what is moved of it. At least one.
std::vector<Shown> pictures_of(const ShotContext& shot, const MovedFrames& moved) {
    std::vector<Shown> pictures;
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        if (!output.matte_of.empty()) continue;  // no picture
        const auto found = moved.find(output.name);
        const MovedFrame* const canvas = found == moved.end() ? nullptr : found->second.get();
        auto same = std::find_if(pictures.begin(), pictures.end(),
                                 [&](const Shown& other) { return other.moved == canvas; });
        if (same == pictures.end())
            same = pictures.insert(canvas == nullptr ? pictures.begin() : pictures.end(), {canvas, {}});
        same->outputs.push_back(output.name);
    }
    if (pictures.empty()) pictures.emplace_back();
    return pictures;
}

/// Of an output that shows the plate's pixels larger than they are; `enlarged`: by passes before the crop.
void add_scale(Findings& findings, const std::string& output, const nlohmann::json& facts, int enlarged) {
    constexpr double rounding = 1e-3;
    const double scale = facts.value("scale", 1.0);
    const double most = facts.value("max_scale", 0.0);
    if (most <= 0 || scale <= 1 + rounding) return;
    const std::string shown = fmt::format("output '{}' shows {} {:.2f} times as large, by {}", output,
                                          enlarged > 1 ? "the enlarged plate" : "the plate", scale,
                                          facts.value("enlarged_by", "resampling"));
    if (scale <= most + rounding) {
        findings.add("enlarged", "VIDEO", "Framing Error", qc::Severity::Fyi, scale, "1", shown, output);
        return;
    }
    findings.add("too_large", "VIDEO", "Framing Error", qc::Severity::Blocker, scale,
                 fmt::format("{:g} (the pass's max_scale)", most), shown, output);
}

/// What QC sees of the source and of what was made.
nlohmann::json seen(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own,
                    const std::vector<Shown>& pictures) {
    if (!frame.source->host) return record_of(nullptr, nullptr);  // skipped
    const WorkFiles files(shot);
    nlohmann::json kept = nlohmann::json::array();
    const auto keep = [&](const char* which, const std::string& picture) {
        if (picture.empty()) return;
        write_atomic(files.thumbnail(frame.number, which), picture, shot.io_retries());
        kept.push_back(which);
    };
    const MovedFrame* const shown = pictures.front().moved;
    // A picture of another size or place than the plate's has nothing to do with its touch.
    const bool same_place = shot.scale() == 1 && shown == nullptr;
    const std::vector<float>* touch = frame.touched() && same_place ? &frame.touch : nullptr;
    const Viewer::View before = shot.viewer()->look(*frame.source->host, touch);
    keep("before", before.thumbnail);
    std::optional<Viewer::View> after;
    if (frame.touched() || shown != nullptr) {
        after = shot.viewer()->look(shown == nullptr ? own : shown->host, touch);
        keep("after", after->thumbnail);
        if (touch != nullptr) keep("touch", mask_thumbnail(own.window(), *touch));
    }
    nlohmann::json record = record_of(&before.facts, after ? &after->facts : &before.facts);
    for (std::size_t i = 1; i < pictures.size(); ++i) {
        record["canvases"].push_back(
            {{"outputs", pictures[i].outputs},
             {"facts", to_json(shot.viewer()->look(pictures[i].moved->host).facts)}});
    }
    record["thumbnails"] = kept;
    return record;
}

}  // namespace

nlohmann::json make_frame_record(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own,
                                 const MovedFrames& moved, const std::string& key,
                                 const std::vector<WrittenOutput>& written) {
    nlohmann::json record = base_record(shot, frame.number);
    record["key"] = key;
    Findings findings(shot, frame.number);

    if (const auto& substitute = frame.source->substitute) {
        record["substitute"] = {{"policy", substitute->policy}, {"why", substitute->why}};
        if (substitute->from) record["substitute"]["from"] = *substitute->from;
        findings.add("unreadable_frame", "VIDEO", "Frame Error", qc::Severity::Issue, 1, "any (wetgate gate)",
                     "the source frame cannot be read (" + substitute->why + "); on_bad_frame '" +
                         substitute->policy + "' put a substitute in its place");
    }
    record["passes"] = nlohmann::json::array();
    for (const PassFacts& facts : frame.passes) {
        record["passes"].push_back(pass_json(facts));
        if (facts.facts.contains("needs_key_frame")) {
            findings.add("needs_key_frame", "VIDEO", "Plate integrity", qc::Severity::Issue,
                         facts.facts.value("confidence", 0.0), "0.4 (confidence of a track)",
                         "the pass '" + facts.pass + "' needs a key frame here: " +
                             facts.facts.at("needs_key_frame").get<std::string>());
        }
        if (facts.facts.contains("needs_picks")) {
            findings.add("needs_picks", "VIDEO", "Color Mistiming", qc::Severity::Issue, 1, "any",
                         "the pass '" + facts.pass +
                             "' left the shot as it is: " + facts.facts.at("needs_picks").get<std::string>() +
                             "; give it \"picks\", patches that should look alike");
        }
        if (facts.facts.contains("left_alone")) {
            findings.add("left_alone", "VIDEO", "Color Mistiming", qc::Severity::Issue, 1, "any",
                         "the pass '" + facts.pass +
                             "' left the shot as it is: " + facts.facts.at("left_alone").get<std::string>());
        }
        for (const nlohmann::json& intruder : facts.facts.value("intruders", nlohmann::json::array())) {
            findings.add("intruder", "VIDEO", "Plate integrity", qc::Severity::Issue,
                         facts.facts.value("covered", 0.0), "any",
                         "the pass '" + facts.pass + "' sees something come in from the " +
                             intruder.value("edge", "edge") + " (" + intruder.value("name", "") + ")");
        }
        if (facts.facts.contains("made_from")) {
            findings.add("made_frame", "VIDEO", "Frame Error", qc::Severity::Fyi, 1, "any",
                         "the pass '" + facts.pass + "' made this frame (" + facts.facts.value("why", "") +
                             ") from frames " + facts.facts.at("made_from").dump());
        } else if (facts.facts.contains("not_repaired")) {
            findings.add("broken_frame", "VIDEO", "Frame Error", qc::Severity::Issue, 1, "any",
                         "the pass '" + facts.pass + "' could not make this frame (" +
                             facts.facts.value("why", "") +
                             "): " + facts.facts.at("not_repaired").get<std::string>());
        }
    }
    // Canvases that share moves say the same; each move is told once.
    std::set<std::size_t> told;
    for (const PassFacts& facts : frame.passes) told.insert(facts.index);
    for (const auto& [output, canvas] : moved) {
        for (const PassFacts& facts : canvas->frame.passes)
            if (told.insert(facts.index).second) record["passes"].push_back(pass_json(facts));
        for (const PassFacts& facts : canvas->frame.passes) {
            if (facts.facts.contains("scale")) add_scale(findings, output, facts.facts, shot.scale());
            for (const nlohmann::json& one : facts.facts.value("left_out", nlohmann::json::array())) {
                const std::string message = "the crop of output '" + output + "' does not hold a subject (" +
                                            one.value("subject", "") + "): " + one.value("reason", "");
                findings.add("subject_left_out", "VIDEO", "Framing Error", qc::Severity::Fyi, 1, "any",
                             message, message);
            }
        }
        if (canvas->uncovered == 0) continue;
        findings.add("uncovered", "VIDEO", "Framing Error", qc::Severity::Issue,
                     static_cast<double>(canvas->uncovered), "0",
                     "output '" + output + "' shows " + std::to_string(canvas->uncovered) + " pixels that " +
                         (canvas->is_filled ? "neither the plate nor a frame within fill_reach has: a smooth "
                                              "continuation of what is around them"
                                            : "the plate does not have"),
                     output);
    }
    const std::vector<Shown> pictures = pictures_of(shot, moved);
    record["outputs"] = nlohmann::json::array();
    for (const WrittenOutput& output : written) {
        nlohmann::json& said = record["outputs"].emplace_back(output.record);
        const auto canvas = moved.find(said.at("name").get<std::string>());
        if (canvas != moved.end() && !canvas->second->fill.is_null()) said["fill"] = canvas->second->fill;
        if (!output.container_faults.empty()) {
            std::string faults;
            for (const std::string& fault : output.container_faults)
                faults += (faults.empty() ? "" : "; ") + fault;
            findings.add("aces_container", "METADATA", "File format", qc::Severity::Blocker,
                         static_cast<double>(output.container_faults.size()), "SMPTE ST 2065-4",
                         "output '" + output.record.at("name").get<std::string>() +
                             "' is no ACES container: " + faults);
        }
        if (output.metadata_lost.empty()) continue;
        std::string names;
        for (const std::string& name : output.metadata_lost) names += (names.empty() ? "" : ", ") + name;
        findings.add("metadata", "METADATA", "Metadata loss", qc::Severity::Blocker,
                     static_cast<double>(output.metadata_lost.size()), "any (wetgate gate)",
                     "output '" + output.record.at("name").get<std::string>() +
                         "' lost or changed header attributes: " + names);
    }
    for (const Shown& picture : pictures) {
        if (!frame.source->host) break;
        const qc::NonFinite bad = qc::count_non_finite(picture.moved == nullptr ? own : picture.moved->host);
        if (bad.nan + bad.inf == 0) continue;
        if (!record.contains("non_finite")) record["non_finite"] = {{"nan", bad.nan}, {"inf", bad.inf}};
        findings.add("non_finite", "VIDEO", "Pixel Error", qc::Severity::Blocker,
                     static_cast<double>(bad.nan + bad.inf), "any (wetgate gate)",
                     (picture.moved == nullptr ? "" : "output '" + picture.outputs.front() + "': ") +
                         std::to_string(bad.nan) + " NaN and " + std::to_string(bad.inf) +
                         " Inf samples, the first in " + bad.first +
                         "; add the pass 'sanitize' or accept them in qc.accept");
    }
    if (frame.touched() && shot.scale() == 1) {
        const qc::PlateChange change = qc::plate_change(*frame.source->host, own, frame.touch);
        record["plate"] = {{"changed_inside", change.changed_inside},
                           {"changed_outside", change.changed_outside},
                           {"changed_other", change.changed_other}};
        if (change.changed_outside + change.changed_other > 0) {
            findings.add("outside_matte", "VIDEO", "Plate integrity", qc::Severity::Blocker,
                         static_cast<double>(change.changed_outside + change.changed_other),
                         "0 (wetgate promise 2)", "samples changed where no pass was at work");
        }
    }
    if (shot.viewer() != nullptr) record["qc"] = seen(shot, frame, own, pictures);
    record["findings"] = findings.list();
    return record;
}

nlohmann::json make_failure_record(const ShotContext& shot, int frame, const std::string& key,
                                   const Error& error) {
    nlohmann::json record = base_record(shot, frame);
    record["key"] = key;
    record["failed"] = {{"class", kind_name(error.kind())}, {"why", error.message()}};
    Findings findings(shot, frame);
    findings.add("missing_frame", "VIDEO", "Frame Error", qc::Severity::Blocker, 1, "any (wetgate gate)",
                 "the frame was not made: " + error.message());
    record["findings"] = findings.list();
    return record;
}

}  // namespace wetgate::pipeline
