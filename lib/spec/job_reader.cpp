#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/embedded.h"
#include "spec/job_checks.h"
#include "spec/job_node.h"
#include "spec/job_spec.h"
#include "spec/rules.h"
#include "spec/schema.h"
#include "spec/shot_reader.h"
#include "spec/strict_json.h"
#include "spec/suggest.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

constexpr std::string_view version_front = "wetgate.job/";
constexpr int version_here = 1;

/// A job of a later version has keys that this build cannot know: one message about that instead of many
/// about them.
void refuse_other_version(const json& document, const std::string& file) {
    if (!document.is_object() || !document.contains("schema") || !document["schema"].is_string()) return;
    const auto& text = document["schema"].get_ref<const std::string&>();
    if (!text.starts_with(version_front)) return;
    int version = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + version_front.size(), end, version);
    if (error != std::errc() || at != end || version <= version_here) return;
    throw JobProblems(
        {{"/schema",
          shown(text) + " is newer than this wetgate, which reads up to \"wetgate.job/1\"; update wetgate",
          ""}},
        {file, {}, {}});
}

void read_color(JobReading& reading, const JobNode& node, ColorSpec& color) {
    color.config_text = node.text("config").value_or("builtin");
    const bool is_file = color.config_text != "builtin" && color.config_text != "$OCIO";
    color.config =
        is_file ? reading.path_here(color.config_text, node.pointer("config")).string() : color.config_text;
    color.working = node.text("working").value_or("ACEScg");
}

bool is_device(std::string_view text) {
    if (text == "auto" || text == "cpu" || text == "cuda") return true;
    if (!text.starts_with("cuda:")) return false;
    text.remove_prefix(5);
    return !text.empty() && text.size() <= 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void read_compute(JobReading& reading, const JobNode& node, ComputeSpec& compute) {
    compute.device = node.text("device").value_or("auto");
    if (!is_device(compute.device)) {
        static const std::vector<std::string> devices = {"auto", "cpu", "cuda"};
        reading.problem(node.pointer("device"), shown(compute.device) + " is none of auto, cpu, cuda, cuda:N",
                        nearest(compute.device, devices).value_or(""));
    }
    compute.precision = node.text("precision") == "fp32" ? Precision::Fp32 : Precision::Fp16;
    compute.threads = node.small_integer("threads").value_or(1);
    compute.seed = node.integer("seed").value_or(0);
}

void read_qc(JobReading& reading, const JobNode& node, JobSpec& job) {
    const auto report = node.text("report");
    job.qc.report =
        report && !report->empty() ? reading.path_here(*report, node.pointer("report")) : job.work / "qc";
    for (const GateMode mode : {GateMode::Off, GateMode::Warn, GateMode::Fail}) {
        if (node.text("gate") == to_text(mode)) job.qc.gate = mode;
    }
    job.qc.measure = node.flag("measure", true);
    const JobNode checks = node["checks"];
    for (const std::string& name : checks.keys()) {
        const JobNode check = checks[name];
        job.qc.checks[name] = {check.flag("enabled", true), check.number("threshold"),
                               check.text("severity").value_or("")};
    }
    const JobNode accept = node["accept"];
    for (std::size_t i = 0; i < accept.items(); ++i) {
        const JobNode item = accept.item(i);
        AcceptSpec rule{item.text("check").value_or(""),
                        item.text("shot").value_or(""),
                        {},
                        item.text("reason").value_or("")};
        rule.frames = reading.frames_here(item, "frames");
        job.qc.accept.push_back(std::move(rule));
    }
}

/// Only a date that the job gives can stand in an output: no clock is read, so that a run can be repeated to
/// the same bytes.
std::string read_date(JobReading& reading, const JobNode& node) {
    const std::string date = node.text("date").value_or("");
    if (date.empty()) return date;
    // 2026-11-26T12:00:00Z or ...+01:00, as XML Schema's dateTime and RFC 3339 have it.
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    bool fits = date.size() == shape.size() + 1 || date.size() == shape.size() + 6;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto number = [&](std::size_t at, std::size_t count) { return std::stoi(date.substr(at, count)); };
    for (std::size_t i = 0; fits && i < shape.size(); ++i)
        fits = shape[i] == 'd' ? is_digit(date[i]) : date[i] == shape[i];
    if (fits && date.size() == shape.size() + 1) fits = date.back() == 'Z';
    if (fits && date.size() == shape.size() + 6) {
        const std::string zone = date.substr(shape.size());
        fits = (zone[0] == '+' || zone[0] == '-') && is_digit(zone[1]) && is_digit(zone[2]) &&
               zone[3] == ':' && is_digit(zone[4]) && is_digit(zone[5]) && zone.substr(1, 2) <= "14" &&
               zone.substr(4) <= "59";
    }
    if (fits) {
        constexpr std::array<int, 12> days = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        const int month = number(5, 2), day = number(8, 2);
        fits = number(0, 4) > 0 && month >= 1 && month <= 12 && day >= 1 &&
               day <= days.at(static_cast<std::size_t>(month - 1)) && number(11, 2) <= 23 &&
               number(14, 2) <= 59 && number(17, 2) <= 59;
        const int year = number(0, 4);
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        fits = fits && (month != 2 || day <= 28 || leap);
    }
    if (!fits) {
        reading.problem(node.pointer("date"),
                        shown(date) + " is no date; write for instance 2026-11-26T12:00:00Z");
        return {};
    }
    return date;
}

JobSpec read_job(JobReading& reading, const JobNode& node, std::filesystem::path file) {
    JobSpec job;
    job.folder = reading.folder;
    job.file = std::move(file);
    job.name = read_name(reading, node, "name");
    job.show = reading.show = node.text("show").value_or("");
    job.version = reading.version = read_name(reading, node, "version");
    job.date = reading.date = read_date(reading, node);
    const auto work = node.text("work");
    const std::string work_text =
        work && !work->empty() ? *work : (job.name.empty() ? "job" : job.name) + ".work";
    job.work = reading.path_here(work_text, node.pointer("work"));
    job.approval.ref = node["approval"].text("ref").value_or("");
    job.approval.deliverable = node["approval"].text("deliverable").value_or("temp");
    read_color(reading, node["color"], job.color);
    read_compute(reading, node["compute"], job.compute);
    read_qc(reading, node["qc"], job);
    const JobNode shots = node["shots"];
    job.shots.reserve(shots.items());
    for (std::size_t i = 0; i < shots.items(); ++i) job.shots.push_back(read_shot(reading, shots.item(i)));
    return job;
}

/// Drops repeats, finds the lines, and leaves a list that a person can still read.
[[noreturn]] void throw_problems(std::vector<Problem> problems, std::string_view text,
                                 const std::string& file) {
    std::vector<Problem> kept;
    for (Problem& problem : problems) {
        if (kept.size() >= most_problems) break;
        const bool repeats = std::any_of(kept.begin(), kept.end(), [&](const Problem& other) {
            return other.pointer == problem.pointer && other.message == problem.message;
        });
        if (!repeats) kept.push_back(std::move(problem));
    }
    locate_problems(text, kept);
    // In the order of the file, as an editor would list them.
    std::stable_sort(kept.begin(), kept.end(),
                     [](const Problem& a, const Problem& b) { return a.line < b.line; });
    if (kept.size() >= most_problems)
        kept.push_back({"", "there may be more problems; mend these first", ""});
    throw JobProblems(std::move(kept), {file, {}, {}});
}

}  // namespace

