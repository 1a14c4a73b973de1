#include "spec/shot_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/error.h"
#include "spec/rules.h"
#include "spec/suggest.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

std::optional<FrameRange> read_range(JobReading& reading, const JobNode& node, const std::string& key) {
    const auto text = node.text_or_integer(key);
    if (!text || text->empty()) return std::nullopt;
    return reported(reading, node.pointer(key),
                    [&] { return parse_frame_range(*text, reading.options.frames_syntax); });
}

std::optional<Rate> read_rate(JobReading& reading, const JobNode& node) {
    const JobNode member = node["rate"];
    if (!member.is_there() || !(member.value().is_string() || member.value().is_number()))
        return std::nullopt;
    const std::string text =
        member.value().is_string() ? member.value().get<std::string>() : member.value().dump();
    const auto rate = parse_rate(text);
    if (!rate) {
        reading.problem(
            member.pointer(),
            shown(member.value()) + R"( is no frame rate; write for instance 24, 25 or "24000/1001")");
    }
    return rate;
}

void check_sequence_range(JobReading& reading, const JobNode& node, const SpecPath& path, bool has_range) {
    if (path.pattern.is_sequence() && !has_range && !node["range"].is_there()) {
        reading.problem(node.pointer("range"),
                        "is missing; a sequence needs the frames that exist, for instance \"1001-1100\"");
    }
}

SourceSpec read_source(JobReading& reading, const JobNode& node) {
    SourceSpec source;
    source.path = reading.pattern_here(node, "path");
    source.range = read_range(reading, node, "range");
    source.first_frame = node.small_integer("first_frame");
    source.rate = read_rate(reading, node);
    source.colorspace = node.text("colorspace").value_or("");
    source.layer = node.text("layer");
    source.part = node.text_or_integer("part");
    check_sequence_range(reading, node, source.path, source.range.has_value());
    if (source.first_frame && source.path.pattern.is_sequence()) {
        reading.problem(node.pointer("first_frame"),
                        "is for movies; the numbers of a sequence are in its file names");
    }
    return source;
}

MatteSpec read_matte(JobReading& reading, const JobNode& node, const std::string& name) {
    MatteSpec matte;
    matte.name = name;
    matte.path = reading.pattern_here(node, "path");
    matte.channel = node.text("channel");
    matte.invert = node.flag("invert", false);
    return matte;
}

ReferenceSpec read_reference(JobReading& reading, const JobNode& node, const std::string& name) {
    ReferenceSpec reference;
    reference.name = name;
    reference.path = reading.pattern_here(node, "path");
    reference.range = read_range(reading, node, "range");
    reference.colorspace = node.text("colorspace").value_or("");
    reference.layer = node.text("layer");
    reference.part = node.text_or_integer("part");
    check_sequence_range(reading, node, reference.path, reference.range.has_value());
    return reference;
}

std::optional<AudioSpec> read_audio(JobReading& reading, const JobNode& node) {
    if (!node.is_there()) return std::nullopt;
    AudioSpec audio;
    audio.path = reading.pattern_here(node, "path");
    audio.first_frame = node.small_integer("first_frame");
    if (audio.path.pattern.is_sequence())
        reading.problem(node.pointer("path"), "sound is one file; remove the frame number from its name");
    return audio;
}

template <class Value>
std::string used_name(JobReading& reading, const std::string& pointer, const std::string& name,
                      const char* kind, const std::map<std::string, Value>& there) {
    if (name.empty() || there.contains(name)) return name;
    std::vector<std::string> names;
    for (const auto& [known, unused] : there) names.push_back(known);
    reading.problem(pointer, "the shot has no " + std::string(kind) + " called " + shown(name),
                    nearest(name, names).value_or(""));
    return name;
}

void read_frames(JobReading& reading, const JobNode& node, const ShotSpec& shot, PassSpec& pass) {
    if (node.text("frames") == "") return;  // all
    pass.frames = reading.frames_here(node, "frames");
    if (!pass.frames) return;
    if (!shot.range) return;
    const bool any = std::any_of(pass.frames->begin(), pass.frames->end(),
                                 [&](int frame) { return shot.range->contains(frame); });
    if (!any) {
        reading.problem(node.pointer("frames"),
                        "none of them is in the shot's range " + print_frames(*shot.range));
    }
}

