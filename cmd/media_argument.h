#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "cmd/options.h"
#include "core/log.h"
#include "media/source.h"

namespace wetgate::cmd {

/// Opens what a person names on the command line: a file, a movie, or a sequence pattern. The frames of a
/// sequence are `range` (as text), else those found in its folder. Threads and isolation are what `options`
/// say. Error{Usage}, Error{Input}.
std::unique_ptr<media::FrameSource> open_argument(const std::filesystem::path& name, const std::string& range,
                                                  const Options& options, const Log& log);

}  // namespace wetgate::cmd
