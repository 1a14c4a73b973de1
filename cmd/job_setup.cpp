#include "cmd/job_setup.h"

#include <algorithm>

#include "core/binary_folder.h"
#include "core/error.h"
#include "core/share.h"
#include "spec/frame_text.h"
#include "spec/path_map.h"

namespace wetgate::cmd {
namespace {

spec::FramesSyntax syntax_of(const Options& options) {
    return *spec::parse_frames_syntax(options.frames_syntax);
}

pipeline::Stage stage_of(const std::string& text) {
    if (text == "measure") return pipeline::Stage::Measure;
    if (text == "solve") return pipeline::Stage::Solve;
    return text == "apply" ? pipeline::Stage::Apply : pipeline::Stage::All;
}

spec::PathMap path_map_of(const Options& options) {
    spec::PathMap map;
    if (options.path_map) spec::read_path_map(map, *options.path_map);
    for (const auto& [from, to] : options.maps) map.add(from, to);
    return map;
}

spec::JobSpec load(const Options& options) {
    const spec::LoadOptions load_options{path_map_of(options), syntax_of(options)};
    return spec::load_job(options.job, load_options);
}

}  // namespace

JobSetup::JobSetup(const Options& options)
    : job(load(options)),
      colors_(color::Config::load(job.color.config, job.folder)),
      runtime_({options.device.value_or(job.compute.device),
                std::string(spec::to_text(job.compute.precision)), job.compute.threads}),
      models_(nets::model_folder(options.models), job.show, runtime_.device(),
              job.compute.precision == spec::Precision::Fp16),
      decoders_(decoders_of(options)) {}

std::shared_ptr<isolate::DecoderPool> decoders_of(const Options& options) {
    if (!options.isolate) return nullptr;
    return std::make_shared<isolate::DecoderPool>(isolate::DecoderSettings{
        binary_folder() / "wetgate-decoder", std::chrono::seconds(options.frame_limit_s)});
}

pipeline::JobRequest request_of(const Options& options) {
    if (options.frames && options.chunk_index) {
        throw Error(ErrorKind::Usage,
                    "--frames and --chunk-index exclude each other: both say which frames to make");
    }
    if (options.chunk_index.has_value() != options.chunk_size.has_value()) {
        throw Error(ErrorKind::Usage, "--chunk-index and --chunk-size go together");
    }
    pipeline::JobRequest request;
    request.shot = options.shot;
    if (options.frames) request.frames = spec::parse_frames(*options.frames, syntax_of(options));
    request.chunk_index = options.chunk_index;
    request.chunk_size = options.chunk_size;
    request.stage = stage_of(options.stage);
    request.io = {io_threads_of(options), options.io_retries};
    request.overwrite = options.overwrite;
    request.continue_on_error = options.continue_on_error;
    request.mix_fingerprints = options.mix_fingerprints;
    request.verify = options.verify;
    request.preview = options.preview;
    if (request.preview && options.verb == "run" && !request.whole()) {
        throw Error(ErrorKind::Usage,
                    "--preview shows whole shots: a run of some frames or one stage makes none; give it to "
                    "`wetgate merge` instead");
    }
    request.output_roots = output_roots_of(options);
    return request;
}

std::vector<std::filesystem::path> output_roots_of(const Options& options) {
    const spec::PathMap map = path_map_of(options);
    std::vector<std::filesystem::path> roots;
    for (const std::filesystem::path& root : options.output_roots)
        roots.emplace_back(map.apply(root.string()));
    return roots;
}

int io_threads_of(const Options& options) {
    if (options.io_threads > 0) return options.io_threads;
    return std::min(threads_of(cpu_facts()), 64);
}

}  // namespace wetgate::cmd
