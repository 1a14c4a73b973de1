#include "core/error.h"

namespace wetgate {
namespace {

std::string full_text(const std::string& message, const ErrorContext& context) {
    std::string where;
    const auto add = [&where](const std::string& part) { where += (where.empty() ? "" : ", ") + part; };
    if (!context.shot.empty()) add("shot " + context.shot);
    if (context.frame) add("frame " + std::to_string(*context.frame));
    if (!context.file.empty()) add(context.file);
    return where.empty() ? message : where + ": " + message;
}

struct KindRow {
    ErrorKind kind;
    int code;
    std::string_view name;
    bool retryable;
};

// Never 33 (OpenCue asks for more memory on it), never 128 and above (those are the shell's for signals).
constexpr KindRow kinds[] = {
    {ErrorKind::Internal, 1, "internal", false},
    {ErrorKind::Usage, 2, "usage", false},
    {ErrorKind::Input, 10, "input", false},
    {ErrorKind::Output, 11, "output", false},
    {ErrorKind::Model, 12, "model", false},
    {ErrorKind::NoDevice, 13, "device", true},
    {ErrorKind::OutOfMemory, 14, "memory", true},
    {ErrorKind::Gate, 15, "gate", false},
    {ErrorKind::SomeFramesFailed, 20, "frames", false},
    {ErrorKind::Temporary, 75, "temporary", true},
    {ErrorKind::Cancelled, 75, "cancelled", true},
};

const KindRow& row(ErrorKind kind) {
    for (const KindRow& candidate : kinds) {
        if (candidate.kind == kind) return candidate;
    }
    return kinds[0];
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& message, ErrorContext context)
    : std::runtime_error(full_text(message, context)),
      kind_(kind),
      message_(message),
      context_(std::move(context)) {}

Error Error::within(const ErrorContext& outer) const {
    ErrorContext merged = context_;
    if (merged.file.empty()) merged.file = outer.file;
    if (merged.shot.empty()) merged.shot = outer.shot;
    if (!merged.frame) merged.frame = outer.frame;
    return Error(kind_, message_, std::move(merged));
}

int exit_code(ErrorKind kind) {
    return row(kind).code;
}
std::string_view kind_name(ErrorKind kind) {
    return row(kind).name;
}
bool is_retryable(ErrorKind kind) {
    return row(kind).retryable;
}

}  // namespace wetgate
