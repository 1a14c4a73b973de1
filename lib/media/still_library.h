#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "media/source.h"
#include "media/still_format.h"

// Note [OpenImageIO is handed down]
// It takes 0.2 s to load, with what it needs. So what opens media does not name it: it is given the function
// that decodes TIFF, PNG and JPEG. open_source() gives it read_with_oiio(); the decoder process one that
// loads the library with the first picture that needs it, which most jobs do not have.
namespace wetgate::media {

/// Decodes a file that check_*() found whole; see read_with_oiio().
using StillLibrary = std::function<HostFrame(ByteSpan file, StillFormat format, const StillShape& shape,
                                             const std::string& name, const Limits& limits)>;

/// open_source() with another library.
std::unique_ptr<FrameSource> open_source_with(const SourceRequest& request, const Log& log,
                                              const StillLibrary& library);

std::unique_ptr<FrameSource> open_still_source(const SourceRequest& request, const Log& log,
                                               const StillLibrary& library);

/// read_still() with another library.
HostFrame read_still_with(const std::filesystem::path& file, int frame, const Limits& limits,
                          const StillLibrary& library);

}  // namespace wetgate::media
