#include "fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace wetgate::fuzz {
namespace {

using Step = std::ptrdiff_t;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Bytes unquoted(std::string_view text) {
    Bytes word;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_hex = at + 3 < text.size() && text[at] == '\\' && text[at + 1] == 'x';
        if (is_hex) {
            word.push_back(static_cast<std::uint8_t>(hex_digit(text[at + 2]) * 16 + hex_digit(text[at + 3])));
            at += 3;
        } else {
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            word.push_back(static_cast<std::uint8_t>(text[at]));
        }
    }
    return word;
}

// A number where sizes, counts and offsets tend to be wrong.
std::uint64_t strange_number(std::size_t size, Random& random) {
    constexpr std::array<std::uint64_t, 18> numbers = {0,
                                                       1,
                                                       2,
                                                       0x7F,
                                                       0x80,
                                                       0xFF,
                                                       0x7FFF,
                                                       0x8000,
                                                       0xFFFF,
                                                       0x10000,
                                                       0x7FFFFFFF,
                                                       0x80000000,
                                                       0xFFFFFFFF,
                                                       0x100000000,
                                                       0xFFFFFFF0,
                                                       0x40000000,
                                                       0x7FFFFFFFFFFFFFFF,
                                                       ~std::uint64_t{0}};
    switch (random.below(4)) {
        case 0:
            return size;
        case 1:
            return size + random.below(9) - 4;
        default:
            return numbers[random.below(numbers.size())];
    }
}

void put_number(Bytes& bytes, Random& random) {
    const std::size_t width = std::size_t{2} << random.below(3);
    if (bytes.size() < width) return;
    const std::size_t at = random.below(bytes.size() - width + 1);
    const bool big = random.below(2) == 0;
    std::uint64_t value = strange_number(bytes.size(), random);
    if (random.below(3) == 0) {  // the number that is there, and a little more or less
        value = 0;
        for (std::size_t i = 0; i < width; ++i)
            value |= std::uint64_t{bytes[at + (big ? width - 1 - i : i)]} << (8 * i);
        value += random.below(17) - 8;
    }
    for (std::size_t i = 0; i < width; ++i)
        bytes[at + (big ? width - 1 - i : i)] = static_cast<std::uint8_t>(value >> (8 * i));
}

// [first, end) of a run, mostly short.
std::pair<std::size_t, std::size_t> some_run(const Bytes& bytes, Random& random) {
    const std::size_t first = random.below(bytes.size());
    const std::size_t most = random.below(4) == 0 ? bytes.size() : 24;
    return {first, std::min(bytes.size(), first + 1 + random.below(most))};
}

void insert(Bytes& bytes, const Bytes& word, Random& random) {
    const std::size_t at = random.below(bytes.size() + 1);
    if (random.below(2) == 0) {
        bytes.insert(bytes.begin() + static_cast<Step>(at), word.begin(), word.end());
    } else {
        const std::size_t count = std::min(word.size(), bytes.size() - at);
        std::copy_n(word.begin(), count, bytes.begin() + static_cast<Step>(at));
    }
}

void change(Bytes& bytes, const Bytes& other, const std::vector<Bytes>& words, Random& random) {
    if (bytes.empty()) {
        bytes.push_back(static_cast<std::uint8_t>(random.next()));
        return;
    }
    const auto [first, end] = some_run(bytes, random);
    const auto from = bytes.begin() + static_cast<Step>(first), to = bytes.begin() + static_cast<Step>(end);
    switch (random.below(11)) {
        case 0:
        case 1:
            bytes[first] = static_cast<std::uint8_t>(bytes[first] ^ (1U << random.below(8)));
            break;
        case 2:
            bytes[first] = static_cast<std::uint8_t>(random.next());
            break;
        case 3:
        case 4:
            put_number(bytes, random);
            break;
        case 5:
            bytes.erase(from, to);
            break;
        case 6: {  // a copy of a run somewhere else
            const Bytes run(from, to);
            insert(bytes, run, random);
            break;
        }
        case 7:
            std::fill(from, to, static_cast<std::uint8_t>(random.below(2) == 0 ? 0 : 0xFF));
            break;
        case 8:
            bytes.resize(random.below(bytes.size()));
            break;
        case 9:
            if (!other.empty()) {
                const auto [start, stop] = some_run(other, random);
                insert(
                    bytes,
                    Bytes(other.begin() + static_cast<Step>(start), other.begin() + static_cast<Step>(stop)),
                    random);
            }
            break;
        default:
            if (!words.empty()) insert(bytes, words[random.below(words.size())], random);
            break;
    }
}

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

std::vector<Bytes> parse_dictionary(const std::string& text) {
    std::vector<Bytes> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        const std::size_t open = line.find('"'), close = line.rfind('"');
        if (line.starts_with('#') || open == std::string_view::npos || close == open) continue;
        words.push_back(unquoted(line.substr(open + 1, close - open - 1)));
    }
    return words;
}

Bytes mutated(const Bytes& seed, const Bytes& other, const std::vector<Bytes>& words, std::size_t most_bytes,
              Random& random) {
    Bytes bytes = seed;
    for (std::size_t changes = 1 + random.below(4); changes > 0; --changes)
        change(bytes, other, words, random);
    if (bytes.size() > most_bytes) bytes.resize(most_bytes);
    return bytes;
}

}  // namespace wetgate::fuzz
