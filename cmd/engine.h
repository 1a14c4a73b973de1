#pragma once
#include <atomic>
#include <stop_token>

#include "cmd/options.h"
#include "core/log.h"

namespace wetgate::cmd {

// Note [The engine is loaded late]
// LibTorch and OpenImageIO cost 0.6 s of start-up. So the binary holds what is quick (the command line, the
// job's text, pass help) and loads libwetgate_engine.so, which lies beside it and holds the rest, only for
// verbs that touch media.

/// What the engine gets from main.
struct Services {
    Log log;
    std::stop_token stop;  ///< a signal asked to end
    /// Set by the engine: removes its open temporary files, for a main that cannot wait for it any longer.
    std::atomic<void (*)()>& last_resort;
};

/// Runs options.verb. Returns the exit code; throws Error.
int run_engine(const Options& options, const Services& services);

/// The one symbol that main looks up in the engine library.
using EngineEntry = int (*)(const Options&, const Services&);
inline constexpr const char* engine_symbol = "wetgate_engine_entry";

}  // namespace wetgate::cmd
