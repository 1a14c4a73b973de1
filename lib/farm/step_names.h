#pragma once
#include <span>
#include <string>
#include <vector>

#include "farm/farm_job.h"

namespace wetgate::farm {

/// Names of the steps for a farm that has shorter ones or takes other letters: each letter as `letter` has
/// it, cut to `longest` bytes, and made unique by the step's number at the end where that is needed. The same
/// for the same steps.
std::vector<std::string> step_names(std::span<const Step> steps, std::size_t longest, char (*letter)(char));

}  // namespace wetgate::farm
