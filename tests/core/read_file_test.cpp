#include "core/read_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.h"

namespace wetgate::tests {

TEST_CASE("what lies under a name is nothing, a file or something else") {
    const TempFolder folder;
    std::ofstream(folder / "file") << "x";
    std::filesystem::create_symlink(folder / "file", folder / "link");
    std::filesystem::create_symlink(folder / "none", folder / "dangling");
    CHECK(entry_at(folder / "file") == Entry::File);
    CHECK(entry_at(folder / "link") == Entry::File);
    CHECK(entry_at(folder.path()) == Entry::Other);
    CHECK(entry_at(folder / "none") == Entry::Nothing);
    CHECK(entry_at(folder / "dangling") == Entry::Nothing);
    CHECK(entry_at(folder / "file" / "beneath") == Entry::Nothing);
    CHECK(entry_at(folder / std::string(300, 'n')) == Entry::Other);  // no such name can be
}

}  // namespace wetgate::tests
