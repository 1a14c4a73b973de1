#include "cmd/report_files.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/escape.h"
#include "core/temp_files.h"
#include "pipeline/shot_context.h"
#include "qc/html.h"
#include "qc/junit.h"
#include "qc/report.h"

namespace wetgate::cmd {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string now_utc() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text.data();
}

spec::GateMode gate_of(const ReportPlace& place, const Options& options) {
    if (!options.qc_gate) return place.gate;
    if (*options.qc_gate == "off") return spec::GateMode::Off;
    return *options.qc_gate == "warn" ? spec::GateMode::Warn : spec::GateMode::Fail;
}

}  // namespace

int write_report(const ReportPlace& place, const Options& options, const pipeline::JobOutcome& outcome) {
    const nlohmann::json& result = *outcome.result;
    pipeline::ShotContext::make_folder(place.folder);
    remove_orphan_temps(place.folder);
    const nlohmann::json report = {{"schema", "wetgate.report/1"},
                                   {"result", result},
                                   {"run",
                                    {{"host", host_name()},
                                     {"written", now_utc()},
                                     {"command", options.command_line},
                                     {"frames_made", outcome.made},
                                     {"frames_reused", outcome.reused}}}};
    // One finding's text may hold what a damaged file said of itself: never let a bad byte lose the report.
    write_atomic(place.folder / "report.json",
                 report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    write_atomic(place.folder / "report.csv", qc::to_csv(result));
    write_atomic(place.folder / "junit.xml", qc::to_junit(result));
    write_atomic(place.folder / "report.html", qc::to_html(report, outcome.thumbnails));

    const std::string verdict = qc::verdict_of(result);
    std::printf("verdict: %s\n", verdict.c_str());
    for (const std::string& reason : qc::reasons_of(result, 5))
        std::printf("  %s\n", one_line(reason).c_str());
    std::printf("report: %s\n", one_line((place.folder / "report.json").string()).c_str());
    std::printf("page: %s\n", one_line((place.folder / "report.html").string()).c_str());
    if (outcome.failed + outcome.substituted > 0) {
        throw Error(ErrorKind::SomeFramesFailed,
                    std::to_string(outcome.failed) + " frames were not made and " +
                        std::to_string(outcome.substituted) +
                        " have a substitute; the others are done, and the report lists each");
    }
    if (verdict == "fail" && gate_of(place, options) == spec::GateMode::Fail) {
        throw Error(ErrorKind::Gate,
                    "a QC gate is closed; all outputs are written, and the report lists why");
    }
    return 0;
}

}  // namespace wetgate::cmd
