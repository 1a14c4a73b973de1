#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "spec/job_spec.h"

namespace wetgate::spec {

/// What the tokens of an output's path stand for.
struct PathTokens {
    std::string show, shot, version, output;
};

/// `text` with {show}, {shot}, {version} and {output} replaced. Error{Usage} for another word in braces, and
/// for one whose text is empty or no part of a file name (letters, digits, '.', '_', '-').
std::string with_tokens(std::string_view text, const PathTokens& tokens);

/// The number in the name of delivered frame `frame`: its own, unless the output has a first_frame.
/// `delivered_first` is the first frame that is delivered.
int number_in_name(const OutputSpec& output, int frame, int delivered_first);

/// Where the checksums of the output's files go: beside them, "sh010_v002.exr.mhl" for sh010_v002.####.exr.
std::filesystem::path checksum_file(const OutputSpec& output);

/// What is wrong with the output's names for delivery, as the job writes them (so the same on every machine):
/// letters that are none of a-z A-Z 0-9 . _ - and paths of more than 256 bytes. `last_number` is the highest
/// number in a name. Source: Netflix, "VFX Shot and Version Naming Recommendations" and "Archival Assets".
std::vector<std::string> naming_faults(const OutputSpec& output, int last_number);

}  // namespace wetgate::spec
