#include <doctest/doctest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/path_map.h"
#include "spec/path_pattern.h"
#include "spec/problem.h"
#include "support/temp_folder.h"

namespace wetgate::spec {
namespace {

std::string name(const char* text, int frame) {
    return PathPattern::parse(text).path(frame).string();
}

TEST_CASE("each way to write a frame number makes the same names") {
    for (const char* text : {"p/a.####.exr", "p/a.%04d.exr", "p/a.$F4.exr", "p/a.@@@@.exr"}) {
        CAPTURE(text);
        const PathPattern pattern = PathPattern::parse(text);
        CHECK(pattern.is_sequence());
        CHECK(pattern.text() == text);
        CHECK(pattern.path(7).string() == "p/a.0007.exr");
        CHECK(pattern.path(123456).string() == "p/a.123456.exr");
        CHECK(pattern.path(-5).string() == "p/a.-005.exr");  // as printf("%04d")
        CHECK(pattern.extension() == ".exr");
        CHECK(pattern.width() == 4);
    }
    CHECK(name("a%d.exr", 12) == "a12.exr");
    CHECK(name("a.$F.exr", 12) == "a.12.exr");
    CHECK(name("a_#.exr", 12) == "a_12.exr");
    CHECK(name("a.@.exr", -12) == "a.-12.exr");
    CHECK(name("a.%03d", 1) == "a.001");
    CHECK(name("a.%01d.exr", 1) == "a.1.exr");
}

TEST_CASE("a name without a frame number is one file") {
    for (const char* text :
         {"a.mov", "icon@2x.png", "50%grey.exr", "$Foo.exr", "$FF.exr", "a.1001.exr", "me@home.exr"}) {
        CAPTURE(text);
        const PathPattern pattern = PathPattern::parse(text);
        CHECK_FALSE(pattern.is_sequence());
        CHECK(pattern.path(1).string() == text);
        CHECK_FALSE(pattern.frame_of("a.1001.exr"));
    }
    CHECK(name("50%%.exr", 1) == "50%.exr");
    CHECK(name("50%%.%04d.exr", 1) == "50%.0001.exr");
    CHECK(name("%%04d.exr", 1) == "%04d.exr");
    CHECK(PathPattern::parse("noext").extension() == "");
    CHECK(PathPattern::parse("A.MOV").extension() == ".mov");
}

TEST_CASE("frame numbers of folder names are plain letters") {
    CHECK(name("sh##/@@/%04d/a.###.exr", 1) == "sh##/@@/%04d/a.001.exr");
    CHECK_FALSE(PathPattern::parse("sh.####/plate.mov").is_sequence());
}

TEST_CASE("names with two frame numbers and no names are refused") {
    for (const char* text : {"a.##.##.exr", "a.#.%04d.exr", "", "plates/", "plates/..", "a.%4d.exr",
                             "a.%99d.exr", "a.%099d.exr", "a.#################.exr", "a\n.exr"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(PathPattern::parse(text), Error);
    }
    CHECK_THROWS_AS(PathPattern::parse(std::string(5000, 'a')), Error);
}

TEST_CASE("the frame of a name is found only where the name would be made from it") {
    const PathPattern pattern = PathPattern::parse("a.####.exr");
    CHECK(pattern.frame_of("a.0007.exr") == 7);
    CHECK(pattern.frame_of("a.12345.exr") == 12345);
    CHECK(pattern.frame_of("a.-005.exr") == -5);
    for (const char* other : {"a.7.exr", "a.00007.exr", "a.x.exr", "b.0007.exr", "a..exr", "a.0007.exr.tmp",
                              "a.99999999999.exr"}) {
        CAPTURE(other);
        CHECK_FALSE(pattern.frame_of(other));
    }
}

TEST_CASE("patterns resolve below the job's folder") {
    CHECK(PathPattern::parse("../plates/./a.####.exr").resolved("/show/jobs").path(1) ==
          "/show/plates/a.0001.exr");
    CHECK(PathPattern::parse("../plates/./a.####.exr").resolved("/show/jobs").text() ==
          "/show/plates/a.####.exr");
    CHECK(PathPattern::parse("/abs/a.mov").resolved("/show/jobs").path(1) == "/abs/a.mov");
    CHECK(PathPattern::parse("a.mov").resolved("/show/jobs").folder() == "/show/jobs");
}

TEST_CASE("a path map replaces whole folders, the longest first, once") {
    PathMap map;
    map.add("/mnt/a", "/mnt/b");
    map.add("/mnt/b", "/mnt/c");
    map.add("/mnt/a/deep/", "/fast");
    CHECK(map.apply("/mnt/a/x.exr") == "/mnt/b/x.exr");
    CHECK(map.apply("/mnt/a") == "/mnt/b");
    CHECK(map.apply("/mnt/a/deep/x.exr") == "/fast/x.exr");
    CHECK(map.apply("/mnt/ab/x.exr") == "/mnt/ab/x.exr");
    CHECK(map.apply("plates/x.exr") == "plates/x.exr");
    CHECK_THROWS_AS(map.add("", "/x"), Error);
    PathMap root;
    add_path_rule(root, "/=/mnt/root");
    CHECK(root.apply("/a/b") == "/mnt/root/a/b");
    CHECK_THROWS_AS(add_path_rule(root, "no rule"), Error);
}

TEST_CASE("paths of Windows machines map without regard to case and slashes") {
    PathMap map;
    map.add("P:\\Show", "/mnt/show");
    map.add("\\\\server\\share\\", "/mnt/share");
    CHECK(map.apply("p:/show\\plates\\A.####.exr") == "/mnt/show/plates/A.####.exr");
    CHECK(map.apply("//SERVER/share/x.exr") == "/mnt/share/x.exr");
    CHECK(map.apply("P:\\Showreel\\x.exr") == "P:\\Showreel\\x.exr");
}

TEST_CASE("OpenJD path mapping files are read and others refused") {
    const tests::TempFolder folder;
    const auto file = folder / "map.json";
    write_atomic(file, std::string_view(R"({"version": "pathmapping-1.0", "path_mapping_rules": [
        {"source_path_format": "WINDOWS", "source_path": "C:\\in", "destination_path": "/session/in"},
        {"source_path_format": "POSIX", "source_path": "/in", "destination_path": "/session/posix"}]})"));
    const PathMap map = read_path_map(file);
    CHECK(map.apply("c:\\IN\\a.exr") == "/session/in/a.exr");
    CHECK(map.apply("/in/a.exr") == "/session/posix/a.exr");
    for (const char* text :
         {R"({"version": "2"})", "[]", R"({"version": "pathmapping-1.0", "path_mapping_rules": 3})",
          R"({"version": "pathmapping-1.0", "path_mapping_rules": [{"source_path": 1}]})"}) {
        write_atomic(file, std::string_view(text));
        CHECK_THROWS_AS(read_path_map(file), JobProblems);
    }
    write_atomic(file, std::string_view("{}"));
    CHECK(read_path_map(file).empty());  // a session without rules
    write_atomic(file, std::string_view(R"({"version": "pathmapping-1.0"})"));
    CHECK(read_path_map(file).empty());
    std::string many = R"({"version": "pathmapping-1.0", "path_mapping_rules": [0)";
    for (int i = 0; i < 10'000; ++i) many += ",0";
    write_atomic(file, many + "]}");
    CHECK_THROWS_WITH_AS(read_path_map(file), doctest::Contains("10001 rules, at most 10000"), JobProblems);
}

}  // namespace
}  // namespace wetgate::spec
