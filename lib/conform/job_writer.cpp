#include "conform/job_writer.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "conform/text.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/job_spec.h"
#include "spec/pass_schemas.h"
#include "spec/path_pattern.h"
#include "spec/rules.h"
#include "spec/strict_json.h"

namespace wetgate::conform {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t most_template_bytes = 8 << 20;

// Note [What the template gives]
// Everything but the shots is the template's, except the name, which is the job file's. Each event gets a
// copy of its one shot with name, source path, range, rate, first_frame, timecode and reel replaced;
// colorspace, layer, part, passes, mattes, references and outputs stay, with the tokens in their paths filled
// in. Inputs (mattes, references, files of passes, the OCIO config) go on meaning the files that the template
// means; outputs, work and report folders are as written, so they start at the job that is written.

/// The keys of a job in the order in which people look for them; others follow by name.
constexpr std::array<const char*, 29> key_order = {
    "$schema",    "schema",       "name",     "pass", "note",   "show",       "work",        "approval",
    "color",      "compute",      "source",   "path", "type",   "range",      "first_frame", "rate",
    "colorspace", "on_bad_frame", "timecode", "reel", "mattes", "references", "passes",      "outputs",
    "shots",      "qc",           "report",   "gate", "accept"};

nlohmann::ordered_json in_order(const json& value) {
    if (value.is_array()) {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (const json& item : value) list.push_back(in_order(item));
        return list;
    }
    if (!value.is_object()) return nlohmann::ordered_json(value);
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const char* key : key_order) {
        if (const auto found = value.find(key); found != value.end()) object[key] = in_order(*found);
    }
    for (const auto& [key, item] : value.items()) {
        if (!object.contains(key)) object[key] = in_order(item);
    }
    return object;
}

using Tokens = std::map<std::string, std::string>;

std::string filled(const std::string& text, const Tokens& tokens, const fs::path& template_file) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = text.find('{', at);
        const std::size_t close = open == std::string::npos ? open : text.find('}', open);
        if (close == std::string::npos) return out + text.substr(at);
        const std::string name = text.substr(open + 1, close - open - 1);
        const auto token = tokens.find(name);
        if (token == tokens.end()) {
            throw Error(ErrorKind::Usage,
                        "\"" + text + "\": {" + name +
                            "} is no token; there are {shot}, {event}, {reel}, {clip} and {version}, in "
                            "outputs {show} and {output} too",
                        {.file = template_file.string(), .shot = {}, .frame = {}});
        }
        out += text.substr(at, open - at) + token->second;
        at = close + 1;
    }
    return out;
}

class Writer {
public:
    Writer(const json& job_template, const JobRequest& request)
        : template_(job_template),
          request_(request),
          template_folder_(fs::absolute(request.template_file).lexically_normal().parent_path()),
          job_folder_(fs::absolute(request.job_file).lexically_normal().parent_path()) {}

    MadeJob make(const CutList& list, const std::vector<MediaItem>& media,
                 const std::vector<std::optional<Match>>& matches) {
        json job = template_;
        job["name"] = legal_name(request_.job_file.stem().string(), "conform");
        job["shots"] = json::array();
        fill_job(job);
        MadeJob made;
        list_file_ = clean_text(list.file);
        for (std::size_t i = 0; i < list.events.size(); ++i) {
            if (!matches[i]) continue;
            const CutEvent& event = list.events[i];
            MadeShot shot;
            shot.event = i;
            shot.name = unique_name(event, media[matches[i]->item]);
            job["shots"].push_back(shot_of(event, media[matches[i]->item], *matches[i], shot));
            made.shots.push_back(std::move(shot));
        }
        made.text = in_order(job).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
        return made;
    }

private:
    /// "sh010_012": clip name and event number, if the list counts; "_2" behind it where that is taken.
    std::string unique_name(const CutEvent& event, const MediaItem& item) {
        const std::string clip =
            legal_name(without_media_extension(event.clip), legal_name(item.stem, "shot"));
        const std::string name = event.number.empty() ? clip : clip + "_" + legal_name(event.number, "0");
        std::string candidate = name;
        for (int i = 2; !names_.insert(lower(candidate)).second; ++i)
            candidate = name + "_" + std::to_string(i);
        return candidate;
    }

    /// A file that the template names, seen from the job's folder.
    std::string moved(const std::string& text) const {
        const fs::path path(text);
        if (path.is_absolute() || template_folder_ == job_folder_) return text;
        return (template_folder_ / path).lexically_normal().lexically_relative(job_folder_).string();
    }

    std::string fill(const std::string& text, const Tokens& tokens) const {
        return filled(text, tokens, request_.template_file);
    }

    void fill_member(json& object, const char* key, const Tokens& tokens, bool is_input) const {
        const auto found = object.find(key);
        if (found == object.end() || !found->is_string()) return;
        const std::string text = fill(found->get<std::string>(), tokens);
        *found = is_input ? moved(text) : text;
    }

    void fill_job(json& job) const {
        const Tokens tokens = {{"version", request_.version}};
        fill_member(job, "work", tokens, false);
        if (job.contains("qc")) fill_member(job["qc"], "report", tokens, false);
        if (!job.contains("color") || !job["color"].contains("config")) return;
        const std::string config = job["color"]["config"].get<std::string>();
        if (config != "builtin" && config != "$OCIO") fill_member(job["color"], "config", tokens, true);
    }

