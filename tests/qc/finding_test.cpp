#include "qc/finding.h"

#include <doctest/doctest.h>

namespace wetgate::qc {
namespace {

using nlohmann::json;

json finding_of(const char* check, int frame, double value, const char* lasts = "") {
    Finding finding;
    finding.check = check;
    finding.first_frame = frame;
    finding.end_frame = frame + 1;
    finding.timecode_in = "01:00:00:0" + std::to_string(frame);
    finding.timecode_out = "01:00:00:0" + std::to_string(frame + 1);
    finding.value = value;
    finding.message = "by " + std::to_string(static_cast<int>(value));
    json made = to_json(finding);
    if (*lasts != '\0') made["lasts"] = lasts;
    return made;
}

TEST_CASE("what lasts is one finding for each run of frames, with the most that it came to") {
    const json all = joined({finding_of("enlarged", 1, 2, "wide"), finding_of("enlarged", 1, 3, "tall"),
                             finding_of("enlarged", 2, 5, "wide"), finding_of("too_large", 3, 9, "wide"),
                             finding_of("enlarged", 3, 4, "wide"), finding_of("enlarged", 5, 1, "wide")});
    REQUIRE(all.size() == 4);
    CHECK(all[0].at("first_frame") == 1);
    CHECK(all[0].at("end_frame") == 4);
    CHECK(all[0].at("timecode_in") == "01:00:00:01");
    CHECK(all[0].at("timecode_out") == "01:00:00:04");
    CHECK(all[0].at("value") == 5);
    CHECK(all[0].at("message") == "by 5");
    CHECK(all[1].at("end_frame") == 2);
    CHECK(all[2].at("check") == "too_large");
    CHECK(all[3].at("first_frame") == 5);
    for (const json& one : all) CHECK(!one.contains("lasts"));
}

TEST_CASE("what happens on one frame twice, and lasts, is one; faults of single frames stay apart") {
    CHECK(joined({finding_of("subject_left_out", 1, 1, "a"), finding_of("subject_left_out", 1, 1, "a")})
              .size() == 1);
    const json apart = {finding_of("non_finite", 1, 1), finding_of("non_finite", 2, 1)};
    CHECK(joined(apart) == apart);
    CHECK(joined(json::array()) == json::array());
}

}  // namespace
}  // namespace wetgate::qc
