#pragma once
#include <span>
#include <string>

#include "core/error.h"

namespace wetgate::farm {

/// How a command ended.
struct CommandResult {
    int code = 0;        ///< exit status; 128 + the signal that ended it
    std::string output;  ///< stdout and stderr together, at most 1 MiB
};

/// Runs a program of $PATH with these arguments, without a shell and without standard input, and waits for
/// it. Error{Usage} when there is no such program.
CommandResult run_command(std::span<const std::string> argv);

/// What a scheduler's refusal is: Temporary where its command says that it did not reach the scheduler, else
/// Usage, since asking again for what a farm does not have changes nothing.
ErrorKind kind_of_refusal(const CommandResult& result);

}  // namespace wetgate::farm
