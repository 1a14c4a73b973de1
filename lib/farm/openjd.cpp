#include "farm/openjd.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "farm/command.h"
#include "farm/step_names.h"
#include "farm/text.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Limits of the specification (openjd-specifications, 2023-09 Template Schemas).
constexpr std::size_t longest_step = 64;
constexpr std::size_t longest_description = 2048;
constexpr std::size_t longest_parameter = 1024;
constexpr std::size_t longest_variable = 2048;
constexpr std::size_t most_parameters = 50;
constexpr std::size_t most_requirements = 50;
constexpr std::size_t most_texts = 40;

constexpr int notify_s = 30;  // wetgate ends within 5 s of SIGTERM; a slow disk may take longer

constexpr const char* frames_mark = "\x01";  // no text of a job holds one

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::Usage, "OpenJD: " + what);
}

void check_length(const std::string& what, const std::string& text, std::size_t longest) {
    const std::u32string points = code_points(what, text);
    if (points.size() > longest)
        refuse(what + " has more than " + std::to_string(longest) + " letters: " + text.substr(0, 80) +
               " ...");
    // C0 is refused for all farms; the specification knows C1, too.
    if (std::any_of(points.begin(), points.end(), [](char32_t p) { return p >= 0x80 && p < 0xA0; }))
        refuse(what + " holds a control character");
}

// The values that a range takes as an expression: "1001", "1001-1010", "1001-1021:10".
std::string range_text(int first, int last, int step) {
    if (first == last) return std::to_string(first);
    return std::to_string(first) + "-" + std::to_string(last) + (step == 1 ? "" : ":" + std::to_string(step));
}

Json frames_space(const Step& step, bool chunking) {
    const std::vector<FrameRange> tasks = step.tasks();
    if (chunking && step.frames.size() > openjd_most_values)
        refuse(step.name + " has " + std::to_string(step.frames.size()) +
               " frames, and a range takes 1024 values: leave --chunking out");
    if (static_cast<int>(tasks.size()) > openjd_most_values)
        refuse(step.name + " has " + std::to_string(tasks.size()) +
               " tasks, and a range takes 1024 values: ask for a --chunk of " +
               std::to_string((step.frames.size() + openjd_most_values - 1) / openjd_most_values) +
               " or more frames");
    if (chunking) {
        return {{"taskParameterDefinitions",
                 Json::array(
                     {{{"name", "Frames"},
                       {"type", "CHUNK[INT]"},
                       {"range", range_text(step.frames.first, step.frames.end - 1, 1)},
                       {"chunks", {{"defaultTaskCount", step.chunk}, {"rangeConstraint", "CONTIGUOUS"}}}}})}};
    }
    const bool odd_end = tasks.back().size() != step.chunk;
    std::string ends;
    if (const std::size_t whole = tasks.size() - (odd_end ? 1 : 0); whole > 0)
        ends = range_text(tasks[0].end - 1, tasks[whole - 1].end - 1, step.chunk);
    if (odd_end) ends += (ends.empty() ? "" : ",") + std::to_string(tasks.back().end - 1);
    return {{"taskParameterDefinitions",
             Json::array({{{"name", "Start"},
                           {"type", "INT"},
                           {"range", range_text(tasks[0].first, tasks.back().first, step.chunk)}},
                          {{"name", "End"}, {"type", "INT"}, {"range", ends}}})},
            {"combination", "(Start, End)"}};
}

bool is_capability(std::string_view name) {
    bool fresh = true;  // at the start of a part
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (fresh || (c != '.' && (c < '0' || c > '9')))) return false;
        fresh = c == '.';
    }
    constexpr std::size_t longest = 92;  // 100 with "amount." before it
    return !fresh && name.size() <= longest;
}

