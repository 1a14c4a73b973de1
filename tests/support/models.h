#pragma once
#include <string>

#include "nets/job_models.h"

namespace wetgate::tests {

/// The shipped models, for a show without a name, on the CPU.
inline nets::JobModels shipped_models() {
    return nets::JobModels(WETGATE_SHIPPED_MODELS, "", c10::Device(c10::kCPU), false);
}

}  // namespace wetgate::tests
