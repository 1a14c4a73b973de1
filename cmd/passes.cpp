#include <cstdio>

#include "cmd/verbs.h"
#include "spec/help.h"

namespace wetgate::cmd {

int passes(const Options& options) {
    std::fputs((options.pass.empty() ? spec::passes_list() : spec::pass_help(options.pass)).c_str(), stdout);
    return 0;
}

}  // namespace wetgate::cmd
