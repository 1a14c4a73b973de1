#include "pipeline/mattes.h"

#include <ATen/ATen.h>

#include "compute/transfer.h"
#include "core/error.h"
#include "isolate/isolated_source.h"
#include "media/worked.h"

namespace wetgate::pipeline {
namespace {

const spec::MatteSpec& find(const ShotContext& shot, const std::string& name) {
    return shot.shot().mattes.at(name);  // the job's validation made sure that it is there
}

FloatImage matte_samples(const HostFrame& frame, const spec::MatteSpec& matte, const ErrorContext& where) {
    try {
        return media::read_matte(frame, matte.channel);
    } catch (const Error& error) {
        throw error.within(where);
    }
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
        auto made = std::make_unique<Opened>();
        made->source = with_retries(shot_.io_retries(), [&] {
            return isolate::open_source(request, shot_.log(), shot_.decoders());
        });
        made->spec = &spec;
        opened = std::move(made);
    }
    const HostFrame host = with_retries(shot_.io_retries(), [&] { return opened->source->read(frame); });
    const FloatImage samples = matte_samples(
        host, spec,
        {.file = opened->source->file_of(frame).string(), .shot = shot_.shot().name, .frame = frame});
    const compute::DeviceFrame whole = compute::upload(samples, frame, shot_.runtime().device());
    at::Tensor matte = at::nan_to_num(compute::cut_to(whole, window).pixels.slice(0, 0, 1), 0.0).clamp(0, 1);
    return spec.invert ? 1 - matte : matte;
}

}  // namespace wetgate::pipeline
