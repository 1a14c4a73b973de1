#pragma once
#include <string>
#include <string_view>

#include "core/error.h"

namespace wetgate {

/// What a failed system call on a file that is read means to the job. Temporary: a fault of a network file
/// system, or the machine has no file descriptor left; OutOfMemory; else Input: it is the file's own.
ErrorKind read_error_kind(int error_number);

/// The same of a file that is written: Temporary, OutOfMemory, else Output (full, read-only, refused).
ErrorKind write_error_kind(int error_number);

/// What went wrong in words and, where there is something to be done about it, what: "No space left on
/// device; free space and run the same command again".
std::string describe_error(int error_number);

/// The Error of a failed call: "cannot STEP the file: why; what to do".
Error read_error(std::string_view step, int error_number, ErrorContext context = {});
Error write_error(std::string_view step, int error_number, ErrorContext context = {});

}  // namespace wetgate
