#pragma once
#include <cstddef>
#include <vector>

#include "qc/check.h"

namespace wetgate::qc {

/// Changes of a whole picture that can belong to a flash, by ITU-R BT.1702-3 and WCAG 2.3.1: see Note
/// [Flashes].
struct Transition {
    std::size_t frame = 0;
    bool up = false;
    double area = 0;  ///< share of the picture that changed
};

enum class FlashKind : std::uint8_t { Luminance, Red };

/// In the order of time, alternately up and down. A frame without a picture ends what was going on.
std::vector<Transition> transitions(const ShotFacts& shot, Side side, FlashKind kind);

/// For each frame: how many transitions lie in the second that ends with it.
std::vector<int> transitions_a_second(const std::vector<Transition>& transitions, std::size_t frames,
                                      const Rate& rate);

}  // namespace wetgate::qc
