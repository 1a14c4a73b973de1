// OpenJD path mapping files.
#include "spec/path_map.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const fuzz::InputFile file("map.json", fuzz::bytes_of(data, size));
    wetgate::spec::PathMap map;
    if (!fuzz::takes({wetgate::ErrorKind::Usage}, [&] { map = wetgate::spec::read_path_map(file.path()); }))
        return 0;
    for (const char* path :
         {"/mnt/show/plates/a.exr", "P:\\show\\plates\\a.exr", "\\\\server\\share\\a.exr", ""}) {
        const std::string mapped = map.apply(path);
        fuzz::require(!map.empty() || mapped == path, "without rules nothing is mapped");
        fuzz::require(mapped.empty() == std::string_view(path).empty() || mapped.empty(),
                      "a path is not made of nothing");
    }
    return 0;
}
