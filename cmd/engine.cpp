#include "cmd/engine.h"

#include "cmd/verbs.h"
#include "core/atomic_file.h"
#include "core/error.h"

namespace wetgate::cmd {

int run_engine(const Options& options, const Services& services) {
    services.last_resort = &unlink_live_temps;
    if (options.verb == "run") return run(options, services);
    if (options.verb == "plan") return plan(options, services);
    if (options.verb == "validate") return validate(options, services);
    if (options.verb == "merge") return merge(options, services);
    if (options.verb == "submit") return submit(options, services);
    if (options.verb == "probe") return probe(options, services);
    if (options.verb == "compare") return compare(options, services);
    if (options.verb == "qc") return qc(options, services);
    if (options.verb == "conform") return conform(options, services);
    if (options.verb == "models") return models(options);
    if (options.verb == "train") return train(options, services);
    throw Error(ErrorKind::Internal, "the engine has no verb '" + options.verb + "'");
}

}  // namespace wetgate::cmd

extern "C" __attribute__((visibility("default"))) int wetgate_engine_entry(
    const wetgate::cmd::Options& options, const wetgate::cmd::Services& services) {
    return wetgate::cmd::run_engine(options, services);
}