/// The pass's own parameters, checked against its schema, with file names made absolute.
void read_params(JobReading& reading, const JobNode& node, const ShotSpec& shot, PassSpec& pass) {
    json values = reading.schemas.values(pass.name, node.value(), node.pointer(), reading.problems);
    pass.written_params = values;
    const json& rule = reading.schemas.schema(pass.name);
    Rules(rule).visit_formats(
        rule, values, node.pointer(),
        [&](const std::string& format, const std::string& pointer, std::string& text) {
            if (format == "input-file") text = reading.path_here(text, pointer).string();
            if (format == "matte-name")
                pass.named_mattes.push_back(used_name(reading, pointer, text, "matte", shot.mattes));
            if (format == "reference-name")
                pass.named_references.push_back(
                    used_name(reading, pointer, text, "reference", shot.references));
        });
    pass.params = Params(std::move(values), node.pointer());

    auto found = reading.pass_validators.find(pass.name);
    if (found == reading.pass_validators.end()) {
        found = reading.pass_validators.emplace(pass.name, Schema(reading.schemas.whole(pass.name))).first;
    }
    if (found->second.accepts(node.value())) return;
    std::vector<Problem> second = found->second.problems(node.value(), node.pointer());
    reading.second_opinion.insert(reading.second_opinion.end(), second.begin(), second.end());
}

/// A parameter of the pass's own that names its artefact ("artefact_parameter" of its schema).
void read_own_artefact(JobReading& reading, const JobNode& node, PassSpec& pass) {
    const json facts = reading.schemas.schema(pass.name).value("x-wetgate", json::object());
    const std::string name = facts.value("artefact_parameter", "");
    if (name.empty() || !pass.params.has(name)) return;
    if (!pass.artefact.empty()) {
        reading.problem(node.pointer(name), "\"artefact\" says the same thing; remove one of them");
        return;
    }
    pass.artefact_text = pass.written_params.at(name).get<std::string>();
    pass.artefact = pass.params.text(name);
}

PassSpec read_pass(JobReading& reading, const JobNode& node, const ShotSpec& shot) {
    PassSpec pass;
    pass.pointer = node.pointer();
    pass.name = node.text("pass").value_or("");
    pass.enabled = node.flag("enabled", true);
    read_frames(reading, node, shot, pass);
    pass.matte =
        used_name(reading, node.pointer("matte"), node.text("matte").value_or(""), "matte", shot.mattes);
    pass.protect =
        used_name(reading, node.pointer("protect"), node.text("protect").value_or(""), "matte", shot.mattes);
    pass.strength = node.number("strength").value_or(1.0);
    pass.limit_stops = node.number("limit_stops");
    pass.model = node.text("model").value_or("");
    pass.artefact_text = node.text("artefact").value_or("");
    if (!pass.artefact_text.empty())
        pass.artefact = reading.path_here(pass.artefact_text, node.pointer("artefact"));
    pass.note = node.text("note").value_or("");
    if (pass.name.empty()) return pass;
    if (reading.schemas.has(pass.name)) {
        read_params(reading, node, shot, pass);
        read_own_artefact(reading, node, pass);
    } else {
        reading.problems.push_back(unknown_pass(reading.schemas, pass.name, node.pointer("pass")));
    }
    return pass;
}

void check_range(JobReading& reading, const JobNode& node, ShotSpec& shot) {
    const auto& exists = shot.source.range;
    if (!shot.range && !node["range"].is_there()) shot.range = exists;
    if (shot.range && exists && !exists->contains(*shot.range)) {
        reading.problem(node.pointer("range"), "frames " + print_frames(*shot.range) +
                                                   " are not all in source.range " + print_frames(*exists));
    }
}

void check_timecode(JobReading& reading, const JobNode& node, const ShotSpec& shot) {
    if (!shot.timecode) return;
    std::vector<Rate> rates;
    if (shot.source.rate) {
        rates.push_back(*shot.source.rate);
    } else {  // the file will tell; here it must be an address at some rate
        rates = {{30, 1}, {60, 1}, {120, 1}};
    }
    const bool legal = std::any_of(rates.begin(), rates.end(), [&](const Rate& rate) {
        return parse_timecode(*shot.timecode, rate).has_value();
    });
    if (legal) return;
    const std::string at = shot.source.rate ? " at " + to_string(*shot.source.rate) + " frames a second" : "";
    reading.problem(node.pointer("timecode"),
                    shown(*shot.timecode) + " is no timecode" + at +
                        "; write HH:MM:SS:FF (HH:MM:SS;FF for drop-frame, at 30 and 60 only)");
}

}  // namespace

void JobReading::problem(const std::string& pointer, std::string message, std::string suggestion) {
    if (problems.size() >= most_problems) return;
    const bool known = std::any_of(problems.begin(), problems.end(),
                                   [&](const Problem& other) { return other.pointer == pointer; });
    if (!known) problems.push_back({pointer, std::move(message), std::move(suggestion)});
}

