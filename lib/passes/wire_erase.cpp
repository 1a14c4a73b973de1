#include "passes/wire_erase.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "passes/artefact_reader.h"

namespace wetgate::passes::wire {

PassResult erased(const FrameWindow& window, const Wires& lines, const remove::Filler& filler) {
    const auto matte_at = [&](int k) {
        return matte_of(lines, window[k].number, window[0].window).to(window[0].pixels.device());
    };
    PassResult result = filler.filled(window, matte_at, remove::Edge::Soft);
    int count = 0;
    double confidence = 1;
    for (const auto& [name, frames] : lines) {
        const auto place = frames.find(window[0].number);
        if (place == frames.end()) continue;
        ++count;
        confidence = std::min(confidence, place->second.confidence);
    }
    result.facts["lines"] = count;
    if (count > 0) result.facts["confidence"] = rounded(confidence);
    return result;
}

}  // namespace wetgate::passes::wire
