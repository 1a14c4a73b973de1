#include "pipeline/write_guard.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/retry.h"
#include "core/system_error.h"
#include "spec/job_checks.h"
#include "spec/output_names.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> look(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return Identity{status.st_dev, status.st_ino};
    const Error error = read_error("look at", errno, {.file = path.string(), .shot = {}, .frame = {}});
    if (error.kind() != ErrorKind::Input) throw error;  // it may be there
    return std::nullopt;
}

std::optional<Identity> identity(const fs::path& path) {
    return with_retries(default_io_retries, [&] { return look(path); });
}

/// Where a folder really lies, as far as it is there.
fs::path real_folder(const fs::path& folder) {
    std::error_code problem;
    const fs::path real = fs::weakly_canonical(folder, problem);
    return problem ? folder.lexically_normal() : real;
}

/// The job with every link in its folders' names followed.
spec::JobSpec with_real_folders(spec::JobSpec job) {
    std::map<fs::path, fs::path> known;
    const auto follow = [&known](spec::PathPattern& pattern) {
        if (pattern.text().empty()) return;
        const auto [entry, is_new] = known.emplace(pattern.folder(), fs::path());
        if (is_new) entry->second = real_folder(pattern.folder());
        if (entry->second == pattern.folder()) return;
        const std::string name = fs::path(pattern.text()).filename().string();
        pattern = spec::PathPattern::parse(name).resolved(entry->second);
    };
    for (spec::ShotSpec& shot : job.shots) {
        follow(shot.source.path.pattern);
        if (shot.audio) follow(shot.audio->path.pattern);
        for (auto& [name, matte] : shot.mattes) follow(matte.path.pattern);
        for (auto& [name, reference] : shot.references) follow(reference.path.pattern);
        for (spec::OutputSpec& output : shot.outputs) follow(output.path.pattern);
    }
    return job;
}

class Inputs {
public:
    explicit Inputs(const spec::JobSpec& job) {
        add(job.file, "the job file");
        for (const spec::ShotSpec& shot : job.shots) {
            const std::string of_shot = " of shot " + shot.name;
            const FrameRange own = shot.source.range.value_or(FrameRange{0, 1});
            add(shot.source.path.pattern, own, "the source" + of_shot);
            if (shot.audio) add(shot.audio->path.pattern.path(0), "the audio" + of_shot);
            for (const auto& [name, matte] : shot.mattes)
                add(matte.path.pattern, shot.source.range ? own : shot.range.value_or(own),
                    "matte " + name + of_shot);
            for (const auto& [name, reference] : shot.references)
                add(reference.path.pattern, reference.range.value_or(FrameRange{0, 1}),
                    "reference " + name + of_shot);
            for (const spec::PassSpec& pass : shot.passes)
                if (!pass.artefact.empty()) add(pass.artefact, "the artefact of " + pass.name + of_shot);
        }
    }

    /// What of the inputs the file is; nullptr for none.
    const std::string* find(const fs::path& file) const {
        const auto id = identity(file);
        const auto found = id ? what_.find(*id) : what_.end();
        return found == what_.end() ? nullptr : &found->second;
    }

private:
    void add(const fs::path& file, const std::string& what) {
        if (const auto id = identity(file)) what_.emplace(*id, what);
    }
    void add(const spec::PathPattern& pattern, const FrameRange& range, const std::string& what) {
        for (int frame = range.first; frame < range.end; ++frame) {
            add(pattern.path(frame), what);
            if (!pattern.is_sequence()) return;
        }
    }

    std::map<Identity, std::string> what_;
};

void refuse_linked_files(const spec::JobSpec& job) {
    const Inputs inputs(job);
    for (const spec::ShotSpec& shot : job.shots) {
        const FrameRange range = shot.range.value_or(shot.source.range.value_or(FrameRange{0, 1}));
        for (const spec::OutputSpec& output : shot.outputs) {
            for (int frame = range.first; frame < range.end; ++frame) {
                const fs::path file =
                    output.path.pattern.path(spec::number_in_name(output, frame, range.first));
                if (const std::string* what = inputs.find(file)) {
                    throw Error(ErrorKind::Usage,
                                "output '" + output.name + "' would overwrite " + *what +
                                    ", which this name leads to by a link; give it another path",
                                {.file = file.string(), .shot = shot.name, .frame = frame});
                }
                if (!output.path.pattern.is_sequence()) break;
            }
        }
    }
}

bool is_within(const fs::path& path, const fs::path& root) {
    return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

void refuse_overwriting(const spec::JobSpec& job) {
    const std::vector<spec::Problem> problems = spec::check_job(with_real_folders(job));
    if (!problems.empty()) {
        throw Error(ErrorKind::Usage,
                    problems.front().pointer + ": links followed, it " + problems.front().message,
                    {.file = job.file.string(), .shot = {}, .frame = {}});
    }
    refuse_linked_files(job);
}

void refuse_outside(const spec::JobSpec& job, std::span<const fs::path> roots) {
    if (roots.empty()) return;
    std::vector<fs::path> real_roots;
    for (const fs::path& root : roots) {
        std::error_code problem;
        real_roots.push_back(fs::canonical(root, problem));
        if (problem)
            throw Error(ErrorKind::Usage, "the output root is not there: " + problem.message(),
                        {.file = root.string(), .shot = {}, .frame = {}});
    }
    const auto check = [&](const fs::path& folder, const std::string& what, const std::string& shot) {
        const fs::path real = real_folder(folder);
        const bool inside = std::any_of(real_roots.begin(), real_roots.end(),
                                        [&](const fs::path& root) { return is_within(real, root); });
        if (inside) return;
        throw Error(
            ErrorKind::Usage,
            what + " lies in " + real.string() +
                ", which is in none of the folders that --output-root (or WETGATE_OUTPUT_ROOTS) allows",
            {.file = folder.string(), .shot = shot, .frame = {}});
    };
    check(job.work, "the work folder", "");
    if (!job.qc.report.empty()) check(job.qc.report, "the report", "");
    for (const spec::ShotSpec& shot : job.shots) {
        for (const spec::OutputSpec& output : shot.outputs)
            check(output.path.pattern.folder(), "output '" + output.name + "'", shot.name);
        // Folders that an earlier run left, or somebody made in its place.
        std::error_code ignored;
        auto entry = fs::recursive_directory_iterator(job.work / shot.name, ignored);
        for (; entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
            if (entry->is_symlink(ignored)) check(entry->path(), "the work folder", shot.name);
        }
    }
}

}  // namespace wetgate::pipeline
