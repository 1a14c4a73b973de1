#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"

/// What the fuzz targets share. A target is one file with one LLVMFuzzerTestOneInput(): libFuzzer links it on
/// its own (scripts/fuzz), the driver of the ordinary tests links all of them (driver.cpp).
namespace wetgate::fuzz {

/// What a reader made of one input.
enum class Verdict : std::uint8_t { None, Accepted, Refused };

struct Outcome {
    Verdict verdict = Verdict::None;
    ErrorKind kind = ErrorKind::Internal;  ///< of a refusal
};

/// Of the input at hand, for the driver's counts.
inline Outcome& outcome() {
    static Outcome last;
    return last;
}

/// A property that every input must have. Ends the process, so that libFuzzer and the driver keep the input.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: this does not hold: %s\n", what);
    std::abort();
}

/// Runs `read`: true when it took the input. An Error of one of `kinds`, with a message, is a refusal. An
/// Error of another kind and every other exception is a finding.
template <class Read>
bool takes(std::initializer_list<ErrorKind> kinds, Read&& read) {
    try {
        std::forward<Read>(read)();
        outcome() = {Verdict::Accepted, ErrorKind::Internal};
        return true;
    } catch (const Error& error) {
        bool expected = !error.message().empty();
        bool listed = false;
        for (const ErrorKind kind : kinds) listed = listed || kind == error.kind();
        if (!expected || !listed) std::fprintf(stderr, "fuzz: refused with: %s\n", error.what());
        require(expected && listed, "a refusal is of a kind that this reader promises, and says why");
        outcome() = {Verdict::Refused, error.kind()};
        return false;
    }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// The input as a file, for readers that want one; always the same name in this process. Kept in memory where
/// the system has /dev/shm.
class InputFile {
public:
    InputFile(const std::string& name, std::span<const std::byte> bytes);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace wetgate::fuzz
