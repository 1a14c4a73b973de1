#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "media/exr.h"
#include "support/save.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace fs = std::filesystem;
using wetgate::HostFrame;
using wetgate::media::encode_exr;
using wetgate::media::RawAttribute;
using wetgate::media::RawExrHeader;
using wetgate::media::read_exr;
using wetgate::media::scan_exr_header;
using wetgate::tests::save;

namespace {

bool same_samples(const HostFrame& a, const HostFrame& b) {
    if (a.parts.size() != b.parts.size()) return false;
    for (std::size_t p = 0; p < a.parts.size(); ++p) {
        if (a.parts[p].window != b.parts[p].window || a.parts[p].planes.size() != b.parts[p].planes.size())
            return false;
        for (std::size_t i = 0; i < a.parts[p].planes.size(); ++i) {
            const wetgate::Plane& left = a.parts[p].planes[i];
            const wetgate::Plane& right = b.parts[p].planes[i];
            if (left.name != right.name || left.type != right.type || left.data->size() != right.data->size())
                return false;
            if (std::memcmp(left.data->data(), right.data->data(), left.data->size()) != 0) return false;
        }
    }
    return true;
}

// The names of attributes that differ, part by part; the number of parts or flags counts as "file".
std::vector<std::string> differences(const RawExrHeader& a, const RawExrHeader& b) {
    if (a.version_and_flags != b.version_and_flags || a.parts.size() != b.parts.size()) return {"file"};
    std::vector<std::string> names;
    for (std::size_t p = 0; p < a.parts.size(); ++p) {
        if (a.parts[p].size() != b.parts[p].size()) return {"count"};
        for (std::size_t i = 0; i < a.parts[p].size(); ++i) {
            const RawAttribute& left = a.parts[p][i];
            const RawAttribute& right = b.parts[p][i];
            if (left.name != right.name || left.type != right.type || left.value != right.value)
                names.push_back(left.name);
        }
    }
    return names;
}

}  // namespace

TEST_CASE("a real file comes through reading and writing with the same samples and the same header") {
    const auto folder = wetgate::tests::shared("footage/exr");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/exr here");
        return;
    }
    const wetgate::tests::TempFolder temp;
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(*folder)) {
        if (entry.path().extension() != ".exr") continue;
        CAPTURE(entry.path());
        ++files;
        const HostFrame frame = read_exr(entry.path(), 1, {});
        save(temp / "again.exr", encode_exr(frame, {}));
        CHECK(same_samples(frame, read_exr(temp / "again.exr", 1, {})));
        const auto changed =
            differences(scan_exr_header(entry.path(), {}), scan_exr_header(temp / "again.exr", {}));
        if (entry.path().filename() == "Adjuster.exr") {  // B44A would lose again
            CHECK(changed == std::vector<std::string>{"compression"});
        } else {
            CHECK(changed == std::vector<std::string>{});
        }
    }
    CHECK(files >= 40);
}
