#pragma once
#include "cmd/options.h"
#include "core/log.h"

namespace wetgate::cmd {

/// Logs to stderr, and with --log-json to a file, one JSON object a line. Control characters are stripped:
/// what is logged may come from a damaged file.
Log make_log(const Options& options);

}  // namespace wetgate::cmd
