#include "media/source.h"

#include <string>

#include "core/error.h"
#include "media/exr.h"
#include "media/movie.h"
#include "media/still_library.h"

namespace wetgate::media {
namespace {

std::filesystem::path first_file_of(const SourceRequest& request) {
    if (!request.is_sequence) return request.path_of(request.range ? request.range->first : 0);
    if (!request.range || request.range->empty()) {
        throw Error(ErrorKind::Usage, "is a sequence without a frame range",
                    {.file = request.display_name, .shot = {}, .frame = {}});
    }
    for (int frame = request.range->first; frame < request.range->end; ++frame) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(request.path_of(frame), ignored)) return request.path_of(frame);
    }
    throw Error(ErrorKind::Input,
                "is missing: none of its " + std::to_string(request.range->size()) + " files exists",
                {.file = request.display_name, .shot = {}, .frame = request.range->first});
}

}  // namespace

std::unique_ptr<FrameSource> open_source_with(const SourceRequest& asked, const Log& log,
                                              const StillLibrary& library) {
    SourceRequest request = asked;
    const MediaKind kind = sniff(first_file_of(request));
    if (kind != MediaKind::Movie && !request.is_sequence && !request.range) {  // one picture is one frame
        const int frame = request.first_frame.value_or(0);
        request.range = FrameRange{frame, frame + 1};
    }
    switch (kind) {
        case MediaKind::Exr:
            return open_exr_source(request, log);
        case MediaKind::Still:
            return open_still_source(request, log, library);
        case MediaKind::Movie:
            return open_movie_source(request, log);
    }
    throw Error(ErrorKind::Internal, "unknown kind of source",
                {.file = request.display_name, .shot = {}, .frame = {}});
}

}  // namespace wetgate::media
