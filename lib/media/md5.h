#pragma once
#include <filesystem>
#include <string>

namespace wetgate::media {

/// MD5 of a file, 32 lower-case hex digits: for checksum lists that people's tools read. Error{Input} when it
/// cannot be read whole, Error{Temporary} for transient faults.
std::string md5_of(const std::filesystem::path& file);

}  // namespace wetgate::media
