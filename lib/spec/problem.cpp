#include "spec/problem.h"

#include <utility>

namespace wetgate::spec {
namespace {

std::string joined(const std::vector<Problem>& problems) {
    std::string text;
    if (problems.size() > 1) text = std::to_string(problems.size()) + " problems:\n";
    for (std::size_t i = 0; i < problems.size(); ++i) text += (i == 0 ? "" : "\n") + to_string(problems[i]);
    return text;
}

}  // namespace

std::string to_string(const Problem& problem) {
    // The pointer of the whole document is the empty text, which nobody would recognise as a place.
    std::string text = (problem.pointer.empty() ? "(top)" : problem.pointer) + ": " + problem.message;
    if (!problem.suggestion.empty()) text += "; did you mean \"" + problem.suggestion + "\"?";
    if (problem.line != 0) text += " (line " + std::to_string(problem.line) + ")";
    return text;
}

JobProblems::JobProblems(std::vector<Problem> problems, ErrorContext context)
    : Error(ErrorKind::Usage, joined(problems), std::move(context)), problems_(std::move(problems)) {}

std::string join_pointer(std::string_view pointer, std::string_view key) {
    std::string text(pointer);
    text += '/';
    for (const char c : key) {
        if (c == '~') {
            text += "~0";
        } else if (c == '/') {
            text += "~1";
        } else {
            text += c;
        }
    }
    return text;
}

std::string join_pointer(std::string_view pointer, std::size_t index) {
    return std::string(pointer) + "/" + std::to_string(index);
}

}  // namespace wetgate::spec
