#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "farm/farm_settings.h"

namespace wetgate::cmd {

/// What `compare` takes besides.
struct CompareOptions {
    std::vector<std::string> regions;  ///< NAME=x0,y0,x1,y1
    std::optional<std::filesystem::path> matte;
    int ring = 4;                           ///< pixels on either side of the matte's border
    std::optional<std::string> difference;  ///< file or pattern
    double gain = 1;                        ///< of PNG difference images
    std::optional<std::filesystem::path> csv;
    std::optional<std::string> colorspace, colorspace_b;
    std::string config = "builtin";
};

/// What `conform` takes besides.
struct ConformOptions {
    std::filesystem::path list;     ///< EDL or OTIO
    std::filesystem::path media;    ///< folder
    std::filesystem::path pattern;  ///< the template job
    std::filesystem::path job;      ///< to write
    std::optional<std::string> rate;
    int handles = 8;
    int first_frame = 1001;                ///< of a movie's cut
    std::string version = "v001";          ///< {version}
    std::string choice = "any";            ///< any, sequences, movies
    bool with_cdl = false;                 ///< write .cc files
    std::optional<std::string> apply_cdl;  ///< and grade with them in this space
};

/// What `qc` takes besides.
struct QcOptions {
    std::filesystem::path reference;
    std::string colorspace, reference_colorspace;
    std::string config = "builtin";
    std::filesystem::path output;  ///< folder of the report
    bool list_checks = false;
};

/// What `submit` takes besides.
struct SubmitOptions {
    std::string to;                ///< the scheduler
    std::filesystem::path folder;  ///< of the files for it; empty: in the work folder
    bool dry_run = false;
    farm::FarmSettings settings;
};

/// The command line, parsed: what main hands to a verb.
struct Options {
    std::string verb;
    std::vector<std::string> command_line;  ///< as typed, for the report's `run` part

    std::filesystem::path job;                    ///< run, plan, validate, merge; train: its spec
    std::string pass;                             ///< passes show
    std::string models_verb;                      ///< list, show, verify
    std::string model;                            ///< models show, models verify
    std::optional<std::filesystem::path> models;  ///< folder of models
    std::filesystem::path media_a, media_b;       ///< probe; compare
    std::string media_range;                      ///< probe, compare: frames of a sequence
    QcOptions qc;
    CompareOptions compare;
    ConformOptions conform;
    SubmitOptions submit;

    std::optional<std::string> shot;
    std::optional<std::string> frames;
    std::string frames_syntax = "none";  ///< none, openjd, deadline, opencue
    std::optional<int> chunk_index, chunk_size;
    std::string stage = "all";  ///< measure, solve, apply, all
    std::optional<std::string> device;
    int io_threads = 0;  ///< 0: one for each core
    bool overwrite = false;
    bool continue_on_error = false;
    bool leave_to_merge = false;  ///< run: missing and substituted frames are no failure yet
    bool mix_fingerprints = false;
    bool verify = false;                 ///< merge: hash every output again
    bool preview = false;                ///< run, merge: movies and sheets for review
    std::optional<std::string> qc_gate;  ///< off, warn, fail
    int io_retries = 4;
    std::vector<std::filesystem::path> output_roots;  ///< where alone may be written; empty: anywhere
    bool isolate = true;                              ///< decode in processes of their own
    int frame_limit_s = 120;                          ///< that a decoder may take for a frame

    std::optional<std::filesystem::path> path_map;
    std::vector<std::pair<std::string, std::string>> maps;

    double tolerance = 0;  ///< compare
    bool json = false;     ///< plan, probe, compare, conform
    bool decode = false;   ///< probe: decode every frame

    std::string progress = "auto";  ///< auto bar deadline openjd alf json none
    std::string exit_map = "none";  ///< none, opencue
    std::optional<std::filesystem::path> log_json;
    int verbosity = 0;  ///< -1 quiet, 0, 1 verbose
};

}  // namespace wetgate::cmd
