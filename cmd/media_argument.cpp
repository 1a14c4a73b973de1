#include "cmd/media_argument.h"

#include <algorithm>
#include <limits>

#include "cmd/job_setup.h"
#include "core/error.h"
#include "isolate/isolated_source.h"
#include "spec/frame_text.h"
#include "spec/path_pattern.h"

namespace wetgate::cmd {
namespace {

FrameRange found_frames(const spec::PathPattern& pattern) {
    FrameSet frames;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(pattern.folder(), problem)) {
        if (const auto frame = pattern.frame_of(entry.path().filename().string())) frames.push_back(*frame);
    }
    if (frames.empty()) {
        throw Error(ErrorKind::Input, "no file matches this sequence",
                    {.file = pattern.text(), .shot = {}, .frame = {}});
    }
    return hull(frames);
}

}  // namespace

std::unique_ptr<media::FrameSource> open_argument(const std::filesystem::path& name, const std::string& range,
                                                  const Options& options, const Log& log) {
    std::error_code ignored;
    spec::PathPattern pattern =
        spec::PathPattern::parse(name.string()).resolved(std::filesystem::current_path());
    const bool plain_file = std::filesystem::exists(name, ignored);  // a name with a # in it may be just that
    media::SourceRequest request;
    request.display_name = name.string();
    request.threads = io_threads_of(options);
    request.is_sequence = pattern.is_sequence() && !plain_file;
    if (request.is_sequence) {
        request.path_of = [pattern](int frame) { return pattern.path(frame); };
        request.range = range.empty() ? found_frames(pattern) : spec::parse_frame_range(range);
    } else {
        request.path_of = [name](int) { return name; };
        if (!range.empty()) request.range = spec::parse_frame_range(range);
    }
    return isolate::open_source(request, log, decoders_of(options));
}

}  // namespace wetgate::cmd
