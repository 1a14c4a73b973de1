#include "cmd/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/escape.h"

namespace wetgate::cmd {
namespace {

constexpr std::chrono::seconds heartbeat_period{45};

std::string resolved(const std::string& dialect) {
    if (dialect != "auto") return dialect;
    return isatty(STDOUT_FILENO) != 0 ? "bar" : "deadline";
}

}  // namespace

ProgressPrinter::ProgressPrinter(const std::string& dialect) : dialect_(resolved(dialect)) {
    if (dialect_ != "none") heart_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
}

ProgressPrinter::~ProgressPrinter() {
    finish();
}

void ProgressPrinter::tell(const pipeline::Progress& progress) {
    const std::lock_guard lock(mutex_);
    last_ = progress;
    last_.shot = one_line(last_.shot);  // of a file, where `qc` looks at one
    print(/*heartbeat=*/false);
}

void ProgressPrinter::beat(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, heartbeat_period, [&stop] { return stop.stop_requested(); })) {
        if (stop.stop_requested()) return;
        if (!spoke_) print(/*heartbeat=*/true);
        spoke_ = false;
    }
}

void ProgressPrinter::print(bool heartbeat) {
    const int percent = static_cast<int>(last_.overall * 100.0);
    const bool news =
        percent != printed_percent_ || last_.stage != printed_stage_ || last_.done == last_.total;
    if (!news && !heartbeat) return;
    if (dialect_ == "bar") {
        constexpr int width = 30;
        std::string bar(static_cast<std::size_t>(percent * width / 100), '#');
        bar.resize(width, '.');
        std::printf("\r[%s] %3d%%  %s %s %d/%d\033[K", bar.c_str(), percent, last_.shot.c_str(),
                    last_.stage.c_str(), last_.done, last_.total);
        bar_open_ = true;
    } else if (dialect_ == "deadline") {
        if (percent != printed_percent_ || heartbeat) std::printf("Progress: %d%%\n", percent);
    } else if (dialect_ == "openjd") {
        std::printf("openjd_progress: %.1f\n", last_.overall * 100.0);
        if (last_.stage != printed_stage_)
            std::printf("openjd_status: %s %s\n", last_.shot.c_str(), last_.stage.c_str());
    } else if (dialect_ == "alf") {
        if (percent != printed_percent_ || heartbeat) std::printf("ALF_PROGRESS %d%%\n", percent);
    } else if (dialect_ == "json") {
        const nlohmann::json line = {{"shot", last_.shot},       {"stage", last_.stage},
                                     {"done", last_.done},       {"total", last_.total},
                                     {"skipped", last_.skipped}, {"percent", percent}};
        std::printf("%s\n", line.dump().c_str());
    }
    std::fflush(stdout);
    printed_percent_ = percent;
    printed_stage_ = last_.stage;
    spoke_ = true;
}

void ProgressPrinter::finish() {
    if (heart_.joinable()) {
        heart_.request_stop();
        heart_.join();
    }
    const std::lock_guard lock(mutex_);
    if (bar_open_) std::printf("\n");
    bar_open_ = false;
}

}  // namespace wetgate::cmd
