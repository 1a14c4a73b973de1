#include "spec/identity.h"

#include <algorithm>
#include <optional>
#include <string>

#include "spec/frame_text.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

template <class Value>
json or_null(const std::optional<Value>& value) {
    return value ? json(*value) : json(nullptr);
}

json or_null(const std::optional<FrameRange>& range) {
    return range ? json(print_frames(*range)) : json(nullptr);
}
json or_null(const std::optional<FrameSet>& frames) {
    return frames ? json(print_frames(*frames)) : json(nullptr);
}
json or_null(const std::optional<Rate>& rate) {
    return rate ? json(to_string(*rate)) : json(nullptr);
}

json identity_of(const SourceSpec& source) {
    return {{"path", source.path.text},
            {"range", or_null(source.range)},
            {"first_frame", or_null(source.first_frame)},
            {"rate", or_null(source.rate)},
            {"colorspace", source.colorspace},
            {"layer", or_null(source.layer)},
            {"part", or_null(source.part)}};
}

json identity_of(const MatteSpec& matte) {
    return {{"path", matte.path.text}, {"channel", or_null(matte.channel)}, {"invert", matte.invert}};
}

json identity_of(const ReferenceSpec& reference) {
    return {{"path", reference.path.text},
            {"range", or_null(reference.range)},
            {"colorspace", reference.colorspace},
            {"layer", or_null(reference.layer)},
            {"part", or_null(reference.part)}};
}

json matte_called(const ShotSpec& shot, const std::string& name) {
    const auto found = shot.mattes.find(name);
    return found == shot.mattes.end() ? json(nullptr) : identity_of(found->second);
}

/// References and further mattes that the parameters name: any text in them that is such a name. One that
/// only looks like a name makes the key finer than need be, never coarser.
void collect_named(const json& value, const ShotSpec& shot, json& named) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (const auto at = shot.references.find(text); at != shot.references.end()) {
            named["reference " + text] = identity_of(at->second);
        }
        if (const auto at = shot.mattes.find(text); at != shot.mattes.end()) {
            named["matte " + text] = identity_of(at->second);
        }
    } else if (value.is_structured()) {
        for (const json& member : value) collect_named(member, shot, named);
    }
}

json identity_of(const PassSpec& pass, const ShotSpec& shot) {
    json named = json::object();
    collect_named(pass.written_params, shot, named);
    return {{"pass", pass.name},
            {"frames", or_null(pass.frames)},
            {"matte", matte_called(shot, pass.matte)},
            {"protect", matte_called(shot, pass.protect)},
            {"strength", pass.strength},
            {"limit_stops", or_null(pass.limit_stops)},
            {"model", pass.model},
            {"artefact", pass.artefact_text},
            {"params", pass.written_params},
            {"named", std::move(named)}};
}

}  // namespace

json shot_identity(const JobSpec& job, const ShotSpec& shot, std::size_t passes_before) {
    json passes = json::array();
    for (std::size_t i = 0; i < std::min(passes_before, shot.passes.size()); ++i) {
        if (shot.passes[i].enabled) passes.push_back(identity_of(shot.passes[i], shot));
    }
    return {{"identity", "wetgate.shot/1"},
            {"shot", shot.name},
            {"source", identity_of(shot.source)},
            {"range", or_null(shot.range)},
            {"on_bad_frame", to_text(shot.on_bad_frame)},
            {"color", {{"config", job.color.config_text}, {"working", job.color.working}}},
            {"compute", {{"precision", to_text(job.compute.precision)}, {"seed", job.compute.seed}}},
            {"passes", std::move(passes)}};
}

json output_identity(const JobSpec& job, const ShotSpec& shot, const OutputSpec& output) {
    return {{"identity", "wetgate.output/1"},
            {"shot", shot_identity(job, shot, shot.passes.size())},
            {"type", to_text(output.type)},
            {"compression", or_null(output.compression)},
            {"pixel", to_text(output.pixel)},
            {"bits", output.bits},
            {"profile", output.profile},
            {"encoder", output.encoder},
            {"colorspace", or_null(output.colorspace)},
            {"alpha", output.alpha},
            {"dwa_level", or_null(output.dwa_level)},
            {"matte_of", output.matte_of},
            {"first_frame", or_null(output.first_frame)},
            {"timecode", or_null(shot.timecode)},
            {"reel", or_null(shot.reel)}};
}

}  // namespace wetgate::spec
