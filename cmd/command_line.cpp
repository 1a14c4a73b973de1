#include "cmd/command_line.h"

#include <CLI/CLI.hpp>

#include "core/error.h"

namespace wetgate::cmd {
namespace {

void add_common(CLI::App& app, Options& options) {
    app.add_option("--progress", options.progress, "progress dialect on stdout")
        ->check(CLI::IsMember({"auto", "bar", "deadline", "openjd", "alf", "json", "none"}))
        ->capture_default_str();
    app.add_option("--log-json", options.log_json, "also log to this file, one JSON object a line");
    app.add_option("--exit-map", options.exit_map,
                   "opencue: out of memory ends with 33, which OpenCue retries with more")
        ->check(CLI::IsMember({"none", "opencue"}));
    app.add_flag("-v{1},--verbose{1},-q{-1},--quiet{-1}", options.verbosity, "more, or less, on stderr");
    app.add_option(
           "--threads", options.io_threads,
           "files decoded and encoded at once (default: the cores that the farm, taskset or the container "
           "leaves to this process)")
        ->check(CLI::Range(1, 256));
}

void add_isolation(CLI::App& app, Options& options) {
    app.add_option_function<std::string>(
           "--isolate", [&options](const std::string& choice) { options.isolate = choice == "on"; },
           "decode in processes of their own, so that a file that brings a decoder down costs its frame only")
        ->check(CLI::IsMember({"on", "off"}))
        ->default_str("on");
    app.add_option("--frame-limit", options.frame_limit_s,
                   "seconds that a decoder may take for a frame before it is ended")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
}

void add_models(CLI::App& app, Options& options) {
    app.add_option("--models", options.models,
                   "folder of cards and weights (default: $WETGATE_MODELS, or models beside the binary)");
}

void add_job(CLI::App& app, Options& options) {
    app.add_option("job", options.job, "the job file")->required();
    app.add_option("--shot", options.shot, "only this shot");
    app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N (default: the job's)");
    add_models(app, options);
    app.add_option("--path-map", options.path_map, "OpenJD path mapping file (pathmapping-1.0)")
        ->check(CLI::ExistingFile);
    app.add_option_function<std::vector<std::string>>(
           "--map",
           [&options](const std::vector<std::string>& rules) {
               for (const std::string& rule : rules) {
                   const std::size_t at = rule.find('=');
                   if (at == std::string::npos || at == 0)
                       throw CLI::ValidationError("--map", "write FROM=TO");
                   options.maps.emplace_back(rule.substr(0, at), rule.substr(at + 1));
               }
           },
           "FROM=TO: where paths of the job lie on this machine; may be repeated")
        ->allow_extra_args(false);
    add_isolation(app, options);
    add_common(app, options);
}

void add_output_roots(CLI::App& app, Options& options) {
    app.add_option("--output-root", options.output_roots,
                   "folder that the job may write in, links followed; may be repeated (default: anywhere)")
        ->allow_extra_args(false)
        ->delimiter(':')
        ->envname("WETGATE_OUTPUT_ROOTS");
}

void add_retries(CLI::App& app, Options& options) {
    app.add_option("--io-retries", options.io_retries,
                   "tries after a transient fault of a network file system (then exit 75)")
        ->check(CLI::Range(0, 20))
        ->capture_default_str();
}

void add_frames(CLI::App& app, Options& options) {
    app.add_option("--frames", options.frames, "frames to make: 1001-1010, 1001-1100x2, 1,5-8 ...");
    app.add_option("--frames-syntax", options.frames_syntax, "whose reading of a-b:n holds")
        ->check(CLI::IsMember({"none", "openjd", "deadline", "opencue"}))
        ->capture_default_str();
    app.add_option("--chunk-index", options.chunk_index, "the n-th chunk of the job's frames, from 0")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--chunk-size", options.chunk_size, "frames a chunk")->check(CLI::Range(1, 1'000'000));
    add_retries(app, options);
    app.add_flag("--overwrite", options.overwrite, "make frames again that are done already");
    app.add_flag("--continue-on-error", options.continue_on_error,
                 "go on after a frame that cannot be made (exit 20)");
}

void add_preview(CLI::App& app, Options& options) {
    app.add_flag("--preview", options.preview,
                 "for review, beside the report: SHOT.preview.mov (ProRes proxy, the plate with what each "
                 "output shows of it) and SHOT.preview.png (contact sheet and paths)");
}

void add_gate(CLI::App& app, Options& options) {
    app.add_option("--qc-gate", options.qc_gate, "off, warn or fail (default: the job's)")
        ->check(CLI::IsMember({"off", "warn", "fail"}));
    app.add_flag("--mix-fingerprints", options.mix_fingerprints,
                 "merge frames of different devices or libraries");
    app.add_flag("--verify", options.verify, "hash every output file again while merging");
    add_preview(app, options);
}

void add_compare(CLI::App& app, Options& options) {
    CompareOptions& compare = options.compare;
    app.add_option("a", options.media_a, "file, pattern or movie")->required();
    app.add_option("b", options.media_b, "file, pattern or movie")->required();
    app.add_option("--range", options.media_range, "frames (default: those found)");
    app.add_option("--tolerance", options.tolerance, "greatest difference that ends with 0 (else 15)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option(
           "--region", compare.regions,
           "NAME=x0,y0,x1,y1: figures of this box too, in picture coordinates, its ends exclusive; may "
           "be repeated")
        ->allow_extra_args(false);
    app.add_option("--matte", compare.matte,
                   "figures inside (matte above 0), outside (0) and on the edge of this matte too");
    app.add_option("--ring", compare.ring, "pixels on either side of the matte's border that are its edge")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option(
        "--difference", compare.difference,
        "write |A - B| of R, G, B: diff.####.exr (float), diff.####.png (times --gain, for the eye)");
    app.add_option("--gain", compare.gain, "of PNG difference images")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--csv", compare.csv, "write one line a frame, region and channel to this file");
    app.add_option("--colorspace", compare.colorspace,
                   "space of both: gives dE-ITP (BT.2124; 1.0 of linear light is 203 cd/m2)");
    app.add_option("--colorspace-b", compare.colorspace_b, "space of the second, where it is another");
    app.add_option("--config", compare.config, "builtin, $OCIO or an OCIO config file")
        ->capture_default_str();
    app.add_flag("--json", options.json, "JSON instead of text");
    add_isolation(app, options);
    add_common(app, options);
}

void add_qc(CLI::App& app, Options& options) {
    QcOptions& qc = options.qc;
    app.add_option("media", options.media_a, "file, pattern (plate.####.exr) or movie");
    app.add_option("--range", options.media_range, "frames (default: those found)");
    app.add_option("--colorspace", qc.colorspace, "space of the pictures (default: what a movie's tags say)");
    app.add_option(
        "--reference", qc.reference,
        "what it should be, frame by frame: its faults count as the source's, and PSNR, SSIM and dE-ITP "
        "are measured against it");
    app.add_option("--reference-colorspace", qc.reference_colorspace,
                   "where it is another than --colorspace");
    app.add_option("--config", qc.config, "builtin, $OCIO or an OCIO config file")->capture_default_str();
    app.add_option("-o,--output", qc.output, "folder for report.html, .json, .csv and junit.xml");
    app.add_option("--qc-gate", options.qc_gate, "fail: end with 15 at a Blocker; off, warn: do not")
        ->check(CLI::IsMember({"off", "warn", "fail"}));
    app.add_flag("--checks", qc.list_checks, "list the checks: method, standard, threshold; look at nothing");
    app.add_flag("--json", options.json, "JSON instead of text");
    add_isolation(app, options);
    add_common(app, options);
}

void add_env(CLI::App& app, farm::FarmSettings& settings) {
    app.add_option_function<std::vector<std::string>>(
           "--env",
           [&settings](const std::vector<std::string>& pairs) {
               for (const std::string& pair : pairs) {
                   const std::size_t at = pair.find('=');
                   if (at == std::string::npos || at == 0)
                       throw CLI::ValidationError("--env", "write NAME=VALUE");
                   settings.environment.emplace_back(pair.substr(0, at), pair.substr(at + 1));
               }
           },
           "NAME=VALUE: set for every task; may be repeated")
        ->allow_extra_args(false);
}

void add_submit(CLI::App& app, Options& options) {
    SubmitOptions& submit = options.submit;
    farm::FarmSettings& settings = submit.settings;
    app.add_option("--to", submit.to, "the farm: deadline, opencue, openjd, slurm, or local")->required();
    app.add_flag("--dry-run", submit.dry_run, "write the files, hand them to nobody");
    app.add_option("-o,--output", submit.folder,
                   "folder of the files for the farm (default: farm.NAME in the job's work folder)");
    app.add_option("--wetgate", settings.wetgate, "the binary, as the farm's machines find it")
        ->capture_default_str();
    app.add_option("--chunk", settings.chunk,
                   "frames a task (default: 10, or so many that handles cost at most a quarter more)")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--cores", settings.cores, "of a task, and its --threads")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--memory", settings.memory_mib,
                   "MiB of a task (default: what `plan` reckons, and an eighth)")
        ->check(CLI::Range(1, 16'000'000));
    app.add_option("--gpus", settings.gpus,
                   "of a task (default: 1 where the job or --device names CUDA, else 0)")
        ->check(CLI::Range(0, 64));
    app.add_option("--gpu-memory", settings.gpu_memory_mib,
                   "MiB of memory of each GPU (default: what `plan` reckons, and an eighth)")
        ->check(CLI::Range(1, 16'000'000));
    app.add_option("--priority", settings.priority, "0 to 100")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    app.add_option("--retries", settings.retries, "of a task that failed (Slurm: that ended with 75)")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    app.add_option("--time-limit", settings.time_limit_min, "minutes of a task (default: none)")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--pool", settings.pool, "Deadline: pool");
    app.add_option("--secondary-pool", settings.secondary_pool, "Deadline: secondary pool");
    app.add_option("--group", settings.group, "Deadline: group");
    app.add_option("--partition", settings.partition, "Slurm: partition");
    app.add_option("--account", settings.account, "Slurm: account");
    app.add_option("--facility", settings.facility, "OpenCue: facility");
    app.add_option("--user", settings.user, "OpenCue: whose job it is (default: who submits)");
    app.add_option("--tags", settings.tags,
                   "machines: OpenCue tags, Slurm constraints, OpenJD attr.NAME=VALUE")
        ->delimiter(',');
    app.add_option("--limits", settings.limits, "licences and other counted things")->delimiter(',');
    app.add_option("--department", settings.department, "Deadline: department");
    app.add_option("--comment", settings.comment, "for people who look at the monitor");
    app.add_option("--plugin", settings.plugin, "Deadline: wetgate (scripts/deadline) or commandline")
        ->check(CLI::IsMember({"wetgate", "commandline"}))
        ->capture_default_str();
    app.add_option("--concurrent-tasks", settings.concurrent_tasks,
                   "Deadline: tasks of a step that one worker runs at once")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    app.add_flag("--chunking", settings.task_chunking, "OpenJD: use the extension TASK_CHUNKING");
    add_env(app, settings);
    app.add_flag("--continue-on-error", options.continue_on_error,
                 "tasks go on after a frame that cannot be made; the merge ends with 20 then");
    app.add_flag("--overwrite", options.overwrite, "tasks make frames again that are done already");
    app.add_option("--io-retries", options.io_retries, "of the tasks")->check(CLI::Range(0, 20));
    app.add_flag("--mix-fingerprints", options.mix_fingerprints,
                 "of the merge: frames of different devices or libraries");
    app.add_flag("--verify", options.verify, "of the merge: hash every output file again");
    add_preview(app, options);
    app.add_option("--qc-gate", options.qc_gate, "of the merge: off, warn or fail (default: the job's)")
        ->check(CLI::IsMember({"off", "warn", "fail"}));
}

constexpr const char* conform_footer =
    R"(The template is a job with one shot. {shot} {event} {reel} {clip} {version} in its paths are filled in
for each event; its mattes, references and files of passes go on meaning the files that it means, its outputs start
at the job that is written. An event is found by reel, file or clip name, and its timecode; what is not found, or found
twice, is listed. The shots of a folder are called as their folders and files are. Exit 0: every event is conformed,
20: some are not, 10: none is. With --json the last line of a failure is left out.)";

void add_conform(CLI::App& app, Options& options) {
    ConformOptions& conform = options.conform;
    app.add_option("list", conform.list,
                   "a CMX3600 EDL, OpenTimelineIO JSON, or a folder: all that lies in it, whole")
        ->required();
    app.add_option("--media", conform.media,
                   "folder to find the media of a list in, and in its folders (a folder is its own)");
    app.add_option("--template", conform.pattern, "a job whose one shot is the pattern of all")->required();
    app.add_option("-o,--output", conform.job, "the job file to write")->required();
    app.add_option("--rate", conform.rate,
                   "frames a second that the list counts: 24, 25, 24000/1001, 29.97 (default: an EDL's is "
                   "source.rate of the template, an OTIO file has its own)");
    app.add_option("--handles", conform.handles, "frames before and behind the cut for passes to read")
        ->check(CLI::Range(0, 100'000))
        ->capture_default_str();
    app.add_option("--first-frame", conform.first_frame,
                   "number of the first frame of a movie's cut (sequences keep their numbers)")
        ->check(CLI::Range(-100'000'000, 100'000'000))
        ->capture_default_str();
    app.add_option("--set-version", conform.version, "what {version} stands for")->capture_default_str();
    app.add_option("--use", conform.choice, "which media: any, sequences or movies")
        ->check(CLI::IsMember({"any", "sequences", "movies"}))
        ->capture_default_str();
    app.add_flag("--with-cdl", conform.with_cdl, "write the list's ASC CDLs as .cc files into JOB.cdl/");
    app.add_option("--apply-cdl", conform.apply_cdl,
                   "and grade each shot with its CDL first, in this colour space (ACEScct, say)");
    app.add_flag("--overwrite", options.overwrite, "replace a job file of that name");
    app.add_flag("--json", options.json, "JSON instead of a table");
    app.footer(conform_footer);
    add_common(app, options);
}

constexpr const char* footer =
    R"(Exit codes: 0 done, 1 internal fault, 2 usage or job invalid, 10 input missing or corrupt,
11 output not writable, 12 model, 13 no such device, 14 out of memory, 15 QC gate,
20 some frames missing or substituted (others done), 75 temporary, retry.)";

}  // namespace

std::optional<Options> parse_command_line(int argc, char** argv, int& code) {
    Options options;
    CLI::App app("wetgate repairs production footage: JSON job in, conformed frames and a QC report out.",
                 "wetgate");
    app.set_version_flag("--version", std::string("wetgate ") + WETGATE_VERSION);
    app.require_subcommand(1);
    app.footer(footer);
    app.option_defaults()->always_capture_default(false);

    CLI::App* run = app.add_subcommand("run", "run a job, or a shard of it");
    add_job(*run, options);
    add_frames(*run, options);
    add_gate(*run, options);
    add_output_roots(*run, options);
    run->add_flag("--leave-to-merge", options.leave_to_merge,
                  "end with 0, not 20, where frames are missing or substituted: the merge tells of them");
    run->add_option("--stage", options.stage, "measure, solve, apply or all")
        ->check(CLI::IsMember({"measure", "solve", "apply", "all"}))
        ->capture_default_str();

    CLI::App* plan = app.add_subcommand("plan", "stages, shards, handle cost, memory and disk");
    add_job(*plan, options);
    plan->add_option("--chunk", options.chunk_size, "frames a shard (default: one shard)")
        ->check(CLI::Range(1, 1'000'000));
    plan->add_flag("--json", options.json, "JSON instead of a table");

    CLI::App* validate =
        app.add_subcommand("validate", "check schema, sources, colour spaces and writability; do no work");
    add_job(*validate, options);
    add_output_roots(*validate, options);

    CLI::App* merge = app.add_subcommand("merge", "join shards: completeness, movies, report");
    add_job(*merge, options);
    add_gate(*merge, options);
    add_output_roots(*merge, options);
    add_retries(*merge, options);
    merge->add_flag("--continue-on-error", options.continue_on_error,
                    "report missing frames instead of refusing");

    CLI::App* submit = app.add_subcommand("submit", "hand a job to a farm: dependent steps of sharded tasks");
    add_job(*submit, options);
    add_submit(*submit, options);
    add_output_roots(*submit, options);

    CLI::App* probe = app.add_subcommand("probe", "what a file, sequence or movie is");
    probe->add_option("media", options.media_a, "file or pattern (plate.####.exr)")->required();
    probe->add_option("--range", options.media_range, "frames of a sequence (default: those found)");
    probe->add_flag("--decode", options.decode, "decode every frame");
    probe->add_flag("--json", options.json, "JSON instead of text");
    add_isolation(*probe, options);
    add_common(*probe, options);

    add_compare(*app.add_subcommand("compare", "PSNR, SSIM, greatest difference, header differences"),
                options);
    add_qc(*app.add_subcommand("qc", "quality control of any media, without a job"), options);
    add_conform(*app.add_subcommand("conform", "a job from an EDL, an OTIO list or a folder, and a template"),
                options);

    CLI::App* train =
        app.add_subcommand("train", "train or fine-tune a model from key frames or clean pictures");
    train->add_option("spec", options.job, "what to train (schemas/train.schema.json)")->required();
    train->add_option("--device", options.device, "auto, cpu, cuda or cuda:N (default: the spec's)");
    train->add_flag("--overwrite", options.overwrite, "replace a model of that name");
    add_models(*train, options);
    add_common(*train, options);

    CLI::App* passes = app.add_subcommand("passes", "the fix passes");
    passes->require_subcommand(1);
    passes->add_subcommand("list", "one line a pass");
    passes->add_subcommand("show", "parameters, reach and limits of a pass")
        ->add_option("pass", options.pass)
        ->required();

    CLI::App* models = app.add_subcommand("models", "the models of a folder");
    models->require_subcommand(1);
    models->fallthrough();  // --models may stand behind the verb
    add_models(*models, options);
    models->add_subcommand("list", "one line a model");
    models->add_subcommand("show", "a model's card")->add_option("model", options.model)->required();
    models->add_subcommand("verify", "cards, SHA-256 of weights, and that each network takes its weights")
        ->add_option("model", options.model, "only this one");

    options.command_line.assign(argv, argv + argc);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        code = app.exit(error) == 0 ? 0 : exit_code(ErrorKind::Usage);
        return std::nullopt;
    }
    options.verb = app.get_subcommands().front()->get_name();
    if (options.verb == "models") options.models_verb = models->get_subcommands().front()->get_name();
    return options;
}

}  // namespace wetgate::cmd
