#include "fuzz/seeds.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace wetgate::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path repository = WETGATE_SOURCE;

std::string text_of_file(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void add_files(std::vector<Seed>& seeds, const fs::path& folder, const std::string& extension) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const bool wanted = extension.empty() || entry.path().extension() == extension;
        if (!entry.is_regular_file() || !wanted) continue;
        const std::string text = text_of_file(entry.path());
        seeds.push_back({entry.path().filename().string(), Bytes(text.begin(), text.end())});
    }
}

}  // namespace

std::vector<Seed> seeds_of(const std::string& target) {
    std::vector<Seed> seeds = made_seeds(target);
    add_files(seeds, repository / "tests/fuzz/seeds" / target, "");
    if (target == "job" || target == "strict_json") add_files(seeds, repository / "jobs", ".json");
    if (target == "model_card") add_files(seeds, repository / "lib/nets/weights", ".json");
    std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) { return a.name < b.name; });
    return seeds;
}

std::vector<Bytes> words_of(const std::string& target) {
    const std::string name = target == "exr_header" ? "exr" : target == "mov_atoms" ? "movie" : target;
    return parse_dictionary(text_of_file(repository / "tests/fuzz/dictionaries" / (name + ".dict")));
}

}  // namespace wetgate::fuzz
