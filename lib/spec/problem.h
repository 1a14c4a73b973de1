#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace wetgate::spec {

/// One thing that is wrong with a job: where (a JSON pointer, RFC 6901), what, and the word that was probably
/// meant.
struct Problem {
    std::string pointer;
    std::string message;
    std::string suggestion;
    std::size_t line = 0;  ///< in the job file, counted from 1; 0 where it is not known
};

/// `/shots/0/passes/1/strenght: unknown key; did you mean "strength"? (line 12)`
std::string to_string(const Problem& problem);

/// Everything that is wrong, at once. what() has one line a problem.
class JobProblems : public Error {
public:
    explicit JobProblems(std::vector<Problem> problems, ErrorContext context = {});
    const std::vector<Problem>& problems() const { return problems_; }

private:
    std::vector<Problem> problems_;
};

/// `pointer` with `/key` behind it, `~` and `/` escaped.
std::string join_pointer(std::string_view pointer, std::string_view key);
std::string join_pointer(std::string_view pointer, std::size_t index);

}  // namespace wetgate::spec
