#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace wetgate::qc {

/// junit.xml, for continuous integration: a testsuite a shot, a testcase a check that ran on it (the gates,
/// and every check that found something, where `result` does not say which ran). Blocker and Issue findings
/// that are not accepted are one failure that lists them all, as readers keep the first failure only;
/// accepted ones and FYI go to system-out. Well-formed XML 1.0 for any text. No times: the report has none.
std::string to_junit(const nlohmann::json& result);

}  // namespace wetgate::qc
