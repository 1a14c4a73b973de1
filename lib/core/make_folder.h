#pragma once
#include <filesystem>

namespace wetgate {

/// Makes a folder and those above it, each on disk when this returns; one that is there is left as it is.
/// Errors with the folder's name: Error{Output} when it cannot be, or is a file; Error{Temporary} as
/// AtomicFile.
void make_folder(const std::filesystem::path& folder);

}  // namespace wetgate
