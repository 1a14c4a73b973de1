#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "pipeline/progress.h"

namespace wetgate::cmd {

/// Prints progress on stdout in the dialect of whoever reads it, and a heartbeat at least every 60 s.
///   bar       one line rewritten, for a terminal           deadline  "Progress: 45%"
///   openjd    "openjd_progress: 45.0" at column 0           alf       "ALF_PROGRESS 45%"
///   json      one object a line                             none      nothing
///   auto      bar on a terminal, deadline elsewhere
class ProgressPrinter {
public:
    explicit ProgressPrinter(const std::string& dialect);
    ~ProgressPrinter();
    ProgressPrinter(const ProgressPrinter&) = delete;
    ProgressPrinter& operator=(const ProgressPrinter&) = delete;

    void tell(const pipeline::Progress& progress);
    pipeline::ProgressSink sink() {
        return [this](const pipeline::Progress& progress) { tell(progress); };
    }
    /// Ends the bar's line, so that results start on one of their own.
    void finish();

private:
    void print(bool heartbeat);
    void beat(const std::stop_token& stop);

    const std::string dialect_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    pipeline::Progress last_;
    int printed_percent_ = -1;
    std::string printed_stage_;
    bool bar_open_ = false;
    bool spoke_ = false;  // since the last heartbeat
    std::jthread heart_;
};

}  // namespace wetgate::cmd
