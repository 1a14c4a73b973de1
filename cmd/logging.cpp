#include "cmd/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace wetgate::cmd {
namespace {

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean) {
        const auto code = static_cast<unsigned char>(c);
        if ((code < 0x20 && c != '\n') || code == 0x7F) c = '?';
    }
    return clean;
}

// Further lines of a message stand in: at column 0 a farm would read its own words (openjd_env: ...), which
// may come from a file's name or text.
std::string indented(const std::string& text) {
    std::string lines;
    for (const char c : text) {
        lines += c;
        if (c == '\n') lines += "  ";
    }
    return lines;
}

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

Log make_log(const Options& options) {
    auto console =
        std::make_shared<spdlog::logger>("wetgate", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    console->set_pattern("%H:%M:%S %l: %v");
    console->set_level(options.verbosity > 0   ? spdlog::level::debug
                       : options.verbosity < 0 ? spdlog::level::err
                                               : spdlog::level::info);
    std::shared_ptr<spdlog::logger> file;
    if (options.log_json) {
        file = std::make_shared<spdlog::logger>(
            "json", std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_json->string()));
        file->set_pattern("%v");
        file->set_level(spdlog::level::debug);
        file->flush_on(spdlog::level::debug);
    }
    return [console, file](LogLevel level, std::string_view message) {
        const std::string text = printable(message);
        console->log(level_of(level), indented(text));
        if (!file) return;
        const nlohmann::json line = {{"level", spdlog::level::to_string_view(level_of(level)).data()},
                                     {"message", text}};
        file->info(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    };
}

}  // namespace wetgate::cmd
