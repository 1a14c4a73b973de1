#include "pipeline/mattes.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "compute/transfer.h"
#include "core/error.h"
#include "media/worked.h"

namespace wetgate::pipeline {
namespace {

const spec::MatteSpec& find(const ShotContext& shot, const std::string& name) {
    return shot.shot().mattes.at(name);  // the job's validation made sure that it is there
}

const Plane* plane_named(const ImagePart& part, const std::string& name) {
    const auto found =
        std::find_if(part.planes.begin(), part.planes.end(), [&](const Plane& p) { return p.name == name; });
    return found == part.planes.end() ? nullptr : &*found;
}

// The named channel, else A, else Y, else R: as a picture of its own, so that the media module converts the
// samples.
FloatImage matte_samples(const HostFrame& frame, const spec::MatteSpec& matte, const ErrorContext& where) {
    HostFrame single = frame;
    for (std::size_t p = 0; p < frame.parts.size(); ++p) {
        std::vector<std::string> names = {"A", "Y", "R"};
        if (matte.channel) names = {*matte.channel};
        for (const std::string& name : names) {
            const Plane* plane = plane_named(frame.parts[p], name);
            if (plane == nullptr) continue;
            if (plane->x_sampling != 1 || plane->y_sampling != 1) break;
            single.worked = {PixelModel::Luminance,
                             static_cast<int>(p),
                             {static_cast<int>(plane - frame.parts[p].planes.data()), -1, -1}};
            return media::read_worked(single);
        }
    }
    throw Error(ErrorKind::Input,
                matte.channel ? "has no channel '" + *matte.channel + "' to use as a matte"
                              : "has no channel A, Y or R to use as a matte",
                where);
}

}  // namespace

struct MatteStore::Opened {
    std::unique_ptr<media::FrameSource> source;
    const spec::MatteSpec* spec = nullptr;
};

MatteStore::MatteStore(const ShotContext& shot) : shot_(shot) {}
MatteStore::~MatteStore() = default;

std::filesystem::path MatteStore::file_of(const ShotContext& shot, const std::string& name, int frame) {
    return find(shot, name).path.pattern.path(frame);
}

at::Tensor MatteStore::matte(const std::string& name, int frame, const Box& window) {
    std::unique_ptr<Opened>& opened = opened_[name];
    const spec::MatteSpec& spec = find(shot_, name);
    if (!opened) {
        media::SourceRequest request;
        request.display_name = spec.path.text;
        request.path_of = [pattern = spec.path.pattern](int n) { return pattern.path(n); };
        request.is_sequence = spec.path.pattern.is_sequence();
        request.range = shot_.source_range();
        request.first_frame = shot_.source_range().first;
        opened = std::make_unique<Opened>();
        opened->source = media::open_source(request, shot_.log());
        opened->spec = &spec;
    }
    const HostFrame host = opened->source->read(frame);
    const FloatImage samples = matte_samples(
        host, spec,
        {.file = opened->source->file_of(frame).string(), .shot = shot_.shot().name, .frame = frame});
    const compute::DeviceFrame whole = compute::upload(samples, frame, shot_.runtime().device());
    at::Tensor matte = at::nan_to_num(compute::cut_to(whole, window).pixels.slice(0, 0, 1), 0.0).clamp(0, 1);
    return spec.invert ? 1 - matte : matte;
}

}  // namespace wetgate::pipeline
