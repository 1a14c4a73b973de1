#pragma once
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "media/source.h"
#include "passes/pass.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// The references of a shot's job, opened when a pass asks for them; the last few pictures are kept.
class ShotReferences final : public passes::References {
public:
    ShotReferences(const spec::ShotSpec& shot, const std::string& working_space, const JobTools& tools,
                   const IoSettings& io);
    ~ShotReferences() override;

    std::vector<int> frames(const std::string& name) const override;
    compute::DeviceFrame picture(const std::string& name, int frame) const override;
    /// Names, sizes and times of its files.
    nlohmann::json identity(const std::string& name) const;

private:
    struct Opened;
    const spec::ReferenceSpec& spec(const std::string& name) const;
    Opened& opened(const std::string& name) const;  // under the lock

    const spec::ShotSpec& shot_;
    const std::string working_space_;
    const JobTools tools_;
    const IoSettings io_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, std::unique_ptr<Opened>> opened_;
    mutable std::map<std::string, nlohmann::json> identities_;
    struct Kept {
        std::string name;
        int frame = 0;
        compute::DeviceFrame picture;
    };
    mutable std::list<Kept> kept_;  // the last used first
};

}  // namespace wetgate::pipeline
