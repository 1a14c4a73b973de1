#include <doctest/doctest.h>

#include <random>

#include "core/error.h"
#include "spec/job_text.h"

namespace wetgate::spec {
namespace {

/// True when the text is a job or an Error of the right kind: anything else fails the test.
bool is_job(const std::string& text) {
    try {
        parse_job(text, "/show/jobs/fuzz.json");
        return true;
    } catch (const Error& error) {
        REQUIRE(error.kind() == ErrorKind::Usage);
        REQUIRE(std::string(error.what()).size() > 10);
        return false;
    }
}

TEST_CASE("a job with random bytes changed is a job or a usage error") {
    std::mt19937 random(1729);
    const std::string good = tests::good_job().dump(1);
    constexpr std::string_view letters = "{}[]\",:0123456789-+.eE\\u/#%$@ntf \x01\x80\xff";
    int jobs = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text = good;
        for (auto changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[at] = letters[random() % letters.size()];
                    break;
                case 1:
                    text.erase(at, 1 + random() % 8);
                    break;
                case 2:
                    text.insert(at, 1 + random() % 3, letters[random() % letters.size()]);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 40));
                    break;
            }
        }
        jobs += is_job(text) ? 1 : 0;
    }
    CHECK(jobs > 100);  // else nothing behind the JSON reader was reached
}

/// A member anywhere inside `value`.
nlohmann::json& anywhere(nlohmann::json& value, std::mt19937& random) {
    nlohmann::json* at = &value;
    while (at->is_structured() && !at->empty() && random() % 6 != 0) {
        auto next = at->begin();
        std::advance(next, static_cast<std::ptrdiff_t>(random() % at->size()));
        at = &*next;
    }
    return *at;
}

TEST_CASE("a job with values of other kinds is a job or a usage error") {
    std::mt19937 random(271828);
    const auto strange = nlohmann::json::parse(
        R"([null, true, 0, -1, 1e300, 9223372036854775807, -9223372036854775808, 2147483648, "", "####", "a.####.exr", "1-10:2", "-",
            "..", "/", "\u0001", "\ud83d\ude00", "99999999999", [], {}, [[]], {"": {}}, ["a", 1], {"pass": "sanitize"}, {"path": 1}])");
    int jobs = 0;
    for (int round = 0; round < 5000; ++round) {
        nlohmann::json job = tests::good_job();
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            nlohmann::json& place = anywhere(job, random);
            switch (random() % 4) {
                case 0:
                    place = strange[random() % strange.size()];
                    break;
                case 1:
                    place = nlohmann::json(anywhere(job, random));
                    break;
                case 2:
                    if (place.is_object() && !place.empty()) place.erase(place.begin());
                    break;
                default:
                    if (place.is_array()) place.push_back(strange[random() % strange.size()]);
                    if (place.is_object()) place["key"] = strange[random() % strange.size()];
                    break;
            }
        }
        jobs += is_job(job.dump()) ? 1 : 0;
    }
    CHECK(jobs > 100);
}

}  // namespace
}  // namespace wetgate::spec
