#pragma once
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace wetgate {

/// What went wrong, as the exit code sees it (see exit_code()).
enum class ErrorKind {
    Internal,          ///< a fault of wetgate itself
    Usage,             ///< command line or job invalid
    Input,             ///< a source is missing, damaged or of a kind that is not read
    Output,            ///< an output cannot be written (full, read-only, refused)
    Model,             ///< a model is missing, altered or out of its card's scope
    NoDevice,          ///< the compute device asked for is not there
    OutOfMemory,       ///< host or device memory
    Gate,              ///< a QC gate closed
    SomeFramesFailed,  ///< some frames failed, the others are done
    Temporary,         ///< a retry may help (network file systems)
    Cancelled          ///< a signal or another thread's error asked to stop
};

/// Where it happened. Empty fields are not known at that depth; outer layers fill them in.
struct ErrorContext {
    std::string file;
    std::string shot;
    std::optional<int> frame;
};

/// The one exception that crosses module borders. what() says what, where, why and what to do.
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message, ErrorContext context = {});

    ErrorKind kind() const { return kind_; }
    /// The message alone, without the context that what() prepends.
    const std::string& message() const { return message_; }
    const ErrorContext& context() const { return context_; }

    /// A copy whose empty context fields are taken from `outer`.
    Error within(const ErrorContext& outer) const;

private:
    ErrorKind kind_;
    std::string message_;
    ErrorContext context_;
};

/// The process exit code of an error (README, "Exit codes").
int exit_code(ErrorKind kind);
/// The word after `class=` in the last line of a failure.
std::string_view kind_name(ErrorKind kind);
/// Whether a scheduler should try the same command again.
bool is_retryable(ErrorKind kind);

}  // namespace wetgate
