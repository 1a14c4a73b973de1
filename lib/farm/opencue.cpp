#include "farm/opencue.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "core/error.h"
#include "core/escape.h"
#include "farm/command.h"
#include "farm/quote.h"
#include "farm/step_names.h"
#include "farm/text.h"
#include "spec/frame_text.h"

namespace wetgate::farm {
namespace {

// Limits of Cuebot: JobSpec.java, and the columns of its database (V1__Initial_schema.sql, V5).
constexpr std::size_t most_layers = 1000;
constexpr std::size_t most_tasks = 100'000;
constexpr std::size_t longest_layer = 256;
constexpr std::size_t longest_job = 255;
constexpr std::size_t longest_command = 4000;
constexpr std::size_t longest_value = 2048;

constexpr const char* spec_file = "spec.xml";
constexpr const char* frames_mark = "\x01";  // no text of a job holds one

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::Usage, "OpenCue: " + what);
}

bool is_name(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    });
}

// Cuebot's own change of a name, made here so that two that become the same are told apart.
char layer_letter(char c) {
    if (c == '-') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string of_three_letters(const std::string& kind, const std::string& name) {
    return name.size() < 3 ? kind + "_" + name : name;
}

void element(std::string& xml, int depth, std::string_view tag, std::string_view text) {
    check_xml_text(tag, text);
    xml.append(static_cast<std::size_t>(depth), ' ').append("<").append(tag).append(">");
    xml.append(xml_escaped(text)).append("</").append(tag).append(">\n");
}

void named_element(std::string& xml, int depth, std::string_view tag, std::string_view name,
                   std::string_view text) {
    check_xml_text(name, text);
    xml.append(static_cast<std::size_t>(depth), ' ').append("<").append(tag);
    xml.append(" name=\"").append(xml_escaped(name)).append("\">");
    xml.append(xml_escaped(text)).append("</").append(tag).append(">\n");
}

std::string user_of(const FarmSettings& settings) {
    std::string user = settings.user;
    if (user.empty()) {
        const passwd* entry = ::getpwuid(::geteuid());
        if (entry != nullptr) user = entry->pw_name;
    }
    if (user.empty() || user == "root")
        refuse("Cuebot launches no jobs of root: say whose it is by --user NAME");
    if (!is_name(user)) refuse("the user '" + user + "' has letters other than a-z A-Z 0-9 . _ -");
    return user;
}

std::string show_of(const FarmJob& job) {
    if (job.show.empty()) refuse("the job has no \"show\", and OpenCue knows each job by its show");
    if (!is_name(job.show) || job.show.size() < 3)
        refuse("the show '" + job.show + "' cannot be one of OpenCue: three or more of a-z A-Z 0-9 . _ -");
    return job.show;
}

// One shot stands for itself, several under the job's name: OpenCue asks for one.
std::string shot_of(const FarmJob& job) {
    std::string shot;
    for (const Step& step : job.steps) {
        if (step.shot.empty() || step.shot == shot) continue;
        shot = shot.empty() ? step.shot : job.name;
    }
    return of_three_letters("shot", shot);
}

std::string tags_of(const FarmSettings& settings) {
    std::string tags;
    for (const std::string& tag : settings.tags) {
        if (!is_name(tag) || tag.size() < 3 || tag.find('-') != std::string::npos)
            refuse("the tag '" + tag + "' is none of its tags: three or more of a-z A-Z 0-9 . _");
        tags += (tags.empty() ? "" : " | ") + tag;
    }
    return tags;
}

// RQD writes the command into a file that a shell runs; in a container it stands in double quotes of another
// shell besides. Cuebot replaces its #TOKENS# in the text before. So quotes end behind what either would act
// on: a `$` or `\` in front of a quote means nothing in double quotes, and a token with quotes in it is none.
std::string cue_word(const std::string& word) {
    if (word == frames_mark) return "--frames \"#FRAMESPEC#\" --frames-syntax opencue";
    if (word.find('`') != std::string::npos)
        refuse("'" + word + "' holds a backquote, which RQD would run as a command in a container");
    return shell_quoted(word, "#$\\");
}

std::string command_line(const FarmJob& job, const Step& step) {
    std::vector<std::string> words = command_of(job, step, "deadline", {frames_mark});
    words.insert(words.end(), {"--exit-map", "opencue"});
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += cue_word(word);
    }
    if (code_points("the command", line).size() > longest_command)
        refuse("the command of " + step.name + " has more than " + std::to_string(longest_command) +
               " letters, which Cuebot's database cannot hold: " + line.substr(0, 200) + " ...");
    return line;
}

void add_environment(std::string& xml, const FarmSettings& settings) {
    if (settings.environment.empty()) return;
    xml += "  <env>\n";
    for (const auto& [name, value] : settings.environment) {
        if (value.size() > longest_value || name.size() > longest_value)
            refuse("the variable " + name + " is longer than Cuebot's database holds (2048)");
        if (!value.empty() && (value.front() == ' ' || value.back() == ' '))
            refuse("the variable " + name + " begins or ends with a space, which Cuebot takes away");
        named_element(xml, 3, "key", name, value);
    }
    xml += "  </env>\n";
}

