#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "passes/pixel_defects.h"

// Where and when the picture of a shot has moved on, from the facts of its frames.

namespace wetgate::passes::pixel_defects {

/// A frame of the shot that could be measured.
struct Frame {
    int number = 0;
    FrameFacts facts;
    std::vector<float> density;  ///< of each block: candidates a pixel
    std::vector<int> scenes;     ///< of each tile: how often the picture there has moved on by now
    int whole_scene = 0;         ///< how often the whole picture has moved on by now
};

/// Fills `density`, `scenes` and `whole_scene` of all frames. `frames` is not empty and in order; frames
/// whose window differs from the first one's say nothing about motion.
void number_scenes(std::vector<Frame>& frames);

/// The tile of a picture coordinate, as an index into Frame::scenes.
std::size_t tile_of(const std::vector<Frame>& frames, int x, int y);

/// What the eight pixels around a place show in one frame.
struct Ring {
    std::size_t frame = 0;  ///< index into the frames
    double level = 0;       ///< coded, mean of the eight
    double sigma = 0;       ///< noise of one pixel, coded
};

/// In how many different surroundings a place shows in the frames `seen` (in order): pictures of the 3x3
/// cells around it that differ from each other by a movement. See Note [Whether the picture moved].
int surroundings_of(const std::vector<Frame>& frames, int x, int y, std::span<const Ring> seen);

/// The block of a picture coordinate in a frame, where the frame has one.
std::optional<std::size_t> block_in(const Frame& frame, int x, int y);

/// The noise of a block and channel, in coded levels.
double sigma_in(const Frame& frame, std::size_t block, std::size_t channel);

}  // namespace wetgate::passes::pixel_defects
