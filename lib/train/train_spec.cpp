#include "train/train_spec.h"

#include <map>
#include <set>

#include "core/error.h"
#include "spec/embedded.h"
#include "spec/frame_text.h"
#include "spec/rules.h"
#include "spec/schema.h"
#include "spec/strict_json.h"

namespace wetgate::train {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t least_keys = 2;

FootageSpec footage_of(const json& value, const fs::path& folder) {
    FootageSpec footage;
    footage.path = spec::PathPattern::parse(value.at("path").get<std::string>()).resolved(folder);
    if (value.contains("range"))
        footage.range = spec::parse_frame_range(value.at("range").get<std::string>());
    if (value.contains("first_frame")) footage.first_frame = value.at("first_frame").get<int>();
    footage.colorspace = value.at("colorspace");
    return footage;
}

Task task_of(const std::string& name) {
    static const std::map<std::string, Task> tasks = {{"pairs", Task::Pairs},
                                                      {"denoise", Task::Denoise},
                                                      {"inpaint", Task::Inpaint},
                                                      {"upscale", Task::Upscale},
                                                      {"prune", Task::Prune}};
    return tasks.at(name);
}

// What a task would silently ignore is a mistake.
void check_keys(Task task, const json& given, std::vector<spec::Problem>& problems) {
    static const std::map<std::string, std::set<Task>> users = {
        {"pairs", {Task::Pairs}},
        {"pictures", {Task::Denoise, Task::Inpaint, Task::Upscale, Task::Prune}},
        {"stills", {Task::Denoise, Task::Inpaint, Task::Upscale, Task::Prune}},
        {"noisy", {Task::Denoise}},
        {"start", {Task::Denoise, Task::Inpaint, Task::Upscale, Task::Prune}}};
    for (const auto& [key, tasks] : users) {
        if (given.contains(key) && tasks.count(task) == 0)
            problems.push_back({"/" + key, "is of no use to this task", ""});
    }
    if (given.contains("start") && given.contains("network"))
        problems.push_back({"/network", "is of no use beside \"start\", which brings its own", ""});
}

void check(const TrainSpec& spec, const json& value, std::vector<spec::Problem>& problems) {
    // It becomes the name of files.
    const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    if (spec.name.find_first_not_of(letters) != std::string::npos || spec.name.starts_with('.'))
        problems.push_back(
            {"/name", "must be letters, digits, '_', '-' and '.', and not begin with '.'", ""});
    const bool pairs = spec.task == Task::Pairs;
    if (pairs && !value.contains("pairs"))
        problems.push_back({"/pairs", "is missing: the task needs it", ""});
    if (pairs && value.contains("pairs") && spec.key_frames.size() < least_keys)
        problems.push_back({"/pairs/key_frames",
                            "must be at least two frames: one is left out to see how well "
                            "the others explain it",
                            ""});
    if (!pairs && spec.pictures.empty() && spec.stills.empty())
        problems.push_back({"/pictures", "or \"stills\" is missing: the task needs pictures", ""});
    if (spec.start.empty() && (spec.noisy || spec.task == Task::Prune))
        problems.push_back({"/start", "is missing: there must be a model to start from", ""});
    if (spec.noisy && !spec.stills.empty())
        problems.push_back({"/stills", "are of no use to noisy dailies, which are clips", ""});
    if (spec.name.ends_with(".training"))
        problems.push_back({"/name", "must not end with .training, as reports do", ""});
    if (spec.noisy && spec.pictures.empty())
        problems.push_back({"/pictures", "is missing: noisy dailies are footage, not stills", ""});
}

}  // namespace

TrainSpec read_train_spec(const fs::path& file) {
    static const json schema = json::parse(spec::embedded_schemas().at("train.schema.json"));
    json value = spec::read_strict_json(file);
    std::vector<spec::Problem> problems;
    const spec::Rules rules(schema);
    rules.check(schema, value, "", problems);
    spec::add_unreported(problems, spec::Schema(schema).problems(value));
    const ErrorContext where{.file = file.string(), .shot = {}, .frame = {}};
    if (!problems.empty()) throw spec::JobProblems(std::move(problems), where);
    check_keys(task_of(value.at("task")), value, problems);
    value = rules.with_defaults(schema, std::move(value));

    const fs::path folder = fs::absolute(file).parent_path();
    TrainSpec spec;
    spec.name = value.at("name");
    spec.task = task_of(value.at("task"));
    spec.output = (folder / value.at("output").get<std::string>()).lexically_normal();
    spec.work = (folder / value.value("work", spec.name + ".train")).lexically_normal();
    spec.licence = value.at("licence");
    spec.data_note = value.at("data_note");
    spec.credits = value.value("credits", std::vector<std::string>());
    spec.shows = value.value("shows", json("*"));
    if (value.contains("pairs")) {
        const json& pairs = value.at("pairs");
        spec.before = footage_of(pairs.at("before"), folder);
        spec.after = footage_of(pairs.at("after"), folder);
        spec.key_frames = spec::parse_frames(pairs.at("key_frames").get<std::string>());
        if (pairs.contains("range"))
            spec.range = spec::parse_frame_range(pairs.at("range").get<std::string>());
    }
    for (const json& footage : value.value("pictures", json::array()))
        spec.pictures.push_back(footage_of(footage, folder));
    if (value.contains("stills"))
        spec.stills = (folder / value.at("stills").get<std::string>()).lexically_normal();
    spec.noisy = value.at("noisy");
    spec.start = value.value("start", "");
    spec.network = value.value("network", json::object());
    spec.steps = value.at("steps");
    spec.batch = value.at("batch");
    spec.patch_px = value.at("patch_px").get<int>() / 16 * 16;  // what usual networks' multiples divide
    spec.checkpoint_every = value.at("checkpoint_every");
    spec.threads = value.at("threads");
    spec.learning_rate = value.at("learning_rate");
    spec.seed = value.at("seed");
    spec.device = value.at("device");
    spec.json = value;
    check(spec, value, problems);
    if (!problems.empty()) throw spec::JobProblems(std::move(problems), where);
    return spec;
}

}  // namespace wetgate::train
