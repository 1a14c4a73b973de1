#include "core/bounded_queue.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace wetgate {

TEST_CASE("a closed queue drains in order, then ends") {
    BoundedQueue<int> queue(4);
    CHECK(queue.push(1));
    CHECK(queue.push(2));
    queue.close();
    CHECK(!queue.push(3));
    CHECK(queue.pop() == 1);
    CHECK(queue.pop() == 2);
    CHECK(!queue.pop());
}

TEST_CASE("a cancelled queue drops what it holds and wakes who waits") {
    BoundedQueue<int> queue(1);
    CHECK(queue.push(1));
    std::jthread pusher([&queue] { CHECK(!queue.push(2)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    queue.cancel();
    pusher.join();
    CHECK(!queue.pop());
}

TEST_CASE("a full queue makes its producer wait: never more inside than the capacity") {
    BoundedQueue<int> queue(2);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::jthread producer([&] {
        for (int i = 0; i < 2000; ++i) {
            if (!queue.push(i)) return;
            const int now = ++inside;
            int seen = most;
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
        }
        queue.close();
    });
    int expected = 0;
    while (const auto value = queue.pop()) {
        --inside;
        REQUIRE(*value == expected++);
    }
    CHECK(expected == 2000);
    CHECK(most <= 4);  // two queued, one in each hand
}

}  // namespace wetgate
