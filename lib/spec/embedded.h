#pragma once
#include <map>
#include <string>

namespace wetgate::spec {

/// Text of every file in schemas/, by its path there ("job.schema.json", "passes/grade.schema.json").
const std::map<std::string, std::string>& embedded_schemas();

}  // namespace wetgate::spec
