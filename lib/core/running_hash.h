#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace wetgate {

/// content_hash() of bytes that come piece by piece.
class RunningHash {
public:
    RunningHash();
    ~RunningHash();
    RunningHash(const RunningHash&) = delete;
    RunningHash& operator=(const RunningHash&) = delete;

    void add(std::span<const std::byte> bytes);
    /// Of everything added so far: 32 lower-case hex digits.
    std::string text() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace wetgate
