#pragma once
#include <vector>

#include "spec/job_spec.h"
#include "spec/problem.h"

namespace wetgate::spec {

/// What only the whole job shows: names that repeat; outputs that would write over a source, a matte, a
/// reference, an artefact, the job file or each other; sequences without a frame number. By names alone: no
/// file is looked at.
std::vector<Problem> check_job(const JobSpec& job);

}  // namespace wetgate::spec