void add_needs(std::string& xml, const FarmJob& job) {
    const TaskNeeds& needs = job.needs;
    // With a point: without one they would be hundredths. A layer that is not threadable gets one core.
    element(xml, 4, "cores", std::to_string(needs.cores) + ".0");
    element(xml, 4, "threadable", needs.cores > 1 ? "True" : "False");
    element(xml, 4, "memory", std::to_string(needs.memory_mib) + "m");
    if (needs.gpus > 0) {
        element(xml, 4, "gpus", std::to_string(needs.gpus));
        // Cuebot books no GPU for a layer that asks for none of its memory.
        element(xml, 4, "gpu_memory",
                std::to_string(needs.gpu_memory_mib > 0 ? needs.gpu_memory_mib : 1024) + "m");
    }
    if (job.settings.time_limit_min > 0)
        element(xml, 4, "timeout", std::to_string(job.settings.time_limit_min));  // minutes
    if (const std::string tags = tags_of(job.settings); !tags.empty()) element(xml, 4, "tags", tags);
    if (job.settings.limits.empty()) return;
    xml += "    <limits>\n";
    for (const std::string& limit : job.settings.limits) element(xml, 5, "limit", limit);
    xml += "    </limits>\n";
}

void add_outputs(std::string& xml, const Step& step) {
    if (step.outputs.empty()) return;
    xml += "    <outputs>\n";
    int number = 0;
    for (const StepOutput& output : step.outputs)
        named_element(xml, 5, "output", "output" + std::to_string(++number),
                      (output.folder / output.name).string());
    xml += "    </outputs>\n";
}

void add_layer(std::string& xml, const FarmJob& job, const Step& step, const std::string& name) {
    if (step.is_sharded() && step.frames.first < 0)
        refuse(step.name +
               " has frames below 0: Cuebot names a task NUMBER-LAYER and reads the number up to "
               "the first '-'. Number the shot from 0 on, or submit to another farm");
    xml += "   <layer name=\"" + name + "\" type=\"Render\">\n";
    element(xml, 4, "cmd", command_line(job, step));
    element(xml, 4, "range",
            step.is_sharded() ? std::to_string(step.frames.first) + "-" + std::to_string(step.frames.end - 1)
                              : "1");
    element(xml, 4, "chunk", std::to_string(step.is_sharded() ? step.chunk : 1));
    add_needs(xml, job);
    // The service that every Cuebot has. (It looks the first one up by name when it raises a layer's memory,
    // so one of our own that it does not know would lose those retries.)
    xml += "    <services>\n";
    element(xml, 5, "service", "default");
    xml += "    </services>\n";
    add_outputs(xml, step);
    xml += "   </layer>\n";
}

void check_size(const FarmJob& job) {
    std::size_t tasks = 0;
    for (const Step& step : job.steps) tasks += step.tasks().size();
    if (job.steps.size() > most_layers || tasks > most_tasks)
        refuse("the job has " + std::to_string(job.steps.size()) + " steps and " + std::to_string(tasks) +
               " tasks; Cuebot takes 1000 and 100000. Submit its shots on their own, or with a larger "
               "--chunk");
}

}  // namespace

std::vector<FarmFile> opencue_files(const FarmJob& job) {
    check_size(job);
    const std::string show = show_of(job), shot = shot_of(job), user = user_of(job.settings);
    const std::string name = of_three_letters("job", job.name);
    if (show.size() + shot.size() + user.size() + name.size() + 3 > longest_job)
        refuse("the names of show, shot, user and job are longer together than 255 letters");
    const std::vector<std::string> layers = step_names(job.steps, longest_layer, layer_letter);

    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE spec PUBLIC \"SPI Cue Specification Language\" "
        "\"http://localhost:8080/spcue/dtd/cjsl-1.15.dtd\">\n"
        "<spec>\n";
    if (!job.settings.facility.empty()) element(xml, 1, "facility", job.settings.facility);
    element(xml, 1, "show", show);
    element(xml, 1, "shot", shot);
    element(xml, 1, "user", user);
    xml += " <job name=\"" + name + "\">\n";
    element(xml, 2, "paused", "False");
    element(xml, 2, "priority", std::to_string(job.settings.priority));
    element(xml, 2, "maxretries", std::to_string(job.settings.retries));
    element(xml, 2, "autoeat", "False");
    add_environment(xml, job.settings);
    xml += "  <layers>\n";
    for (std::size_t i = 0; i < job.steps.size(); ++i) add_layer(xml, job, job.steps[i], layers[i]);
    xml += "  </layers>\n </job>\n <depends>\n";
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        for (const std::size_t before : job.steps[i].after) {
            xml += "  <depend type=\"LAYER_ON_LAYER\" anyframe=\"False\">\n";
            element(xml, 3, "depjob", name);
            element(xml, 3, "deplayer", layers[i]);
            element(xml, 3, "onjob", name);
            element(xml, 3, "onlayer", layers[before]);
            xml += "  </depend>\n";
        }
    }
    xml += " </depends>\n</spec>\n";
    return {{spec_file, std::move(xml)}};
}

std::string submit_opencue(const FarmJob& job) {
    const std::string file = (job.folder / spec_file).string();
    std::vector<std::string> argv{"wetgate-opencue", file};
    if (!job.settings.comment.empty()) argv.insert(argv.end(), {"--comment", job.settings.comment});
    CommandResult result;
    try {
        result = run_command(argv);
    } catch (const Error& error) {
        throw Error(ErrorKind::Usage,
                    error.message() +
                        " (scripts/opencue/wetgate-opencue; it hands a specification to Cuebot through the "
                        "Python package opencue). The specification is written",
                    {.file = file, .shot = {}, .frame = {}});
    }
    if (result.code != 0) {
        throw Error(kind_of_refusal(result), "Cuebot did not take the job: " + result.output,
                    {.file = file, .shot = {}, .frame = {}});
    }
    return result.output.substr(0, result.output.find_last_not_of('\n') + 1);
}

}  // namespace wetgate::farm
