#pragma once
#include <optional>

#include "cmd/options.h"

namespace wetgate::cmd {

/// Parses argv. nullopt when CLI11 has answered itself (--help, --version: `code` 0; usage: `code` 2).
std::optional<Options> parse_command_line(int argc, char** argv, int& code);

}  // namespace wetgate::cmd
