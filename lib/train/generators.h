#pragma once
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <vector>

// What is planted into clean pictures: motion, noise, holes. Everything is a function of the generator's
// state, and is shared by training, tests and benchmarks.

namespace wetgate::train {

/// Random numbers of one step.
class Dice {
public:
    explicit Dice(std::uint64_t seed);
    double uniform(double low, double high);
    std::int64_t below(std::int64_t end);
    bool chance(double probability) { return uniform(0, 1) < probability; }
    at::Tensor normal(at::IntArrayRef sizes);  // float32

private:
    at::Generator generator_;
};

/// Five frames [5,3,side,side] of a crop of `picture` [3,H,W] under a smooth motion: pan, zoom and turn, up
/// to 12 px a frame; still or nearly aligned in half of the cases, as flow leaves them.
at::Tensor moving_crops(const at::Tensor& picture, std::int64_t side, Dice& dice);

/// Frames with noise and its map.
struct NoisyWindow {
    at::Tensor input;   // [16,side,side]: five frames and sigma, coded
    at::Tensor target;  // [3,side,side]
};
/// `frames` [5,3,side,side] display-coded: Gaussian noise of 0 to 55 codes, clipped in a quarter of the cases
/// as 8 bit footage is.
NoisyWindow display_noise(const at::Tensor& frames, Dice& dice);
/// The same frames as scene light of some exposure in ACEScct, with shot and read noise (variance = a x + b).
NoisyWindow light_noise(const at::Tensor& frames, Dice& dice);

/// A hole [1,side,side] of 0 and 1: wires of 2 to 24 px, poles, blobs and boxes of up to a quarter of the
/// crop.
at::Tensor hole(std::int64_t side, Dice& dice);

/// ACEScct of display-coded `picture` [...,3,H,W] as light of a random exposure (-3 to +3 stops), highlights
/// expanded above 1.
at::Tensor as_light(const at::Tensor& picture, Dice& dice);

/// Half the size by antialiased bicubic reduction. [3,H,W], even.
at::Tensor halved(const at::Tensor& picture);

}  // namespace wetgate::train
