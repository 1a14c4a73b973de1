#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/job_setup.h"
#include "cmd/media_argument.h"
#include "cmd/verbs.h"
#include "core/error.h"
#include "core/escape.h"

namespace wetgate::cmd {
namespace {

nlohmann::json info_json(const media::SourceInfo& info, const std::string& name) {
    nlohmann::json json = {
        {"media", name},
        {"format", info.format},
        {"detail", info.detail},
        {"first_frame", info.range.first},
        {"end_frame", info.range.end},
        {"rate", to_string(info.rate)},
        {"rate_is_declared", info.rate_is_declared},
        {"width", info.width},
        {"height", info.height},
        {"display_window",
         {info.display_window.x0, info.display_window.y0, info.display_window.x1, info.display_window.y1}},
        {"bits", info.color.bits},
        {"primaries", info.color.primaries},
        {"transfer", info.color.transfer},
        {"matrix", info.color.matrix},
        {"full_range", info.color.full_range},
        {"audio", info.has_audio},
        {"alpha", info.has_alpha},
        {"decoded_bytes_a_frame", info.frame_bytes}};
    if (info.start_timecode) json["timecode"] = to_string(*info.start_timecode);
    if (!info.reel.empty()) json["reel"] = info.reel;
    return json;
}

}  // namespace

int probe(const Options& options, const Services& services) {
    const auto source = open_argument(options.media_a, options.media_range, options, services.log);
    const media::SourceInfo& info = source->info();
    nlohmann::json json = info_json(info, options.media_a.string());
    int bad = 0;
    if (options.decode) {
        nlohmann::json problems = nlohmann::json::array();
        for (const int frame : frames_of(info.range)) {
            if (services.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped by a signal");
            try {
                source->read(frame);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::Input) throw;
                ++bad;
                problems.push_back({{"frame", frame}, {"why", error.message()}});
            }
        }
        json["unreadable"] = problems;
    }
    if (options.json) {
        std::printf("%s\n", json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
        std::printf("%s\n  %s\n  frames %d-%d at %s fps%s, %d x %d\n",
                    one_line(options.media_a.string()).c_str(), one_line(info.detail).c_str(),
                    info.range.first, info.range.end - 1, to_string(info.rate).c_str(),
                    info.rate_is_declared ? "" : " (not declared: the default)", info.width, info.height);
        if (info.start_timecode) std::printf("  timecode %s\n", to_string(*info.start_timecode).c_str());
        if (!info.reel.empty()) std::printf("  reel %s\n", one_line(info.reel).c_str());
        if (options.decode) {
            for (const nlohmann::json& problem : json["unreadable"]) {
                std::printf("  frame %d: %s\n", problem["frame"].get<int>(),
                            one_line(problem["why"].get<std::string>()).c_str());
            }
            std::printf("  %d of %d frames decode\n", info.range.size() - bad, info.range.size());
        }
    }
    if (bad > 0) {
        throw Error(ErrorKind::Input, std::to_string(bad) + " frames do not decode",
                    {.file = options.media_a.string(), .shot = {}, .frame = {}});
    }
    return 0;
}

}  // namespace wetgate::cmd
