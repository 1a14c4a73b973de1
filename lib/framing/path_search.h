#pragma once
#include <vector>

#include "framing/crop_path.h"

namespace wetgate::framing {

/// Limits of a crop's motion along one side of the picture, in shares of that side.
struct MotionLimits {
    double most_velocity = 0.3;      ///< a second
    double most_acceleration = 0.6;  ///< a second, a second
    double dead_zone = 0.04;         ///< no move is smaller
};

/// Where along one side of the picture a crop is best on each frame of a scene.
struct AxisCosts {
    double rate = 24;         ///< frames a second
    double length = 1;        ///< of the crop, share of the side, in (0,1]
    int positions = 1;        ///< of its middle, evenly from length / 2 to 1 - length / 2
    std::vector<float> cost;  ///< [frame][position], about 1 where the subject is lost

    int frames() const { return positions < 1 ? 0 : static_cast<int>(cost.size()) / positions; }
    double middle(double position) const;
};
/// How many positions the search wants for a crop of this length.
int positions_for(double length);

struct AxisKey {
    int frame = 0;      ///< from the scene's first
    double middle = 0;  ///< of the crop, share of the side
    int ease = 0;       ///< as of a CropKey
};

struct AxisPath {
    std::vector<AxisKey> keys;  ///< as of a CropScene: the first is at frame 0
};

/// The path of least cost that rests where it can: dynamic programming over positions and speeds at five
/// places a second, each start, change of speed and way costing something; then its corners as keys, with an
/// easing that keeps the acceleration, and calmed() (path_calm.h). Velocity and acceleration limits and the
/// dead zone hold on every frame; where a move would break them it is made dearer and the search repeated,
/// and in the end the crop stands still. 10 000 frames take seconds.
AxisPath search_path(const AxisCosts& costs, const MotionLimits& limits);

/// The middle on each frame.
std::vector<double> middles(const AxisPath& path, int frames);
/// The same on frames first to last.
std::vector<double> middles(const AxisPath& path, int first, int last, int frames);

/// Whether middles on consecutive frames keep velocity, acceleration, dead zone and the picture.
bool keeps_limits(const std::vector<double>& middles, const AxisCosts& costs, const MotionLimits& limits);

}  // namespace wetgate::framing