JobSpec parse_job(std::string_view text, const std::filesystem::path& file, const LoadOptions& options) {
    const std::string shown_file = file.string();
    const json document = parse_strict_json(text, shown_file);
    refuse_other_version(document, shown_file);

    std::filesystem::path absolute = std::filesystem::absolute(file).lexically_normal();
    const json schema = json::parse(embedded_schemas().at("job.schema.json"));
    JobReading reading{.options = options,
                       .folder = absolute.parent_path(),
                       .show = {},
                       .version = {},
                       .date = {},
                       .schemas = {},
                       .pass_validators = {},
                       .problems = {},
                       .second_opinion = {}};
    Rules(schema).check(schema, document, "", reading.problems);
    JobSpec job = read_job(reading, JobNode(&document, ""), std::move(absolute));
    for (Problem& problem : check_job(job)) reading.problem(problem.pointer, std::move(problem.message));
    // Ours first: valijson only adds what ours did not see (and would drown a long list in repeats, each of
    // which takes memory).
    constexpr std::size_t long_text = std::size_t{64} << 10;
    if (reading.problems.empty() || (reading.problems.size() < most_problems && text.size() < long_text)) {
        const Schema second(schema);
        if (!second.accepts(document)) add_unreported(reading.problems, second.problems(document));
        add_unreported(reading.problems, std::move(reading.second_opinion));
    }
    if (!reading.problems.empty()) throw_problems(std::move(reading.problems), text, shown_file);
    return job;
}

JobSpec load_job(const std::filesystem::path& file, const LoadOptions& options) {
    return parse_job(read_text(file, static_cast<std::int64_t>(JsonLimits{}.bytes)), file, options);
}

const ShotSpec& JobSpec::shot(const std::string& shot_name) const {
    std::vector<std::string> names;
    for (const ShotSpec& candidate : shots) {
        if (candidate.name == shot_name) return candidate;
        names.push_back(candidate.name);
    }
    const auto suggestion = nearest(shot_name, names);
    throw Error(ErrorKind::Usage,
                "the job has no shot called " + shown(shot_name) +
                    (suggestion ? "; did you mean \"" + *suggestion + "\"?" : ""),
                {file.string(), {}, {}});
}

std::string_view to_text(PixelChoice pixel) {
    switch (pixel) {
        case PixelChoice::Source:
            return "source";
        case PixelChoice::Half:
            return "half";
        case PixelChoice::Float:
            return "float";
    }
    return "source";
}

std::string_view to_text(BadFrame policy) {
    switch (policy) {
        case BadFrame::Fail:
            return "fail";
        case BadFrame::Hold:
            return "hold";
        case BadFrame::Black:
            return "black";
        case BadFrame::Skip:
            return "skip";
    }
    return "fail";
}

std::string_view to_text(GateMode mode) {
    switch (mode) {
        case GateMode::Off:
            return "off";
        case GateMode::Warn:
            return "warn";
        case GateMode::Fail:
            return "fail";
    }
    return "fail";
}

std::string_view to_text(Precision precision) {
    return precision == Precision::Fp32 ? "fp32" : "fp16";
}

}  // namespace wetgate::spec
