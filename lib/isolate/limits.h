#pragma once
#include <cstdint>

namespace wetgate::isolate {

/// What a decoder process may take of the machine. Bounds of the process itself, set once: no file may grow
/// by it, no core file, few descriptors, and memory up to limit_memory().
void set_process_limits();

/// Bounds the address space to what the process has now and `more_bytes`, or to what it was started with
/// where that is less. Does nothing under a sanitizer, whose shadow memory is larger than any bound.
void limit_memory(std::int64_t more_bytes);

/// Whether memory that was refused was refused by limit_memory(), and not by the machine or by who started
/// wetgate.
bool memory_is_limited_here();

/// Bytes beyond its own that a decoder may take before the source has said how large its frames are, and
/// after.
std::int64_t opening_bytes();
std::int64_t decoding_bytes(std::int64_t frame_bytes);

}  // namespace wetgate::isolate
