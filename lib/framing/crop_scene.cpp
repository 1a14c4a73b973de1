#include "framing/crop_scene.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wetgate::framing {
namespace {

/// The corner of the crop whose middle is a share of a side.
double corner(double middle, double side, double crop_side) {
    return std::clamp(rounded_px(middle * side - crop_side / 2), 0.0, side - crop_side);
}

}  // namespace

double rounded_px(double pixels) {
    return std::round(pixels * 1000) / 1000;
}

CropScene joined(const AxisPath& x, const AxisPath& y, int frames, int first, const Crop& size, int width,
                 int height) {
    CropScene scene;
    scene.first = first;
    scene.last = first + frames - 1;
    const auto add = [&](int frame, double middle_x, double middle_y, int ease) {
        Crop crop = size;
        crop.x = corner(middle_x, width, size.w);
        crop.y = corner(middle_y, height, size.h);
        scene.keys.push_back({first + frame, crop, ease});
    };
    if (y.keys.size() <= 1) {
        for (const AxisKey& key : x.keys) add(key.frame, key.middle, y.keys[0].middle, key.ease);
        return scene;
    }
    if (x.keys.size() <= 1) {
        for (const AxisKey& key : y.keys) add(key.frame, x.keys[0].middle, key.middle, key.ease);
        return scene;
    }
    std::vector<int> at;
    for (const AxisKey& key : x.keys) at.push_back(key.frame);
    for (const AxisKey& key : y.keys) at.push_back(key.frame);
    std::sort(at.begin(), at.end());
    at.erase(std::unique(at.begin(), at.end()), at.end());
    const auto middle = [](const AxisPath& path, int frame) {
        const auto after = std::find_if(path.keys.begin(), path.keys.end(),
                                        [&](const AxisKey& key) { return key.frame >= frame; });
        if (after == path.keys.end()) return path.keys.back().middle;
        if (after == path.keys.begin()) return after->middle;
        const AxisKey& before = *(after - 1);
        return before.middle +
               (after->middle - before.middle) * (frame - before.frame) / (after->frame - before.frame);
    };
    const auto ease = [](const AxisPath& path, int frame) {
        const auto key = std::find_if(path.keys.begin(), path.keys.end(),
                                      [&](const AxisKey& one) { return one.frame == frame; });
        return key == path.keys.end() ? 0 : key->ease;
    };
    for (const int frame : at)
        add(frame, middle(x, frame), middle(y, frame), std::max(ease(x, frame), ease(y, frame)));
    return scene;
}

}  // namespace wetgate::framing
