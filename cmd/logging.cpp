#include "cmd/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/escape.h"

namespace wetgate::cmd {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return spdlog::level::debug;
        case LogLevel::Info:
            return spdlog::level::info;
        case LogLevel::Warning:
            return spdlog::level::warn;
        case LogLevel::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

Log make_console_log(const Options& options) {
    auto console =
        std::make_shared<spdlog::logger>("wetgate", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    console->set_pattern("%H:%M:%S %l: %v");
    console->set_level(options.verbosity > 0   ? spdlog::level::debug
                       : options.verbosity < 0 ? spdlog::level::err
                                               : spdlog::level::info);
    return [console](LogLevel level, std::string_view message) {
        // A message may hold names that others chose: it must not pass for another line, or command a
        // terminal.
        console->log(level_of(level), printable_lines(message));
    };
}

Log make_log(const Options& options) {
    Log console = make_console_log(options);
    if (!options.log_json) return console;
    std::shared_ptr<spdlog::logger> file;
    try {
        file = std::make_shared<spdlog::logger>(
            "json", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_json->string()));
    } catch (const spdlog::spdlog_ex& error) {
        throw Error(ErrorKind::Output, std::string("cannot open the log file: ") + error.what(),
                    {.file = options.log_json->string(), .shot = {}, .frame = {}});
    }
    file->set_pattern("%v");
    file->set_level(spdlog::level::debug);
    file->flush_on(spdlog::level::debug);
    return [console, file](LogLevel level, std::string_view message) {
        console(level, message);
        const nlohmann::json line = {{"level", spdlog::level::to_string_view(level_of(level)).data()},
                                     {"message", printable_lines(message)}};
        file->info(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    };
}

}  // namespace wetgate::cmd
