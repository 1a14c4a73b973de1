// Names of sequences: a number goes into the file's name and comes back out, and changes no folder.
#include "spec/path_pattern.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const std::string_view text = fuzz::text_of(data, size);
    wetgate::spec::PathPattern pattern;
    if (!fuzz::takes({wetgate::ErrorKind::Usage}, [&] { pattern = wetgate::spec::PathPattern::parse(text); }))
        return 0;
    const std::filesystem::path folder = pattern.path(0).parent_path();
    for (const int frame : {0, 1, 1001, 123456789, -5}) {
        const std::filesystem::path file = pattern.path(frame);
        fuzz::require(file.parent_path() == folder, "a frame number changes no folder");
        if (pattern.is_sequence()) {
            fuzz::require(pattern.frame_of(file.filename().string()) == frame, "a name says its frame");
        } else {
            fuzz::require(file == pattern.path(0), "one file is one file");
        }
    }
    const auto resolved = pattern.resolved("/show/jobs");
    fuzz::require(resolved.path(7).is_absolute(), "a resolved path is absolute");
    fuzz::require(resolved.resolved("/elsewhere").path(7) == resolved.path(7),
                  "an absolute path stays where it is");
    return 0;
}
