#include "pipeline/shot_context.h"

#include <functional>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/make_folder.h"
#include "core/read_file.h"
#include "isolate/isolated_source.h"
#include "passes/move.h"
#include "pipeline/references.h"
#include "pipeline/shot_qc.h"
#include "spec/output_names.h"
#include "spec/pass_schemas.h"

namespace wetgate::pipeline {

namespace fs = std::filesystem;

ShotContext::ShotContext(const spec::JobSpec& job, const spec::ShotSpec& shot, JobTools tools,
                         const IoSettings& io)
    : job_(job), shot_(shot), tools_(std::move(tools)), io_(io) {
    const color::Config& colors = tools_.colors;
    read_scales();
    const ErrorContext where{.file = {}, .shot = shot.name, .frame = {}};
    try {
        source_space_ = colors.resolve(shot.source.colorspace);
        const std::string working = colors.resolve(job.color.working);
        to_working_ = colors.transform(source_space_, working);
        from_working_[source_space_] = colors.transform(working, source_space_);
        for (const spec::OutputSpec& output : shot.outputs) {
            const std::string space = output_space(output);
            if (from_working_.contains(space)) continue;
            from_working_[space] = colors.transform(working, space);
            from_source_[space] = colors.transform(source_space_, space);
        }
        info_ = with_retries(
            io.retries, [this] { return isolate::open_source(this->request(1), log(), decoders())->info(); });
        if (job.qc.measure)
            viewer_ = std::make_shared<const Viewer>(colors, source_space_, working, info_.color.bits == 0);
        references_ = std::make_shared<const ShotReferences>(shot, job.color.working, tools_, io);
        read_moves();
    } catch (const Error& error) {
        throw error.within(where);
    }
    if (shot.audio) {
        const fs::path sound = shot.audio->path.pattern.path(0);
        if (entry_at(sound) != Entry::File) {
            throw Error(ErrorKind::Input, "the shot's audio is not there",
                        {.file = sound.string(), .shot = shot.name, .frame = {}});
        }
    }
    if (const FrameRange wanted = delivered_range(); !info_.range.contains(wanted)) {
        throw Error(ErrorKind::Input,
                    "frames " + std::to_string(wanted.first) + "-" + std::to_string(wanted.end - 1) +
                        " are asked for, but the source has " + std::to_string(info_.range.first) + "-" +
                        std::to_string(info_.range.end - 1),
                    {.file = shot.source.path.text, .shot = shot.name, .frame = {}});
    }
}

FrameRange ShotContext::delivered_range() const {
    return shot_.range ? *shot_.range : info_.range;
}

std::string ShotContext::output_space(const spec::OutputSpec& output) const {
    if (output.type == spec::OutputType::Exr && output.profile == "aces-2065-4") {
        // A config may call the space otherwise; the role is there for that.
        return colors().resolve(colors().has("ACES2065-1") ? "ACES2065-1" : "aces_interchange");
    }
    return output.colorspace ? colors().resolve(*output.colorspace) : source_space_;
}

fs::path ShotContext::file_of(const spec::OutputSpec& output, int frame) const {
    return output.path.pattern.path(spec::number_in_name(output, frame, delivered_range().first));
}

media::SourceRequest ShotContext::request(int decoder_threads) const {
    const spec::SourceSpec& source = shot_.source;
    media::SourceRequest request;
    request.display_name = source.path.text;
    request.path_of = [pattern = source.path.pattern](int frame) { return pattern.path(frame); };
    request.is_sequence = source.path.pattern.is_sequence();
    request.range = source.range;
    request.first_frame = source.first_frame;
    request.rate = source.rate;
    request.layer = source.layer;
    request.part = source.part;
    request.threads = decoder_threads;
    return request;
}

std::unique_ptr<media::FrameSource> ShotContext::open() const {
    // One decoder a worker for sequences; a movie has one reader, whose decoder may thread.
    const int threads = info_.kind == media::MediaKind::Movie ? io_.threads : 1;
    return with_retries(io_.retries,
                        [&] { return isolate::open_source(request(threads), log(), decoders()); });
}

std::optional<Timecode> ShotContext::timecode_of(int frame) const {
    std::optional<Timecode> start = info_.start_timecode;
    if (shot_.timecode) start = parse_timecode(*shot_.timecode, info_.rate);
    if (!start) return std::nullopt;
    return advanced(*start, frame - info_.range.first);
}

passes::PassContext ShotContext::pass_context(std::size_t index, const nlohmann::json& artefact) const {
    const spec::PassSpec& pass = shot_.passes.at(index);
    passes::PassContext context;
    context.params = pass.params;
    context.artefact = artefact;
    context.color = &colors();
    context.working_space = colors().resolve(job_.color.working);
    context.source_space = source_space_;
    context.shot = shot_.name;
    context.rate = info_.rate.fps();
    context.pixel_aspect = static_cast<double>(info_.pixel_aspect);
    context.display = times(info_.display_window, scale());
    context.models = &models();
    context.model = pass.model;
    context.has_matte = !pass.matte.empty();
    context.protect = pass.protect;
    context.references = references_;
    return context;
}

std::optional<nets::ModelUse> ShotContext::model_use(std::size_t index) const {
    const spec::PassSpec& pass = shot_.passes.at(index);
    const passes::PassEntry& entry = passes::find_pass(pass.name);
    if (!pass.enabled || !entry.model_use) return std::nullopt;
    return entry.model_use(pass_context(index, nullptr));
}

// A picture that changes its size or place does so as a whole, and mattes are drawn for the size of the
// plate.
void ShotContext::read_scales() {
    spec::PassSchemas schemas;
    bool enlarged = false;
    const spec::PassSpec* moved = nullptr;
    for (const spec::PassSpec& pass : shot_.passes) {
        const nlohmann::json& facts = schemas.schema(pass.name).at("x-wetgate");
        scales_.push_back(pass.enabled ? facts.value("scale", 1) : 1);
        const bool enlarges = scales_.back() != 1;
        const bool moves = facts.value("moves", false);
        is_moving_.push_back(moves);
        const bool masked = !pass.matte.empty() || !pass.protect.empty();
        if (moved != nullptr && pass.enabled && !moves) {
            throw Error(ErrorKind::Usage,
                        pass.pointer + ": '" + moved->name +
                            "' moves the picture, once, when all is repaired: put '" + pass.name +
                            "' before it",
                        {.file = {}, .shot = shot_.name, .frame = {}});
        }
        if (moves && pass.enabled) moved = &pass;
        if ((enlarges || moves) && (pass.frames || masked || pass.strength != 1 || pass.limit_stops)) {
            throw Error(ErrorKind::Usage,
                        pass.pointer + ": '" + pass.name +
                            "' changes the size or place of every frame: it cannot have frames, matte, "
                            "protect, strength or "
                            "limit_stops",
                        {.file = {}, .shot = shot_.name, .frame = {}});
        }
        if (enlarged && masked) {
            throw Error(ErrorKind::Usage,
                        pass.pointer + ": a matte has the size of the plate; put '" + pass.name +
                            "' before the pass that enlarges the picture",
                        {.file = {}, .shot = shot_.name, .frame = {}});
        }
        enlarged = enlarged || (enlarges && pass.enabled);
    }
}

// A reference of a pass that moves is a map: its numbers are places, which no colour transform may touch.
void ShotContext::check_map_spaces(const spec::PassSpec& pass) const {
    const std::string working = colors().resolve(job_.color.working);
    for (const std::string& name : pass.named_references) {
        const std::string space = colors().resolve(shot_.references.at(name).colorspace);
        if (colors().transform(space, working)->is_identity()) continue;
        throw Error(ErrorKind::Usage,
                    pass.pointer + ": the reference '" + name +
                        "' holds places and no colours: its colorspace is '" + space +
                        "', and must be one of data, \"Raw\"",
                    {.file = {}, .shot = shot_.name, .frame = {}});
    }
}

// What of the moves the parameters say; where to is in their artefacts.
void ShotContext::read_moves() {
    const framing::Canvas picture{info_.display_window.width() * scale(),
                                  info_.display_window.height() * scale()};
    for (const spec::OutputSpec& output : shot_.outputs) {
        moves_[output.name] = {};
        canvases_[output.name] = picture;
    }
    std::set<std::string> reframed;
    std::vector<std::size_t> overscanned;
    for (std::size_t i = 0; i < shot_.passes.size(); ++i) {
        if (!shot_.passes[i].enabled || !is_moving_[i]) continue;
        const auto pass = passes::find_pass(shot_.passes[i].name).make(pass_context(i, nullptr));
        const auto* move = dynamic_cast<const passes::MovingPass*>(pass.get());
        if (move == nullptr)
            throw Error(ErrorKind::Internal,
                        "the schema of '" + shot_.passes[i].name + "' says that it moves");
        check_map_spaces(shot_.passes[i]);
        if (!move->renders()) continue;
        for (const std::string& name : move->outputs()) {
            if (!moves_.contains(name)) {
                throw Error(ErrorKind::Usage,
                            shot_.passes[i].pointer + "/outputs: the shot has no output '" + name + "'",
                            {.file = {}, .shot = shot_.name, .frame = {}});
            }
        }
        for (const spec::OutputSpec& output : shot_.outputs) {
            if (!move->is_for(output.name)) continue;
            if (move->changes_light() && !moves_[output.name].empty()) {
                throw Error(ErrorKind::Usage,
                            shot_.passes[i].pointer + ": a vignette lies in the plate: put '" +
                                shot_.passes[i].name + "' before the other passes that move the picture",
                            {.file = {}, .shot = shot_.name, .frame = {}});
            }
            if (canvases_[output.name] != picture || reframed.contains(output.name)) {
                throw Error(ErrorKind::Usage,
                            shot_.passes[i].pointer + ": output '" + output.name +
                                "' has its crop by then: a shot is reframed once, behind all that moves "
                                "it otherwise",
                            {.file = {}, .shot = shot_.name, .frame = {}});
            }
            if (shot_.passes[i].name == "reframe") reframed.insert(output.name);
            moves_[output.name].push_back(i);
            canvases_[output.name] = move->canvas(canvases_[output.name]);
        }
        if (move->wants_overscan()) overscanned.push_back(i);
    }
    for (const std::size_t i : overscanned) {
        const bool is_used =
            std::any_of(shot_.outputs.begin(), shot_.outputs.end(), [&](const spec::OutputSpec& output) {
                const std::vector<std::size_t>& moves = moves_[output.name];
                return output.type == spec::OutputType::Exr && !moves.empty() && moves.back() == i;
            });
        if (is_used) continue;
        throw Error(ErrorKind::Usage,
                    shot_.passes[i].pointer +
                        "/canvas: no output would hold the overscan: EXR outputs do, where no pass behind '" +
                        shot_.passes[i].name +
                        "' moves the picture; leave \"canvas\" out, or give such an output",
                    {.file = {}, .shot = shot_.name, .frame = {}});
    }
}

std::size_t ShotContext::passes_before(std::size_t index) const {
    for (std::size_t i = 0; i < index; ++i)
        if (shot_.passes[i].enabled && is_moving_[i]) return i;
    return index;
}

int ShotContext::scale() const {
    return std::accumulate(scales_.begin(), scales_.end(), 1, std::multiplies<>());
}

fs::path ShotContext::work_folder() const {
    return job_.work / shot_.name;
}

void ShotContext::make_folder(const fs::path& folder) {
    with_retries(default_io_retries, [&] { wetgate::make_folder(folder); });
}

}  // namespace wetgate::pipeline
