#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wetgate::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// splitmix64 (Steele, Lea, Flood 2014): the same numbers on every machine, which std's distributions are
/// not.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// In [0, end); 0 for an empty range.
    std::size_t below(std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(next() % end); }

private:
    std::uint64_t state_;
};

/// Words that a format is made of: libFuzzer's dictionaries (a line: name="text", with \xAB, \\ and \").
std::vector<Bytes> parse_dictionary(const std::string& text);

/// `seed` with one to four changes: bits, bytes, numbers of 2, 4 and 8 bytes in either order, runs taken out,
/// repeated, zeroed or moved in from `other`, words of the dictionary, the end cut off. At most `most_bytes`
/// long.
Bytes mutated(const Bytes& seed, const Bytes& other, const std::vector<Bytes>& words, std::size_t most_bytes,
              Random& random);

}  // namespace wetgate::fuzz
