#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace wetgate::farm {

/// What a person says about a submission, beyond the job. Texts may hold anything but control characters
/// (make_farm_job() refuses those); each scheduler's writer quotes them.
struct FarmSettings {
    std::string wetgate = "wetgate";  ///< the binary, as the farm's machines find it
    int chunk = 0;                    ///< frames a task; 0: so that handles cost at most a quarter more
    int most_tasks = 0;               ///< of a step, where `chunk` is 0; 0: any number
    int cores = 4;                    ///< of a task: its --threads
    std::int64_t memory_mib = 0;      ///< of a task; 0: what the plan reckons, and an eighth more
    int gpus = -1;                    ///< of a task; -1: 1 where the job or --device names CUDA, else 0
    std::int64_t gpu_memory_mib = 0;  ///< of each GPU; 0: what the plan reckons, and an eighth more
    int priority = 50;                ///< 0..100
    int retries = 3;                  ///< of a task
    int time_limit_min = 0;           ///< of a task, minutes; 0: none
    std::string pool, secondary_pool, group, partition, account, department, comment, facility;
    std::vector<std::string> tags;    ///< of machines (OpenCue), features (Slurm)
    std::vector<std::string> limits;  ///< licences and other counted things
    std::vector<std::pair<std::string, std::string>> environment;  ///< of every task
    std::string plugin = "wetgate";  ///< Deadline: wetgate (scripts/deadline) or commandline
    bool task_chunking = false;      ///< OpenJD: the extension TASK_CHUNKING
    int concurrent_tasks = 1;        ///< Deadline: tasks of a step that one worker runs at once
    std::string device;              ///< --device of the command line; empty: the job's
    std::vector<std::string>
        options;  ///< further options of `run` and `merge` of every step: --models DIR ...
    std::vector<std::string> run_options;    ///< of `run` alone: --overwrite ...
    std::vector<std::string> merge_options;  ///< of `merge` alone: --qc-gate warn ...
    std::string user;                        ///< OpenCue: whose job it is; empty: who submits
};

}  // namespace wetgate::farm