    json shot_of(const CutEvent& event, const MediaItem& item, const Match& match, MadeShot& made) {
        json shot = template_["shots"][0];
        const std::string reel = !event.reel.empty() ? event.reel : item.reel;
        const Tokens tokens = {{"shot", made.name},
                               {"event", legal_name(event.number, "0")},
                               {"reel", legal_name(reel, "noreel")},
                               {"clip", legal_name(without_media_extension(event.clip), made.name)},
                               {"version", request_.version}};
        shot["name"] = made.name;
        set_source(shot, event, item, match, made);
        if (!shot.contains("note")) shot["note"] = note_of(event);
        for (const char* group : {"mattes", "references"}) {
            if (!shot.contains(group)) continue;
            for (auto& [name, input] : shot[group].items()) fill_member(input, "path", tokens, true);
        }
        if (shot.contains("passes")) {
            for (json& pass : shot["passes"]) fill_pass(pass, tokens);
        }
        if (request_.cdl_space && event.cdl) add_grade(shot, made.name);
        Tokens of_outputs = tokens;
        for (const char* own : {"show", "output"})
            of_outputs[own] = "{" + std::string(own) + "}";  // the job fills them
        for (json& output : shot["outputs"]) fill_member(output, "path", of_outputs, false);
        return shot;
    }

    void set_source(json& shot, const CutEvent& event, const MediaItem& item, const Match& match,
                    MadeShot& made) const {
        json& source = shot["source"];
        for (const char* key : {"range", "first_frame", "rate"}) source.erase(key);
        for (const char* key : {"range", "timecode", "reel"}) shot.erase(key);
        made.source = (item.folder / item.pattern).lexically_relative(job_folder_).string();
        source["path"] = made.source;
        const Rate rate = item.rate_is_declared ? item.rate : event.source_in.rate;
        source["rate"] = to_string(rate);
        made.cut = match.cut;
        if (item.is_sequence) {
            source["range"] = spec::print_frames(match.readable);
        } else {
            const int shift = request_.first_frame - match.cut.first;
            source["first_frame"] = item.range.first + shift;
            made.cut = {match.cut.first + shift, match.cut.end + shift};
        }
        shot["range"] = spec::print_frames(made.cut);
        if (match
                .start) {  // a movie's timecode is that of its first frame, a sequence's that of source.range
            Timecode start =
                advanced(*match.start, item.is_sequence ? match.readable.first - item.range.first : 0);
            start.rate = rate;
            shot["timecode"] = to_string(start);
        }
        if (item.reel.empty() && !event.reel.empty() && lower(event.reel) != "ax")
            shot["reel"] = std::string(cut_at(event.reel, 128));
    }

    std::string note_of(const CutEvent& event) const {
        if (event.number.empty()) return "all of " + clean_text(event.source_file) + ", in " + list_file_;
        Timecode record_out = event.record_in;
        record_out.frame += event.record_frames;
        return "event " + event.number + " of " + list_file_ + ", record " + to_string(event.record_in) +
               " - " + to_string(record_out);
    }

    void fill_pass(json& pass, const Tokens& tokens) {
        const std::string name = pass["pass"].get<std::string>();
        const json& rule = schemas_.whole(name);
        spec::Rules(rule).visit_formats(
            rule, pass, "", [&](const std::string& format, const std::string&, std::string& text) {
                if (format == "input-file") text = moved(fill(text, tokens));
            });
    }

    void add_grade(json& shot, const std::string& name) const {
        json grade = {{"pass", "grade"},
                      {"cdl", request_.cdl_folder + "/" + name + ".cc"},
                      {"space", *request_.cdl_space},
                      {"note", "the ASC CDL of the list"}};
        if (!shot.contains("passes")) shot["passes"] = json::array();
        shot["passes"].insert(shot["passes"].begin(), std::move(grade));
    }

    const json& template_;
    const JobRequest& request_;
    fs::path template_folder_, job_folder_;
    std::string list_file_;
    std::set<std::string> names_;
    spec::PassSchemas schemas_;
};

}  // namespace

json read_template(const fs::path& file) {
    // The job's reader knows its own tokens alone: those of a cut are filled for its eyes.
    std::string text = read_text(file, most_template_bytes);
    for (const auto& [token, example] : std::map<std::string, std::string>{
             {"{event}", "001"}, {"{reel}", "A001"}, {"{clip}", "clip"}, {"{version}", "v001"}}) {
        for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, at))
            text.replace(at, token.size(), example);
    }
    spec::parse_job(text, file);  // every problem at once
    json job = spec::read_strict_json(file);
    if (job["shots"].size() != 1) {
        throw Error(
            ErrorKind::Usage,
            "a template has one shot, the pattern of all; this has " + std::to_string(job["shots"].size()),
            {.file = file.string(), .shot = {}, .frame = {}});
    }
    return job;
}

std::optional<Rate> template_rate(const json& job) {
    const json& source = job["shots"][0]["source"];
    const auto rate = source.find("rate");
    if (rate == source.end()) return std::nullopt;
    return parse_rate(rate->is_string() ? rate->get<std::string>() : rate->dump());
}

MadeJob make_job(const json& job_template, const CutList& list, const std::vector<MediaItem>& media,
                 const std::vector<std::optional<Match>>& matches, const JobRequest& request) {
    MadeJob made = Writer(job_template, request).make(list, media, matches);
    if (made.shots.empty()) return made;
    try {
        spec::parse_job(made.text, request.job_file);
    } catch (const Error& error) {
        throw Error(
            ErrorKind::Usage,
            "the template makes no valid job of this list (do its output paths have {shot} in them?): " +
                error.message(),
            {.file = request.template_file.string(), .shot = {}, .frame = {}});
    }
    return made;
}

}  // namespace wetgate::conform
