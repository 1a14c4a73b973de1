#pragma once
#include <functional>
#include <string>

namespace wetgate::pipeline {

/// How far a command is. Emitted from worker threads, one at a time; `overall` never goes back.
struct Progress {
    std::string shot;
    std::string stage;  ///< "measure deflicker", "apply", "merge"
    int done = 0;
    int total = 0;
    int skipped = 0;     ///< of done: frames that were already there
    double overall = 0;  ///< 0..1 over everything that the command has to do
};
using ProgressSink = std::function<void(const Progress&)>;

}  // namespace wetgate::pipeline
