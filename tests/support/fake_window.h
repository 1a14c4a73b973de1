#pragma once
#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "passes/pass.h"

namespace wetgate::tests {

/// A DeviceFrame of `pixels` [3,H,W] float32 that no pass has touched, its data window's corner at (x0, y0).
inline compute::DeviceFrame device_frame(at::Tensor pixels, int number = 1001, int x0 = 0, int y0 = 0) {
    compute::DeviceFrame frame;
    frame.number = number;
    frame.window = {x0, y0, x0 + static_cast<int>(pixels.size(2)), y0 + static_cast<int>(pixels.size(1))};
    frame.touch = at::zeros({1, pixels.size(1), pixels.size(2)}, at::kFloat);
    frame.pixels = std::move(pixels);
    return frame;
}

/// A shot in memory, seen from one of its frames, with the edge rules of the real window: past the shot's
/// end, and past a frame that was made unreal (a cut, an unreadable neighbour), the nearest real frame
/// towards 0 repeats.
class FakeWindow final : public passes::FrameWindow {
public:
    /// `centre` is the index of frame 0 of the window in `shot`.
    explicit FakeWindow(std::vector<compute::DeviceFrame> shot, int centre = 0, std::uint64_t seed = 1)
        : shot_(std::move(shot)), centre_(centre), seed_(seed) {}
    /// A window of one frame.
    explicit FakeWindow(at::Tensor pixels, std::uint64_t seed = 1)
        : FakeWindow(std::vector<compute::DeviceFrame>{device_frame(std::move(pixels))}, 0, seed) {}

    /// Frames [3,H,W] numbered from `first_frame`, seen from the one at index `centre`.
    static FakeWindow of(const std::vector<at::Tensor>& pictures, int centre, int first_frame = 1001,
                         std::uint64_t seed = 1) {
        std::vector<compute::DeviceFrame> shot;
        for (const at::Tensor& picture : pictures) {
            shot.push_back(device_frame(picture, first_frame + static_cast<int>(shot.size())));
        }
        return FakeWindow(std::move(shot), centre, seed);
    }

    /// Makes frame k of the window unreadable. k = 0 cannot be.
    FakeWindow& without(int k) {
        unreal_.insert(k);
        return *this;
    }
    /// Puts a cut between frame k and the next one away from 0: everything beyond k is unreal.
    FakeWindow& cut_beyond(int k) {
        const int size = static_cast<int>(shot_.size());
        for (int i = 1; i <= size; ++i) unreal_.insert(k < 0 ? k - i : k + i);
        return *this;
    }

    const compute::DeviceFrame& operator[](int k) const override {
        while (k != 0 && !is_real(k)) k += k > 0 ? -1 : 1;
        return shot_.at(static_cast<std::size_t>(centre_ + k));
    }
    bool is_real(int k) const override {
        const int index = centre_ + k;
        return index >= 0 && index < static_cast<int>(shot_.size()) && unreal_.count(k) == 0;
    }
    /// [1,H,W]
    FakeWindow& with_matte(at::Tensor matte) {
        matte_ = std::move(matte);
        return *this;
    }
    /// One for each frame of the shot.
    FakeWindow& with_mattes(std::vector<at::Tensor> mattes) {
        mattes_ = std::move(mattes);
        return *this;
    }
    at::Tensor matte(int k = 0) const override {
        if (mattes_.empty()) return matte_;
        while (k != 0 && !is_real(k)) k += k > 0 ? -1 : 1;
        return mattes_.at(static_cast<std::size_t>(centre_ + k));
    }
    FakeWindow& with_matte_called(const std::string& name, at::Tensor matte) {
        called_[name] = std::move(matte);
        return *this;
    }
    at::Tensor matte_called(const std::string& name) const override {
        return name.empty() ? at::Tensor() : called_.at(name);
    }
    std::uint64_t seed() const override { return seed_; }

private:
    std::vector<compute::DeviceFrame> shot_;
    std::set<int> unreal_;
    int centre_;
    std::uint64_t seed_;
    at::Tensor matte_;
    std::vector<at::Tensor> mattes_;
    std::map<std::string, at::Tensor> called_;
};

}  // namespace wetgate::tests