bool is_attribute_value(std::string_view value) {
    constexpr std::size_t longest = 100;
    return !value.empty() && value.size() <= longest && value[0] != '-' &&
           (value[0] < '0' || value[0] > '9') && std::all_of(value.begin(), value.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

Json host_requirements(const FarmJob& job) {
    const TaskNeeds& needs = job.needs;
    Json amounts = Json::array({{{"name", "amount.worker.vcpu"}, {"min", needs.cores}},
                                {{"name", "amount.worker.memory"}, {"min", needs.memory_mib}}});
    if (needs.gpus > 0) amounts.push_back({{"name", "amount.worker.gpu"}, {"min", needs.gpus}});
    if (needs.gpu_memory_mib > 0)
        amounts.push_back({{"name", "amount.worker.gpu.memory"}, {"min", needs.gpu_memory_mib}});
    for (const std::string& limit : job.settings.limits) {
        if (!is_capability(limit)) refuse("--limits: '" + limit + "' is no name of an amount");
        amounts.push_back({{"name", "amount." + limit}, {"min", 1}});
    }
    Json attributes = Json::array({{{"name", "attr.worker.os.family"}, {"anyOf", {"linux"}}}});
    for (const std::string& tag : job.settings.tags) {
        const std::size_t equals = tag.find('=');
        const std::string name = tag.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : tag.substr(equals + 1);
        if (!name.starts_with("attr.") || !is_capability(name.substr(5)) || !is_attribute_value(value))
            refuse("--tags: '" + tag + "' is no attribute of a worker; write attr.NAME=VALUE");
        attributes.push_back({{"name", name}, {"anyOf", {value}}});
    }
    if (amounts.size() + attributes.size() > most_requirements)
        refuse("there are more than 50 tags and limits");
    return {{"amounts", amounts}, {"attributes", attributes}};
}

/// The template's parameters with their values, in their order.
class Parameters {
public:
    /// A path of the submitting machine, which the farm maps. Returns what stands for it in a command. It
    /// gets no default: the specification wants those relative to the template.
    std::string path(const std::string& name, const fs::path& value, const char* kind, const char* flow,
                     const char* description) {
        check_length("the path " + value.string(), value.string(), longest_parameter);
        definitions_.push_back({{"name", name},
                                {"type", "PATH"},
                                {"objectType", kind},
                                {"dataFlow", flow},
                                {"description", description}});
        values_[name] = value.string();
        return "{{Param." + name + "}}";
    }

    /// `text` as a format string. One with braces cannot be written there: it becomes a parameter's default,
    /// which is taken as it is.
    std::string text(const std::string& what, const std::string& text, std::size_t longest) {
        check_length(what, text, longest);
        if (text.find("{{") == std::string::npos && text.find("}}") == std::string::npos) return text;
        const auto known = std::find(texts_.begin(), texts_.end(), text);
        const auto number = static_cast<std::size_t>(known - texts_.begin()) + 1;
        const std::string name = "Text" + std::to_string(number);
        if (known == texts_.end()) {
            check_length(what, text, longest_parameter);
            if (texts_.size() == most_texts) refuse("more than 40 options hold braces like {{ or }}");
            texts_.push_back(text);
            definitions_.push_back({{"name", name},
                                    {"type", "STRING"},
                                    {"default", text},
                                    {"userInterface", {{"control", "HIDDEN"}}},
                                    {"description", "a text with braces"}});
        }
        return "{{Param." + name + "}}";
    }

    std::size_t left() const { return most_parameters - definitions_.size(); }
    const Json& definitions() const { return definitions_; }
    const Json& values() const { return values_; }

private:
    Json definitions_ = Json::array();
    Json values_ = Json::object();
    std::vector<std::string> texts_;
};

void add_folders(Parameters& parameters, const FarmJob& job) {
    std::vector<fs::path> out, in = job.inputs.folders;
    for (const Step& step : job.steps)
        for (const StepOutput& output : step.outputs) out.push_back(output.folder.lexically_normal());
    out = folded(std::move(out), parameters.left() / 2);
    int number = 0;
    for (const fs::path& folder : out)
        parameters.path("Out" + std::to_string(++number), folder, "DIRECTORY", "OUT", "a folder of outputs");

    std::vector<fs::path> files = job.inputs.files;
    if (folded(in, in.size() + 1).size() + files.size() > parameters.left()) {
        for (const fs::path& file : files) in.push_back(file.parent_path());
        files.clear();
    }
    in = folded(std::move(in), std::max<std::size_t>(1, parameters.left() - files.size()));
    number = 0;
    for (const fs::path& folder : in)
        parameters.path("In" + std::to_string(++number), folder, "DIRECTORY", "IN", "a folder of sources");
    number = 0;
    for (const fs::path& file : files) {
        if (std::any_of(in.begin(), in.end(),
                        [&](const fs::path& folder) { return is_within(file, folder); }))
            continue;
        parameters.path("InFile" + std::to_string(++number), file, "FILE", "IN", "a source");
    }
}

Json step_json(const FarmJob& job, const Step& step, const std::vector<std::string>& names, std::size_t index,
               Parameters& parameters) {
    Json json = {{"name", names[index]}};
    for (const std::size_t before : step.after)
        json["dependencies"].push_back({{"dependsOn", names[before]}});
    json["hostRequirements"] = host_requirements(job);
    const bool chunking = job.settings.task_chunking;
    if (step.is_sharded()) json["parameterSpace"] = frames_space(step, chunking);

    Json words = Json::array();
    std::string before;
    for (const std::string& word : command_of(job, step, "openjd", {frames_mark})) {
        std::string written;
        if (word == frames_mark) {
            written = chunking ? "--frames={{Task.Param.Frames}}"
                               : "--frames={{Task.Param.Start}}-{{Task.Param.End}}";
        } else if (words.size() == 2) {
            written = "{{Param.JobFile}}";
        } else if (before == "--models") {
            written = "{{Param.Models}}";
        } else {
            written = parameters.text("the option " + word.substr(0, 80), word, std::string::npos);
        }
        words.push_back(written);
        before = word;
    }
    const std::string command = words[0];
    words.erase(0);
    for (const char* word : {"--path-map", "{{Session.PathMappingRulesFile}}"}) words.push_back(word);
    Json action = {{"command", command}, {"args", words}};
    constexpr int minute_s = 60;
    if (job.settings.time_limit_min > 0) action["timeout"] = job.settings.time_limit_min * minute_s;
    // Without this a cancel kills at once, temps and all.
    action["cancelation"] = {{"mode", "NOTIFY_THEN_TERMINATE"}, {"notifyPeriodInSeconds", notify_s}};
    json["script"] = {{"actions", {{"onRun", action}}}};
    return json;
}

std::string printed(const Json& json) {
    return json.dump(1) + "\n";
}

// What `deadline bundle submit` reads: the parameters, and those of the service itself.
Json bundle_values(const FarmJob& job, const Json& values) {
    Json list = Json::array();
    for (const auto& [name, value] : values.items()) list.push_back({{"name", name}, {"value", value}});
    list.push_back({{"name", "deadline:priority"}, {"value", job.settings.priority}});
    list.push_back({{"name", "deadline:maxRetriesPerTask"}, {"value", job.settings.retries}});
    return {{"parameterValues", list}};
}

}  // namespace

std::vector<FarmFile> openjd_files(const FarmJob& job) {
    const FarmSettings& settings = job.settings;
    Parameters parameters;
    parameters.path("JobFile", job.file, "FILE", "IN", "the job file");
    parameters.path("Work", job.work, "DIRECTORY", "INOUT", "the work folder: records and artefacts");
    const auto models = std::find(settings.options.begin(), settings.options.end(), "--models");
    if (models != settings.options.end() && models + 1 != settings.options.end())
        parameters.path("Models", *(models + 1), "DIRECTORY", "IN", "cards and weights");
    if (std::find(settings.options.begin(), settings.options.end(), "--path-map") != settings.options.end())
        refuse("--path-map: each task gets the rules of its own session; leave it out, or use --map FROM=TO");

    Json environment = Json::object();
    for (const auto& [name, value] : settings.environment)
        environment[name] = parameters.text("the variable " + name, value, longest_variable);
    const std::vector<std::string> names = step_names(job.steps, longest_step, [](char c) { return c; });
    Json steps = Json::array();
    for (std::size_t i = 0; i < job.steps.size(); ++i)
        steps.push_back(step_json(job, job.steps[i], names, i, parameters));
    add_folders(parameters, job);

    Json json = {{"specificationVersion", "jobtemplate-2023-09"}};
    if (settings.task_chunking) json["extensions"] = {"TASK_CHUNKING"};
    json["name"] = job.name;
    if (!settings.comment.empty()) {
        check_length("--comment", settings.comment, longest_description);
        json["description"] = settings.comment;
    }
    json["parameterDefinitions"] = parameters.definitions();
    if (!environment.empty())
        json["jobEnvironments"] = Json::array({{{"name", "wetgate"}, {"variables", environment}}});
    json["steps"] = steps;
    return {{"template.json", printed(json)},
            {"parameter_values.json", printed(bundle_values(job, parameters.values()))},
            {"parameters.json", printed(parameters.values())}};
}

std::string submit_openjd(const FarmJob& job) {
    const std::string folder = job.folder.string();
    CommandResult result;
    try {
        result = run_command(std::vector<std::string>{"deadline", "bundle", "submit", "--yes", folder});
    } catch (const Error& error) {
        throw Error(ErrorKind::Usage,
                    error.message() +
                        " (AWS Deadline Cloud's, from its Python package deadline.) The template "
                        "is written; other farms of OpenJD take template.json with the values of "
                        "parameters.json",
                    {.file = folder, .shot = {}, .frame = {}});
    }
    if (result.code != 0)
        throw Error(kind_of_refusal(result), "the job was not taken: " + result.output,
                    {.file = folder, .shot = {}, .frame = {}});
    return result.output.substr(0, result.output.find_last_not_of('\n') + 1);
}

}  // namespace wetgate::farm
