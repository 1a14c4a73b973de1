#include "pipeline/references.h"

#include <algorithm>

#include "compute/transfer.h"
#include "core/error.h"
#include "isolate/isolated_source.h"
#include "media/worked.h"
#include "pipeline/record.h"

namespace wetgate::pipeline {
namespace {
constexpr std::size_t most_kept = 6;
}

struct ShotReferences::Opened {
    std::unique_ptr<media::FrameSource> source;
    std::unique_ptr<color::Transform> to_working;
};

ShotReferences::ShotReferences(const spec::ShotSpec& shot, const std::string& working_space,
                               const JobTools& tools, const IoSettings& io)
    : shot_(shot), working_space_(tools.colors.resolve(working_space)), tools_(tools), io_(io) {}

ShotReferences::~ShotReferences() = default;

const spec::ReferenceSpec& ShotReferences::spec(const std::string& name) const {
    return shot_.references.at(name);  // the job's validation made sure that it is there
}

ShotReferences::Opened& ShotReferences::opened(const std::string& name) const {
    std::unique_ptr<Opened>& kept = opened_[name];
    if (kept) return *kept;
    const spec::ReferenceSpec& reference = spec(name);
    media::SourceRequest request;
    request.display_name = reference.path.text;
    request.path_of = [pattern = reference.path.pattern](int frame) { return pattern.path(frame); };
    request.is_sequence = reference.path.pattern.is_sequence();
    request.range = reference.range;
    request.layer = reference.layer;
    request.part = reference.part;
    auto made = std::make_unique<Opened>();
    try {
        made->to_working =
            tools_.colors.transform(tools_.colors.resolve(reference.colorspace), working_space_);
        made->source = with_retries(
            io_.retries, [&] { return isolate::open_source(request, tools_.log, tools_.decoders); });
    } catch (const Error& error) {
        throw Error(error.kind(), "reference '" + name + "': " + error.message(), error.context())
            .within({.file = reference.path.text, .shot = shot_.name, .frame = {}});
    }
    kept = std::move(made);
    return *kept;
}

std::vector<int> ShotReferences::frames(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return frames_of(opened(name).source->info().range);
}

compute::DeviceFrame ShotReferences::picture(const std::string& name, int frame) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
        return kept.name == name && kept.frame == frame;
    });
    if (found != kept_.end()) {
        kept_.splice(kept_.begin(), kept_, found);
        return kept_.front().picture;
    }
    const Opened& reference = opened(name);
    FloatImage image;
    try {
        image = media::read_worked(with_retries(io_.retries, [&] { return reference.source->read(frame); }));
    } catch (const Error& error) {
        throw Error(error.kind(), "reference '" + name + "': " + error.message(), error.context())
            .within({.file = reference.source->file_of(frame).string(), .shot = shot_.name, .frame = frame});
    }
    reference.to_working->apply(image);
    kept_.push_front({name, frame, compute::upload(image, frame, tools_.runtime.device())});
    if (kept_.size() > most_kept) kept_.pop_back();
    return kept_.front().picture;
}

nlohmann::json ShotReferences::identity(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    nlohmann::json& kept = identities_[name];
    if (!kept.is_null()) return kept;
    const spec::ReferenceSpec& reference = spec(name);
    nlohmann::json files = nlohmann::json::array();
    if (reference.path.pattern.is_sequence() && reference.range) {
        for (const int frame : frames_of(*reference.range))
            files.push_back(file_identity(reference.path.pattern.path(frame)));
    } else {
        files.push_back(file_identity(reference.path.pattern.path(0)));
    }
    kept = std::move(files);  // whole, or not at all
    return kept;
}

}  // namespace wetgate::pipeline
