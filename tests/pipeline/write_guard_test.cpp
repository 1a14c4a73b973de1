#include "pipeline/write_guard.h"
// clang-format off: LibTorch's headers bring a CHECK of their own, so they come before doctest's
#include "support/small_shot.h"
// clang-format on
#include <doctest/doctest.h>

#include "pipeline/run_job.h"
#include "support/refusal.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;
using Roots = std::vector<fs::path>;

std::string guard(const tests::SmallShot& small, const Roots& roots = {}) {
    return tests::refusal(ErrorKind::Usage, [&] {
        refuse_overwriting(*small.job);
        refuse_outside(*small.job, roots);
    });
}

TEST_CASE("an output folder that is a link to the plates is refused, and the plates stay") {
    const tests::SmallShot small({1, 4}, 16, 12, "[]",
                                 R"([{"name": "o", "path": "out/p.####.exr", "type": "exr"}])");
    CHECK(guard(small).empty());
    fs::create_directory_symlink(small.folder / "plates", small.folder / "out");
    CHECK_THROWS_AS(run_job(*small.job, {}, {small.tools(), {}, {}}), Error);
    CHECK(guard(small).find("would write over the source of shot s") != std::string::npos);
}

TEST_CASE("one folder under two names does not get two outputs of one name") {
    const tests::SmallShot small({1, 4}, 16, 12, "[]",
                                 R"([{"name": "a", "path": "a/o.####.exr", "type": "exr"},
                                     {"name": "b", "path": "b/o.####.exr", "type": "exr"}])");
    fs::create_directory(small.folder / "a");
    CHECK(guard(small).empty());
    fs::create_directory_symlink("a", small.folder / "b");
    CHECK(guard(small).find("writes the same files as output a") != std::string::npos);
}

TEST_CASE("an output file that is a link to an input is refused: symbolic and hard, plate, job and matte") {
    const tests::SmallShot small({1, 4}, 16, 12, "[]", tests::SmallShot::exr_output,
                                 R"(, "mattes": {"m": {"path": "m.exr"}})");
    const fs::path out = small.folder / "out";
    fs::create_directory(out);
    fs::create_hard_link(small.plate(2), out / "o.0003.exr");
    CHECK(guard(small).find("the source of shot s") != std::string::npos);
    CHECK(guard(small).find("o.0003.exr") != std::string::npos);
    fs::remove(out / "o.0003.exr");
    fs::create_symlink("../job.json", out / "o.0001.exr");
    CHECK(guard(small).find("the job file") != std::string::npos);
    fs::remove(out / "o.0001.exr");
    fs::copy_file(small.plate(1), small.folder / "m.exr");
    fs::create_symlink("../m.exr", out / "o.0001.exr");
    CHECK(guard(small).find("matte m of shot s") != std::string::npos);
    fs::remove(out / "o.0001.exr");
    CHECK(guard(small).empty());
}

TEST_CASE("where roots are named, nothing is written outside of them, by no '..' and no link") {
    const tests::SmallShot small(
        {1, 4}, 16, 12, "[]", R"([{"name": "o", "path": "out/../../elsewhere/o.####.exr", "type": "exr"}])");
    CHECK(guard(small).empty());
    CHECK(guard(small, {small.folder.path()}).find("elsewhere") != std::string::npos);
    CHECK(guard(small, {small.folder.path(), small.folder.path().parent_path()}).empty());

    const tests::SmallShot inside({1, 4}, 16, 12);
    CHECK(guard(inside, {inside.folder.path()}).empty());
    fs::create_directory_symlink("/", inside.folder / "out");
    CHECK(guard(inside, {inside.folder.path()}).find("output 'o' lies in /") != std::string::npos);
    fs::remove(inside.folder / "out");
    fs::create_directories(inside.folder / "work/s");
    fs::create_directory_symlink("/tmp", inside.folder / "work/s/frames");
    CHECK(guard(inside, {inside.folder.path()}).find("the work folder lies in") != std::string::npos);
}

TEST_CASE("a root must be there, and its name is not the beginning of another folder's name") {
    const tests::SmallShot small({1, 4}, 16, 12);
    CHECK(guard(small, {small.folder / "none"}).find("is not there") != std::string::npos);
    fs::create_directory(small.folder / "ou");
    fs::create_directory(small.folder / "work");
    CHECK(guard(small, {small.folder / "ou", small.folder / "work"}).find("output 'o'") != std::string::npos);
}

}  // namespace
}  // namespace wetgate::pipeline
