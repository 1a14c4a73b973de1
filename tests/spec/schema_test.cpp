#include "spec/schema.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "spec/embedded.h"
#include "spec/job_text.h"
#include "spec/pass_schemas.h"
#include "spec/rules.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;
using tests::good_job;
using tests::with;
using tests::without;

json job_schema() {
    return json::parse(embedded_schemas().at("job.schema.json"));
}

bool rules_accept(const json& schema, const json& value) {
    std::vector<Problem> problems;
    Rules(schema).check(schema, value, "", problems);
    return problems.empty();
}

TEST_CASE("our rules and valijson agree on good and bad jobs") {
    const json schema = job_schema();
    const Schema second(schema);
    const std::vector<std::pair<json, bool>> table = {
        {good_job(), true},
        {with("/shots/0/source/rate", 23.976), true},
        {with("/shots/0/range", 1010), true},
        {with("/shots/0/source/part", 2), true},
        {with("/shots/0/passes/0/anything", 1), true},  // the pass's own schema decides
        {with("/$schema", "job.schema.json"), true},
        {without("/qc"), true},
        {json::object(), false},
        {json::array(), false},
        {json(nullptr), false},
        {with("/schema", "wetgate.job/2"), false},
        {with("/other", 1), false},
        {with("/name", ""), false},
        {with("/name", std::string(129, 'n')), false},
        {without("/name"), false},
        {without("/shots"), false},
        {with("/shots", json::object()), false},
        {with("/shots", json::array()), false},
        {with("/shots/0", "x"), false},
        {with("/shots/0/outputs", json::array()), false},
        {with("/shots/0/passes", json(std::vector<json>(65, json{{"pass", "sanitize"}}))), false},
        {with("/shots/0/passes/0/pass", 1), false},
        {without("/shots/0/passes/0/pass"), false},
        {without("/shots/0/source/colorspace"), false},
        {with("/shots/0/source/rate", 0), false},
        {with("/shots/0/source/rate", 1001), false},
        {with("/shots/0/source/rate", true), false},
        {with("/shots/0/source/first_frame", 1.5), false},
        {with("/shots/0/source/first_frame", 100000001), false},
        {with("/shots/0/mattes/boom/path", 1), false},
        {with("/shots/0/mattes/boom/extra", 1), false},
        {with("/shots/0/mattes/sky", json::object()), false},
        {with("/shots/0/outputs/0/type", "avi"), false},
        {with("/shots/0/outputs/0/bits", 9), false},
        {with("/shots/0/outputs/0/alpha", 1), false},
        {with("/compute/threads", 257), false},
        {with("/compute/threads", "1"), false},
        {with("/compute/seed", -1), false},
        {with("/qc/accept", json::array({1})), false},
        {with("/qc/gate", nullptr), false},
    };
    for (const auto& [tried, good] : table) {
        const json& job = tried;
        CAPTURE(job.dump());
        CHECK(rules_accept(schema, job) == good);
        CHECK(second.accepts(job) == good);
        CHECK(second.problems(job).empty() == good);
    }
}

TEST_CASE("our rules and valijson agree on the common keys of every pass") {
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) {
        CAPTURE(name);
        const json whole = schemas.whole(name);
        const Schema second(whole);
        const json given = {{"pass", name}, {"enabled", false}, {"note", "n"}};
        CHECK(rules_accept(whole, given) == second.accepts(given));
        for (const json& bad :
             {json{{"enabled", 1}}, json{{"surely_no_key", 1}}, json{{"frames", true}}, json{{"note", 1}}}) {
            json value = given;
            value.update(bad);
            CAPTURE(value.dump());
            CHECK_FALSE(rules_accept(whole, value));
            CHECK_FALSE(second.accepts(value));
        }
    }
}

TEST_CASE("valijson's findings carry JSON pointers") {
    const Schema schema(job_schema());
    const auto found = schema.problems(with("/shots/0/outputs/1/type", "avi"));
    REQUIRE_FALSE(found.empty());
    bool deepest = false;
    for (const Problem& problem : found) deepest = deepest || problem.pointer == "/shots/0/outputs/1/type";
    CHECK(deepest);
}

TEST_CASE("valijson's findings are added only where ours are silent") {
    std::vector<Problem> problems = {{"/a/b", "ours", ""}};
    add_unreported(
        problems, {{"", "v", ""}, {"/a", "v", ""}, {"/a/b", "v", ""}, {"/a/b/c", "v", ""}, {"/ab", "v", ""}});
    REQUIRE(problems.size() == 2);
    CHECK(problems[1].pointer == "/ab");
}

TEST_CASE("a name of a megabyte does not end the process") {
    const Schema schema(job_schema());
    CHECK_FALSE(schema.accepts(with("/name", std::string(1 << 20, 'a'))));
}

TEST_CASE("every example value and default of the schemas is described") {
    const auto described = [](const auto& self, const json& schema, const std::string& at) -> void {
        if (!schema.is_object() || !schema.contains("properties")) return;
        for (const auto& [name, rule] : schema["properties"].items()) {
            const std::string key = name;
            CAPTURE(at + "/" + key);
            CHECK((rule.contains("description") || rule.contains("$ref")));
            self(self, rule, at + "/" + key);
        }
    };
    const json schema = job_schema();
    described(described, schema, "");
    for (const auto& [name, rule] : schema["definitions"].items()) described(described, rule, name);
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) described(described, schemas.schema(name), name);
}

}  // namespace
}  // namespace wetgate::spec
