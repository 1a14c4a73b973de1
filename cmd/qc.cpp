#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/job_setup.h"
#include "cmd/media_argument.h"
#include "cmd/progress.h"
#include "cmd/report_files.h"
#include "cmd/verbs.h"
#include "core/error.h"
#include "core/escape.h"
#include "pipeline/qc_media.h"
#include "qc/report.h"
#include "spec/frame_text.h"

namespace wetgate::cmd {
namespace {

/// What the command line declares, else what a movie's own tags mean; never a guess.
std::string space_of(const color::Config& colors, const media::FrameSource& source,
                     const std::string& declared, const std::filesystem::path& media, const char* option) {
    if (!declared.empty()) return colors.resolve(declared);
    if (const auto tagged = colors.space_of_tags(source.info().color)) return *tagged;
    throw Error(ErrorKind::Usage,
                std::string("does not say what its colours are; declare them with ") + option +
                    " (ACEScg, Rec.709 ...)",
                {.file = media.string(), .shot = {}, .frame = {}});
}

void print_checks(bool as_json) {
    const nlohmann::json checks = qc::catalogue({});
    if (as_json) {
        std::printf("%s\n", checks.dump(1).c_str());
        return;
    }
    for (const nlohmann::json& check : checks) {
        const auto text = [&](const char* key) { return check.at(key).get<std::string>(); };
        std::printf("%-18s %-8s %s\n", text("check").c_str(), text("severity").c_str(),
                    text("title").c_str());
        std::printf("    %s\n", text("method").c_str());
        if (!text("standard").empty()) std::printf("    follows %s\n", text("standard").c_str());
        std::printf("    threshold %s%s\n", text("threshold_source").c_str(),
                    check.at("overridable").get<bool>() ? "" : "; fixed");
    }
}

}  // namespace

int qc(const Options& options, const Services& services) {
    if (options.qc.list_checks) {
        print_checks(options.json);
        return 0;
    }
    if (options.media_a.empty())
        throw Error(ErrorKind::Usage, "name the media to look at, or ask for --checks");
    const color::Config colors = color::Config::load(options.qc.config, std::filesystem::current_path());
    const auto media = open_argument(options.media_a, "", options, services.log);
    const std::string name = options.media_a.filename().string();
    std::unique_ptr<media::FrameSource> reference;
    ProgressPrinter progress(options.progress);
    pipeline::QcMediaRequest request{
        {name, media.get(), space_of(colors, *media, options.qc.colorspace, options.media_a, "--colorspace")},
        {},
        {},
        colors,
        {},
        io_threads_of(options),
        36,
        progress.sink(),
        services.stop};
    if (!options.media_range.empty()) request.range = spec::parse_frame_range(options.media_range);
    if (!options.qc.reference.empty()) {
        reference = open_argument(options.qc.reference, "", options, services.log);
        const std::string& declared =
            options.qc.reference_colorspace.empty() ? options.qc.colorspace : options.qc.reference_colorspace;
        request.reference = {
            options.qc.reference.filename().string(), reference.get(),
            space_of(colors, *reference, declared, options.qc.reference, "--reference-colorspace")};
    }
    pipeline::QcMediaOutcome seen = pipeline::qc_media(request);
    progress.finish();
    pipeline::JobOutcome outcome;
    outcome.result =
        qc::make_result({name, "", WETGATE_VERSION, nlohmann::json::object(), nullptr, qc::catalogue({})},
                        {std::move(seen.shot)}, {});
    outcome.thumbnails = std::move(seen.thumbnails);
    outcome.failed = seen.unreadable;
    if (!options.qc.output.empty())
        return write_report({options.qc.output, spec::GateMode::Fail}, options, outcome);

    const nlohmann::json& result = *outcome.result;
    if (options.json) {
        std::printf("%s\n", result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
        for (const nlohmann::json& finding : result.at("shots").at(0).at("findings")) {
            std::printf("%-8s %-18s %d-%d  %s\n", finding.at("severity").get<std::string>().c_str(),
                        finding.at("check").get<std::string>().c_str(), finding.at("first_frame").get<int>(),
                        finding.at("end_frame").get<int>() - 1,
                        one_line(finding.at("message").get<std::string>()).c_str());
        }
        std::printf("verdict: %s\n", qc::verdict_of(result).c_str());
    }
    if (qc::verdict_of(result) == "fail" && options.qc_gate.value_or("fail") == "fail")
        throw Error(ErrorKind::Gate, "a QC gate is closed; the findings say why");
    if (seen.unreadable > 0)
        throw Error(ErrorKind::SomeFramesFailed, std::to_string(seen.unreadable) + " frames cannot be read");
    return 0;
}

}  // namespace wetgate::cmd
