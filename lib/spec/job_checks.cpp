#include "spec/job_checks.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "spec/output_names.h"

namespace wetgate::spec {
namespace {

/// A file name, or the names of a sequence, that the job reads or writes.
struct NamedFiles {
    PathPattern pattern;
    std::optional<FrameRange> range;
    std::string pointer;
    bool is_output = false;
    std::string what;  ///< "the source of shot sh010"
};

/// Whether one of the names that `a` makes at its ends is also one of `b`.
bool makes_name_of(const NamedFiles& a, const NamedFiles& b) {
    const auto is_name_of_b = [&](int frame) {
        const std::string name = a.pattern.path(frame).filename().string();
        if (!b.pattern.is_sequence()) return name == b.pattern.path(0).filename().string();
        const auto number = b.pattern.frame_of(name);
        return number && (!b.range || b.range->contains(*number));
    };
    if (!a.pattern.is_sequence()) return is_name_of_b(0);
    if (!a.range)
        return a.pattern.prefix() == b.pattern.prefix() && a.pattern.suffix() == b.pattern.suffix() &&
               b.pattern.is_sequence();
    return is_name_of_b(a.range->first) || is_name_of_b(a.range->end - 1);
}

/// Whether one name can have both fronts and both ends: a cheap test that rejects nearly every pair.
bool may_meet(const PathPattern& a, const PathPattern& b) {
    const auto fits = [](std::string_view one, std::string_view other, bool at_end) {
        const std::string_view shorter = one.size() < other.size() ? one : other;
        const std::string_view longer = one.size() < other.size() ? other : one;
        return at_end ? longer.ends_with(shorter) : longer.starts_with(shorter);
    };
    if (!a.is_sequence() && !b.is_sequence()) return a.prefix() == b.prefix();
    const std::string& end_of_a = a.is_sequence() ? a.suffix() : a.prefix();
    const std::string& end_of_b = b.is_sequence() ? b.suffix() : b.prefix();
    return fits(a.prefix(), b.prefix(), false) && fits(end_of_a, end_of_b, true);
}

/// For files of one folder.
bool collide(const NamedFiles& a, const NamedFiles& b) {
    return may_meet(a.pattern, b.pattern) && (makes_name_of(a, b) || makes_name_of(b, a));
}

bool is_number_letter(char c) {
    return (c >= '0' && c <= '9') || c == '-';
}

std::string shape(const PathPattern& pattern, std::string before, std::string after) {
    while (!before.empty() && is_number_letter(before.back())) before.pop_back();
    std::size_t digits = 0;
    while (digits < after.size() && is_number_letter(after[digits])) ++digits;
    return pattern.folder().string() + '\n' + before + '\n' + after.substr(digits);
}

/// Keys under which files that may collide meet: a name with one of its numbers cut out. Comparing all with
/// all would take minutes for a job of ten thousand shots.
std::vector<std::string> shapes(const PathPattern& pattern) {
    if (pattern.is_sequence()) return {shape(pattern, pattern.prefix(), pattern.suffix())};
    const std::string& name = pattern.prefix();
    std::vector<std::string> found = {pattern.folder().string() + '\n' + name};
    for (std::size_t at = 0; at < name.size();) {
        std::size_t end = at;
        while (end < name.size() && is_number_letter(name[end])) ++end;
        if (end > at) found.push_back(shape(pattern, name.substr(0, at), name.substr(end)));
        at = end + 1;
    }
    return found;
}

std::vector<NamedFiles> files_of(const JobSpec& job) {
    std::vector<NamedFiles> files;
    const auto add = [&](const PathPattern& pattern, const std::optional<FrameRange>& range,
                         std::string pointer, bool output, std::string what) {
        if (!pattern.text().empty())
            files.push_back({pattern, range, std::move(pointer), output, std::move(what)});
    };
    for (std::size_t s = 0; s < job.shots.size(); ++s) {
        const ShotSpec& shot = job.shots[s];
        const std::string at = "/shots/" + std::to_string(s);
        const std::string of_shot = " of shot " + shot.name;
        add(shot.source.path.pattern, shot.source.range, at + "/source/path", false, "the source" + of_shot);
        if (shot.audio) add(shot.audio->path.pattern, {}, at + "/audio/path", false, "the audio" + of_shot);
        for (const auto& [name, matte] : shot.mattes) {
            add(matte.path.pattern, shot.source.range, join_pointer(at + "/mattes", name) + "/path", false,
                "matte " + name + of_shot);
        }
        for (const auto& [name, reference] : shot.references) {
            add(reference.path.pattern, reference.range, join_pointer(at + "/references", name) + "/path",
                false, "reference " + name + of_shot);
        }
        for (std::size_t o = 0; o < shot.outputs.size(); ++o) {
            const OutputSpec& output = shot.outputs[o];
            std::optional<FrameRange> numbers = shot.range;
            if (numbers && output.first_frame)
                numbers = FrameRange{*output.first_frame, *output.first_frame + numbers->size()};
            add(output.path.pattern, numbers, at + "/outputs/" + std::to_string(o) + "/path", true,
                "output " + output.name + of_shot);
        }
    }
    return files;
}

void check_files(const JobSpec& job, std::vector<Problem>& problems) {
    const std::vector<NamedFiles> files = files_of(job);
    std::unordered_map<std::string, std::vector<std::size_t>> meetings;
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (std::string& key : shapes(files[i].pattern)) meetings[std::move(key)].push_back(i);
    }
    std::map<std::size_t, std::size_t> reported;  // output -> what it collides with, the first only
    for (const auto& [key, members] : meetings) {
        for (const std::size_t a : members) {
            if (!files[a].is_output) continue;
            for (const std::size_t b : members) {
                if (a == b || (files[b].is_output && b > a) || !collide(files[a], files[b])) continue;
                const auto [entry, is_new] = reported.emplace(a, b);
                if (!is_new && b < entry->second) entry->second = b;
                break;
            }
        }
    }
    for (const auto& [output, other] : reported) {
        const std::string verb = files[other].is_output ? "writes the same files as " : "would write over ";
        problems.push_back(
            {files[output].pointer, verb + files[other].what + " (" + files[other].pointer + ")", ""});
    }
}

void check_checksums(const JobSpec& job, std::vector<Problem>& problems) {
    std::map<std::filesystem::path, std::string> taken;
    for (std::size_t s = 0; s < job.shots.size(); ++s) {
        for (std::size_t o = 0; o < job.shots[s].outputs.size(); ++o) {
            const OutputSpec& output = job.shots[s].outputs[o];
            if (output.checksums.empty() || output.path.pattern.text().empty()) continue;
            const std::string pointer =
                "/shots/" + std::to_string(s) + "/outputs/" + std::to_string(o) + "/checksums";
            const auto [entry, is_new] = taken.emplace(checksum_file(output), pointer);
            if (!is_new) {
                problems.push_back({pointer,
                                    "would write the same file as " + entry->second + " (" +
                                        entry->first.filename().string() + "); name the outputs otherwise",
                                    ""});
            }
        }
    }
}

void check_single_files(const JobSpec& job, std::vector<Problem>& problems) {
    for (std::size_t s = 0; s < job.shots.size(); ++s) {
        const ShotSpec& shot = job.shots[s];
        const std::string at = "/shots/" + std::to_string(s);
        for (std::size_t o = 0; o < shot.outputs.size(); ++o) {
            const OutputSpec& output = shot.outputs[o];
            const std::string pointer = at + "/outputs/" + std::to_string(o) + "/path";
            const PathPattern& pattern = output.path.pattern;
            if (pattern.text().empty()) continue;
            const bool one_frame = shot.range && shot.range->size() == 1;
            if (!is_movie(output.type) && !pattern.is_sequence() && !one_frame) {
                problems.push_back(
                    {pointer, "every frame would get the same name; write #### where the frame number goes",
                     ""});
            }
            if (!pattern.is_sequence() && pattern.path(0) == job.file) {
                problems.push_back({pointer, "would write over the job file", ""});
            }
            for (const PassSpec& pass : shot.passes) {
                const bool same =
                    !pass.artefact.empty() && !pattern.is_sequence() && pattern.path(0) == pass.artefact;
                if (same)
                    problems.push_back({pointer, "would write over the artefact of " + pass.pointer, ""});
            }
        }
    }
}

void check_names(const JobSpec& job, std::vector<Problem>& problems) {
    std::map<std::string, std::size_t> shots;
    for (std::size_t s = 0; s < job.shots.size(); ++s) {
        const ShotSpec& shot = job.shots[s];
        const std::string at = "/shots/" + std::to_string(s);
        const auto [first, is_new] = shots.emplace(shot.name, s);
        if (!is_new && !shot.name.empty()) {
            problems.push_back({at + "/name",
                                "\"" + shot.name.substr(0, 128) + "\" is also the name of /shots/" +
                                    std::to_string(first->second),
                                ""});
        }
        std::map<std::string, std::size_t> outputs;
        for (std::size_t o = 0; o < shot.outputs.size(); ++o) {
            const std::string& name = shot.outputs[o].name;
            const auto [other, is_new_output] = outputs.emplace(name, o);
            if (is_new_output || name.empty()) continue;
            problems.push_back({at + "/outputs/" + std::to_string(o) + "/name",
                                "\"" + name.substr(0, 128) + "\" is also the name of output " +
                                    std::to_string(other->second) + " of this shot",
                                ""});
        }
    }
}

}  // namespace

std::vector<Problem> check_job(const JobSpec& job) {
    std::vector<Problem> problems;
    check_names(job, problems);
    check_single_files(job, problems);
    check_files(job, problems);
    check_checksums(job, problems);
    return problems;
}

}  // namespace wetgate::spec
