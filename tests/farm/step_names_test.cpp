#include "farm/step_names.h"

#include <doctest/doctest.h>

#include <set>

namespace wetgate::farm {
namespace {

std::vector<Step> steps_named(const std::vector<std::string>& names) {
    std::vector<Step> steps(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) steps[i].name = names[i];
    return steps;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

TEST_CASE("names that a farm can have stay as they are") {
    const std::vector<Step> steps = steps_named({"a.apply", "b.apply", "merge"});
    CHECK(step_names(steps, 64, lower) == std::vector<std::string>{"a.apply", "b.apply", "merge"});
}

TEST_CASE("names that a farm makes the same are told apart by the step's number") {
    const std::vector<Step> steps = steps_named({"A.apply", "a.apply", "a.apply.2", "merge"});
    const std::vector<std::string> names = step_names(steps, 64, lower);
    CHECK(names == std::vector<std::string>{"a.apply", "a.apply.2", "a.apply.2.3", "merge"});
}

TEST_CASE("names that are too long are cut, and stay different") {
    std::vector<std::string> long_names;
    for (int i = 0; i < 120; ++i) long_names.push_back(std::string(70, 'x') + std::to_string(i));
    const std::vector<std::string> names = step_names(steps_named(long_names), 64, lower);
    CHECK(std::set<std::string>(names.begin(), names.end()).size() == 120);
    for (const std::string& name : names) CHECK(name.size() <= 64);
    CHECK(names[4] == std::string(62, 'x') + ".5");
}

}  // namespace
}  // namespace wetgate::farm
