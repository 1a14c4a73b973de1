#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cmd/verbs.h"
#include "color/cdl.h"
#include "conform/edl.h"
#include "conform/folder_list.h"
#include "conform/job_writer.h"
#include "conform/listing.h"
#include "conform/match.h"
#include "conform/otio.h"
#include "conform/text.h"
#include "core/atomic_file.h"
#include "core/error.h"

namespace wetgate::cmd {
namespace {

namespace fs = std::filesystem;

std::optional<Rate> rate_of(const ConformOptions& options) {
    if (!options.rate) return std::nullopt;
    const auto rate = parse_rate(*options.rate);
    if (!rate)
        throw Error(ErrorKind::Usage,
                    "--rate " + *options.rate + " is no frame rate; write for instance 24, 25 or 24000/1001");
    return rate;
}

conform::CutList read_list(const ConformOptions& options, const nlohmann::json& job_template) {
    const std::string text = read_text(options.list, conform::most_otio_bytes);
    const std::string name = options.list.string();
    const std::optional<Rate> rate = rate_of(options);
    const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first != std::string::npos && text[first] == '{') return conform::read_otio(text, name, rate);
    const std::optional<Rate> edl_rate = rate ? rate : conform::template_rate(job_template);
    if (!edl_rate) {
        throw Error(ErrorKind::Usage,
                    "an EDL does not say its frame rate: give --rate, or source.rate in the template",
                    {.file = name, .shot = {}, .frame = {}});
    }
    return conform::read_edl(text, name, *edl_rate);
}

conform::MediaChoice choice_of(const std::string& word) {
    if (word == "sequences") return conform::MediaChoice::Sequences;
    return word == "movies" ? conform::MediaChoice::Movies : conform::MediaChoice::Any;
}

struct Matched {
    conform::CutList list;
    std::vector<conform::MediaItem> media;
    std::vector<std::optional<conform::Match>> matches;
};

Matched match(const ConformOptions& options, const nlohmann::json& job_template, const Log& log) {
    const conform::MediaChoice choice = choice_of(options.choice);
    std::error_code ignored;
    if (fs::is_directory(options.list, ignored)) {
        if (!options.media.empty())
            throw Error(ErrorKind::Usage, "a folder is its own media: leave --media out",
                        {.file = options.list.string(), .shot = {}, .frame = {}});
        std::optional<Rate> rate = rate_of(options);
        if (!rate) rate = conform::template_rate(job_template);
        Matched all;
        all.media = conform::find_media(options.list, choice, rate.value_or(Rate{}), log);
        conform::FolderList made = conform::list_of_folder(options.list, all.media, rate);
        all.list = std::move(made.list);
        all.matches = std::move(made.matches);
        return all;
    }
    if (options.media.empty())
        throw Error(ErrorKind::Usage, "--media names the folder to find the list's media in: it is missing",
                    {.file = options.list.string(), .shot = {}, .frame = {}});
    Matched all;
    all.list = read_list(options, job_template);
    all.media = conform::find_media(options.media, choice, all.list.rate, log);
    all.matches = conform::match_events(all.list, all.media, options.handles, log);
    return all;
}

void make_folder(const fs::path& folder) {
    std::error_code problem;
    if (!folder.empty()) fs::create_directories(folder, problem);
    if (problem) {
        throw Error(ErrorKind::Output, "cannot make the folder: " + problem.message(),
                    {.file = folder.string(), .shot = {}, .frame = {}});
    }
}

/// The .cc files of the events that have a CDL, in `folder`.
void write_cdls(const conform::CutList& list, const conform::MadeJob& made, const fs::path& folder) {
    for (const conform::MadeShot& shot : made.shots) {
        const conform::CutEvent& event = list.events[shot.event];
        if (!event.cdl) continue;
        make_folder(folder);
        const color::Cdl cdl{event.cdl->slope, event.cdl->offset,
                             event.cdl->power, event.cdl->saturation,
                             shot.name,        "event " + event.number + " of the cut list"};
        write_atomic(folder / (shot.name + ".cc"), color::to_cc_xml(cdl));
    }
}

void refuse_to_overwrite(const ConformOptions& options) {
    std::error_code ignored;
    for (const fs::path& input : {options.list, options.pattern}) {
        if (fs::equivalent(input, options.job, ignored))
            throw Error(ErrorKind::Usage, "the job would be written over an input: give -o another name",
                        {.file = options.job.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace

int conform(const Options& options, const Services& services) {
    const ConformOptions& wanted = options.conform;
    refuse_to_overwrite(wanted);
    std::error_code ignored;
    if (!options.overwrite && fs::exists(wanted.job, ignored)) {
        throw Error(ErrorKind::Output, "is there already: --overwrite replaces it",
                    {.file = wanted.job.string(), .shot = {}, .frame = {}});
    }
    const nlohmann::json job_template = conform::read_template(wanted.pattern);
    const auto [list, media, matches] = match(wanted, job_template, services.log);

    conform::JobRequest request;
    request.template_file = wanted.pattern;
    request.job_file = wanted.job;
    request.version = conform::legal_name(wanted.version, "v001");
    request.first_frame = wanted.first_frame;
    request.cdl_space = wanted.apply_cdl;
    request.cdl_folder = wanted.job.stem().string() + ".cdl";
    const conform::MadeJob made = conform::make_job(job_template, list, media, matches, request);
    if (!made.shots.empty()) {
        make_folder(wanted.job.parent_path());
        if (wanted.with_cdl || wanted.apply_cdl)
            write_cdls(list, made, wanted.job.parent_path() / request.cdl_folder);
        write_atomic(wanted.job, made.text);
    }

    const conform::Counts counts = conform::count(list);
    const int missed = counts.not_conformed();
    const ErrorKind kind = made.shots.empty() ? ErrorKind::Input : ErrorKind::SomeFramesFailed;
    const bool failed = missed > 0 || made.shots.empty();
    if (options.json) {
        nlohmann::json listing = conform::to_json(list, media, matches, made);
        listing["job"] = made.shots.empty() ? "" : wanted.job.string();
        std::printf("%s\n", listing.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
        return failed ? exit_code(kind) : 0;
    }
    std::printf("%s", conform::to_table(list, media, matches, made).c_str());
    if (!failed) return 0;
    const std::string what = made.shots.empty() ? "no event was conformed and no job written"
                                                : std::to_string(missed) + " events were not conformed";
    throw Error(kind, what + "; the list above says why",
                {.file = wanted.list.string(), .shot = {}, .frame = {}});
}

}  // namespace wetgate::cmd
