#include "qc/measure.h"

#include <algorithm>
#include <cmath>

#include "qc/cambi.h"
#include "qc/levels.h"
#include "qc/light.h"
#include "qc/texture.h"

namespace wetgate::qc {
namespace {

// A transform can make more of a value than a float holds, and NaN of that.
void bound(FloatImage& light) {
    static constexpr float most = 65504.0F;
    for (int c = 0; c < 3; ++c) {
        float* samples = light.channel(c);
        std::transform(samples, samples + light.window.area(), samples,
                       [](float value) { return std::isnan(value) ? 0.0F : std::clamp(value, -most, most); });
    }
}

}  // namespace

Measured measure(const Picture& picture) {
    Measured measured;
    PictureFacts& facts = measured.facts;
    facts.display = picture.frame.display_window;
    facts.window = picture.frame.window();
    facts.pixel_aspect = static_cast<double>(picture.frame.pixel_aspect);
    if (picture.frame.timecode) facts.timecode = to_string(*picture.frame.timecode);
    if (picture.frame.worked.model == PixelModel::None || picture.coded.window.area() == 0) return measured;
    facts.hash = stored_hash(picture.frame);
    facts.levels = level_facts(picture.frame, picture.coded);

    FloatImage& light = measured.light;
    light = reduced(picture.coded);
    picture.to_light(light);
    bound(light);
    facts.light = light_facts(light);
    const Box& window = picture.coded.window;
    if (picture.touch != nullptr)
        facts.light.grid.touched =
            touched_cells(*picture.touch, window.width(), window.height(), facts.light.grid);

    const FloatPlane luma = eye_luma(picture.coded, picture.is_light);
    facts.texture = texture_facts(luma, picture.touch);
    facts.spots = spots_of(luma);
    facts.border = border_facts(luma);
    // Numbers below zero count backwards to the same frames.
    if (picture.frame.number % banding_every == 0)
        facts.banding = cambi(luma10_of(picture.frame, luma, picture.is_light));
    return measured;
}

}  // namespace wetgate::qc
