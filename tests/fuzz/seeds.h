#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/mutate.h"

namespace wetgate::fuzz {

struct Seed {
    std::string name;
    Bytes bytes;
};

/// What a target starts from: files of seeds/TARGET, files that the repository has anyway (example jobs,
/// model cards), and media made here by our own writers. Sorted by name.
std::vector<Seed> seeds_of(const std::string& target);

/// The words of dictionaries/TARGET.dict, where there is one.
std::vector<Bytes> words_of(const std::string& target);

/// Pictures and movies for the targets that read media, made by our own writers: small, and one of each way
/// to store.
std::vector<Seed> made_seeds(const std::string& target);

}  // namespace wetgate::fuzz
