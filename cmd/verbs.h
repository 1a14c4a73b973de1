#pragma once
#include "cmd/engine.h"
#include "cmd/options.h"

namespace wetgate::cmd {

// One file a verb. Each returns the process's exit code or throws Error.
int run(const Options& options, const Services& services);
int plan(const Options& options, const Services& services);
int validate(const Options& options, const Services& services);
int merge(const Options& options, const Services& services);
int submit(const Options& options, const Services& services);
int probe(const Options& options, const Services& services);
int models(const Options& options);
int train(const Options& options, const Services& services);
int qc(const Options& options, const Services& services);
int compare(const Options& options, const Services& services);
int conform(const Options& options, const Services& services);
int passes(const Options& options);  // in the light binary: needs no engine

}  // namespace wetgate::cmd
