#pragma once
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/bounded_queue.h"

namespace wetgate::pipeline {

/// The last stage of a pipeline: threads that take tasks from a bounded queue. The first error wins: it
/// cancels the queue, and finish() (or the next push) rethrows it after all threads have joined.
template <class Task>
class WorkerPool {
public:
    WorkerPool(int threads, std::size_t capacity, std::function<void(Task&)> work)
        : queue_(capacity), work_(std::move(work)) {
        try {
            for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
        } catch (...) {  // no more threads: those that run must not wait for tasks
            queue_.cancel();
            throw;
        }
    }
    ~WorkerPool() { queue_.cancel(); }
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Waits for room. Throws what a worker threw.
    void push(Task task) {
        if (!queue_.push(std::move(task))) finish();
    }

    /// Waits until all tasks are done; throws the first error of any.
    void finish() {
        queue_.close();
        threads_.clear();
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    void run() {
        while (std::optional<Task> task = queue_.pop()) {
            try {
                work_(*task);
            } catch (...) {
                const std::lock_guard lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
                queue_.cancel();
            }
        }
    }

    BoundedQueue<Task> queue_;
    std::function<void(Task&)> work_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace wetgate::pipeline
