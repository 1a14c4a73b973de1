#include "farm/job_inputs.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "spec/pass_schemas.h"
#include "spec/rules.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;

struct Collected {
    std::set<fs::path> folders, files;

    void add(const spec::PathPattern& pattern) {
        if (pattern.is_sequence()) {
            folders.insert(pattern.folder());
        } else {
            files.insert(pattern.path(0));
        }
    }
};

void add_pass(Collected& inputs, const spec::PassSpec& pass, spec::PassSchemas& schemas) {
    if (!pass.artefact.empty()) inputs.files.insert(pass.artefact);
    const nlohmann::json& rule = schemas.schema(pass.name);
    nlohmann::json values = pass.params.values();
    spec::Rules(rule).visit_formats(rule, values, "",
                                    [&](const std::string& format, const std::string&, std::string& text) {
                                        if (format == "input-file" && !text.empty())
                                            inputs.files.insert(text);
                                    });
}

fs::path common_folder(const fs::path& a, const fs::path& b) {
    fs::path common;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end() && *i == *j; ++i, ++j) common /= *i;
    return common;
}

std::size_t depth(const fs::path& path) {
    return static_cast<std::size_t>(std::distance(path.begin(), path.end()));
}

}  // namespace

JobInputs inputs_of(const spec::JobSpec& job, std::span<const pipeline::ShotPlan> plans) {
    Collected inputs;
    spec::PassSchemas schemas;
    if (job.color.config != "builtin" && job.color.config != "$OCIO")
        inputs.folders.insert(fs::path(job.color.config).parent_path());  // its tables lie beside it
    for (const pipeline::ShotPlan& plan : plans) {
        const spec::ShotSpec& shot = job.shot(plan.shot);
        inputs.add(shot.source.path.pattern);
        for (const auto& [name, matte] : shot.mattes) inputs.add(matte.path.pattern);
        for (const auto& [name, reference] : shot.references) inputs.add(reference.path.pattern);
        if (shot.audio) inputs.add(shot.audio->path.pattern);
        for (const spec::PassSpec& pass : shot.passes) add_pass(inputs, pass, schemas);
    }
    return {{inputs.folders.begin(), inputs.folders.end()}, {inputs.files.begin(), inputs.files.end()}};
}

bool is_within(const fs::path& path, const fs::path& folder) {
    return common_folder(path, folder) == folder;
}

std::vector<fs::path> folded(std::vector<fs::path> folders, std::size_t most) {
    while (true) {
        // Sorted by their parts, a folder stands before what is in it and beside what shares most with it.
        std::sort(folders.begin(), folders.end());
        std::vector<fs::path> outer;
        for (const fs::path& folder : folders)
            if (outer.empty() || !is_within(folder, outer.back())) outer.push_back(folder);
        folders = std::move(outer);
        if (folders.size() <= most) return folders;
        std::size_t best = 0;
        for (std::size_t i = 1; i + 1 < folders.size(); ++i) {
            if (depth(common_folder(folders[i], folders[i + 1])) >
                depth(common_folder(folders[best], folders[best + 1])))
                best = i;
        }
        const fs::path both = common_folder(folders[best], folders[best + 1]);
        if (!both.has_relative_path())
            throw Error(ErrorKind::Usage, "the job has " + std::to_string(folders.size()) +
                                              " folders that share nothing, and the farm takes " +
                                              std::to_string(most) + ": submit its shots on their own");
        folders[best] = both;
    }
}

}  // namespace wetgate::farm