std::optional<FrameSet> JobReading::frames_here(const JobNode& node, const std::string& key) {
    const auto text = node.text_or_integer(key);
    if (!text) return std::nullopt;
    std::optional<FrameSet> frames;
    if (frames_left > 0) {
        frames =
            reported(*this, node.pointer(key), [&] { return parse_frames(*text, options.frames_syntax); });
        if (!frames) return std::nullopt;
    }
    if (frames && frames->size() <= frames_left) {
        frames_left -= frames->size();
        return frames;
    }
    if (!frames_refused)
        problem(node.pointer(key),
                "the job names too many frames in all; leave `frames` out where all of them are meant");
    frames_left = 0;
    frames_refused = true;
    return std::nullopt;
}

// A rule may speak of a path as the job has it, or of the place that a relative one means beside the job.
std::string JobReading::mapped_text(const std::string& text) const {
    std::string mapped = options.path_map.apply(text);
    if (mapped != text || options.path_map.empty() || std::filesystem::path(text).is_absolute())
        return mapped;
    const std::string whole = (folder / text).lexically_normal().string();
    std::string mapped_whole = options.path_map.apply(whole);
    return mapped_whole == whole ? text : mapped_whole;
}

std::filesystem::path JobReading::path_here(const std::string& text, const std::string& pointer) {
    const std::string mapped = mapped_text(text);
    const bool drive = mapped.size() > 2 && std::isalpha(static_cast<unsigned char>(mapped[0])) != 0 &&
                       mapped[1] == ':' && (mapped[2] == '\\' || mapped[2] == '/');
    if (drive || mapped.starts_with("\\\\")) {
        problem(pointer, shown(text) +
                             " is a path of a Windows machine; say where it lies here with --map FROM=TO or "
                             "--path-map FILE");
    }
    if (std::any_of(mapped.begin(), mapped.end(),
                    [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; })) {
        problem(pointer, "a path must not have control characters in it");
    }
    return (folder / mapped).lexically_normal();
}

SpecPath JobReading::pattern_here(const JobNode& node, const std::string& key) {
    return pattern_of(node.text(key).value_or(""), node.pointer(key));
}

SpecPath JobReading::pattern_of(std::string text, const std::string& pointer) {
    SpecPath path;
    path.text = std::move(text);
    if (path.text.empty()) return path;
    const std::size_t before = problems.size();
    path_here(path.text, pointer);
    if (problems.size() > before) return path;
    const auto pattern = reported(*this, pointer, [&] { return PathPattern::parse(mapped_text(path.text)); });
    if (pattern) path.pattern = pattern->resolved(folder);
    return path;
}

std::string read_name(JobReading& reading, const JobNode& node, const std::string& key) {
    const std::string name = node.text(key).value_or("");
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    };
    if (name.empty()) return name;
    if (!std::all_of(name.begin(), name.end(), allowed)) {
        reading.problem(node.pointer(key),
                        shown(name) + " must be made of letters a-z, digits, '.', '_' and '-'");
    } else if (name == "." || name == "..") {
        reading.problem(node.pointer(key), shown(name) + " means a folder; give it another name");
    }
    return name;
}

ShotSpec read_shot(JobReading& reading, const JobNode& node) {
    ShotSpec shot;
    shot.name = read_name(reading, node, "name");
    shot.source = read_source(reading, node["source"]);
    shot.range = read_range(reading, node, "range");
    check_range(reading, node, shot);
    constexpr std::array policies = {BadFrame::Fail, BadFrame::Hold, BadFrame::Black, BadFrame::Skip};
    for (const BadFrame policy : policies) {
        if (node.text("on_bad_frame") == to_text(policy)) shot.on_bad_frame = policy;
    }
    shot.timecode = node.text("timecode");
    check_timecode(reading, node, shot);
    shot.reel = node.text("reel");
    shot.audio = read_audio(reading, node["audio"]);

    const JobNode mattes = node["mattes"];
    for (const std::string& name : mattes.keys()) shot.mattes[name] = read_matte(reading, mattes[name], name);
    const JobNode references = node["references"];
    for (const std::string& name : references.keys())
        shot.references[name] = read_reference(reading, references[name], name);
    const JobNode passes = node["passes"];
    for (std::size_t i = 0; i < passes.items(); ++i)
        shot.passes.push_back(read_pass(reading, passes.item(i), shot));
    const JobNode outputs = node["outputs"];
    for (std::size_t i = 0; i < outputs.items(); ++i)
        shot.outputs.push_back(read_output(reading, outputs.item(i), shot));
    const bool any_movie = std::any_of(shot.outputs.begin(), shot.outputs.end(),
                                       [](const OutputSpec& output) { return is_movie(output.type); });
    if (shot.audio && !any_movie)
        reading.problem(node.pointer("audio"), "means nothing without a movie among the outputs; remove it");
    return shot;
}

}  // namespace wetgate::spec
