#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/params.h"
#include "spec/problem.h"

namespace wetgate::spec {

/// The schemas of the passes, each parsed on first use and kept as long as this object. For one thread at a
/// time.
class PassSchemas {
public:
    /// Every pass that has a schema: by "x-wetgate".order where a schema has one, then by name.
    std::vector<std::string> names();
    bool has(const std::string& name) const;
    /// Error{Usage} with the nearest name for an unknown one.
    const nlohmann::json& schema(const std::string& name);
    /// The keys that every pass understands (passes/common.schema.json).
    const nlohmann::json& common();

    /// The schema of a whole pass object: the pass's own properties and, where it has none of that name, the
    /// common ones.
    const nlohmann::json& whole(const std::string& name);

    /// The pass's own parameters out of `given`, with defaults; problems are appended (then the values may
    /// not fit).
    nlohmann::json values(const std::string& name, const nlohmann::json& given, const std::string& pointer,
                          std::vector<Problem>& problems);

private:
    const nlohmann::json& parsed(const std::string& key);

    std::map<std::string, nlohmann::json> parsed_;
    std::map<std::string, nlohmann::json> whole_;
};

/// "there is no pass called ...", with the nearest name.
Problem unknown_pass(PassSchemas& schemas, const std::string& name, const std::string& pointer);

}  // namespace wetgate::spec
