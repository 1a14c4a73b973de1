#pragma once
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

namespace wetgate::passes {

/// What a pass makes of one picture of a window, or of several in their order: made once and shared by all
/// windows that show them, in whatever threads they are made. It must depend on nothing but these pictures
/// and the pass itself, so that nobody can tell whether it was made anew; it is forgotten with any of them.
/// What is made may hold tensors of the device (see Note [Frames at once]).
template <class Value>
class PerPicture {
public:
    /// Keeps at most this many.
    explicit PerPicture(std::size_t most) : most_(most) {}

    /// `make`'s answer for `pictures`, which are the tensors of a window themselves: a copy is another
    /// picture. Throws what `make` throws, each time.
    std::shared_ptr<const Value> of(const std::vector<at::Tensor>& pictures,
                                    const std::function<Value()>& make) const {
        std::unique_lock lock(mutex_);
        std::erase_if(kept_, [](const Kept& kept) { return kept.is_gone(); });
        const auto known =
            std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.is_of(pictures); });
        if (known != kept_.end()) {
            const Made made = known->value;
            lock.unlock();
            return made.get();
        }
        std::promise<std::shared_ptr<const Value>> promise;
        const Made made = promise.get_future().share();
        if (kept_.size() >= most_) kept_.pop_front();
        kept_.push_back({{}, made});
        for (const at::Tensor& picture : pictures)
            kept_.back().pictures.emplace_back(picture.getIntrusivePtr());
        lock.unlock();
        try {
            promise.set_value(std::make_shared<const Value>(make()));
        } catch (...) {
            promise.set_exception(std::current_exception());
        }
        return made.get();
    }

private:
    using Weak = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;
    using Made = std::shared_future<std::shared_ptr<const Value>>;
    struct Kept {
        std::vector<Weak> pictures;
        Made value;
        bool is_gone() const {
            return std::any_of(pictures.begin(), pictures.end(),
                               [](const Weak& picture) { return picture.expired(); });
        }
        bool is_of(const std::vector<at::Tensor>& asked) const {
            return std::equal(pictures.begin(), pictures.end(), asked.begin(), asked.end(),
                              [](const Weak& picture, const at::Tensor& other) {
                                  return picture.lock().get() == other.unsafeGetTensorImpl();
                              });
        }
    };
    std::size_t most_;
    mutable std::mutex mutex_;
    mutable std::deque<Kept> kept_;
};

}  // namespace wetgate::passes
