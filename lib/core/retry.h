#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

#include "core/error.h"

namespace wetgate {

/// How often an operation on a network file system is tried again before Error{Temporary} is passed on.
constexpr int default_io_retries = 4;

/// Does `work`; after Error{Temporary} (ESTALE, EIO, ETIMEDOUT) again, at most `retries` times, waiting 0.1
/// s, then twice as long each time, but never longer than half a minute.
template <class Work>
auto with_retries(int retries, const Work& work) {
    constexpr std::chrono::milliseconds longest_wait{30'000};
    std::chrono::milliseconds wait{100};
    for (int attempt = 0;; ++attempt, wait = std::min(2 * wait, longest_wait)) {
        try {
            return work();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Temporary || attempt >= retries) throw;
        }
        std::this_thread::sleep_for(wait);
    }
}

}  // namespace wetgate
