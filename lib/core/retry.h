#pragma once
#include <chrono>
#include <thread>

#include "core/error.h"

namespace wetgate {

/// How often an operation on a network file system is tried again before Error{Temporary} is passed on.
constexpr int default_io_retries = 4;

/// Does `work`; after Error{Temporary} (ESTALE, EIO, ETIMEDOUT) again, at most `retries` times, waiting 0.1
/// s, then twice as long each time.
template <class Work>
auto with_retries(int retries, const Work& work) {
    std::chrono::milliseconds wait{100};
    for (int attempt = 0;; ++attempt, wait *= 2) {
        try {
            return work();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Temporary || attempt >= retries) throw;
        }
        std::this_thread::sleep_for(wait);
    }
}

}  // namespace wetgate
