#include "passes/per_picture.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace wetgate::tests {

TEST_CASE("what is made of a picture is made once, and anew of a copy") {
    const passes::PerPicture<int> made(8);
    const at::Tensor picture = at::ones({3, 2, 2});
    int count = 0;
    const auto make = [&] { return ++count; };
    CHECK(*made.of({picture}, make) == 1);
    CHECK(*made.of({picture}, make) == 1);
    CHECK(*made.of({picture.clone()}, make) == 2);
}

TEST_CASE("of two pictures the order counts") {
    const passes::PerPicture<int> made(8);
    const at::Tensor one = at::ones({3, 2, 2}), other = at::zeros({3, 2, 2});
    int count = 0;
    const auto make = [&] { return ++count; };
    CHECK(*made.of({one, other}, make) == 1);
    CHECK(*made.of({other, one}, make) == 2);
    CHECK(*made.of({one}, make) == 3);
    CHECK(*made.of({one, other}, make) == 1);
}

TEST_CASE("what is made goes with its pictures, and no more than asked for is kept") {
    const passes::PerPicture<std::shared_ptr<int>> made(2);
    at::Tensor picture = at::ones({3, 2, 2});
    const at::Tensor stays = at::ones({3, 2, 2});
    std::weak_ptr<int> watched = *made.of({picture, stays}, [] { return std::make_shared<int>(1); });
    CHECK(!watched.expired());
    picture = at::Tensor();
    made.of({stays}, [] { return std::make_shared<int>(2); });  // looks what is gone
    CHECK(watched.expired());
    watched = *made.of({stays}, [] { return std::make_shared<int>(3); });
    CHECK(*watched.lock() == 2);
    const at::Tensor second = at::ones({1}), third = at::ones({1});
    for (const at::Tensor& other : {second, third}) made.of({other}, [] { return std::make_shared<int>(4); });
    CHECK(watched.expired());
}

TEST_CASE("threads that ask for the same wait for one of them, and share its fault") {
    const passes::PerPicture<int> made(8);
    const at::Tensor picture = at::ones({3, 2, 2}), bad = at::ones({3, 2, 2});
    std::atomic<int> count = 0, faults = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                made.of({picture}, [&] {
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    return ++count;
                });
                try {
                    made.of({bad}, [&]() -> int { throw std::runtime_error("none"); });
                } catch (const std::runtime_error&) {
                    ++faults;
                }
            });
        }
    }
    CHECK(count == 1);
    CHECK(faults == 8);
}

}  // namespace wetgate::tests
