#pragma once
#include "cmd/options.h"
#include "core/log.h"

namespace wetgate::cmd {

/// Logs to stderr. Control characters are stripped: what is logged may come from a damaged file.
Log make_console_log(const Options& options);

/// The same, and with --log-json to a file, one JSON object a line. Error{Output} when it cannot be opened; a
/// line that cannot be written is lost, and stderr says so.
Log make_log(const Options& options);

}  // namespace wetgate::cmd
