#pragma once
#include "compute/torch_errors.h"
#include "core/error.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Does `work`: LibTorch's own errors become ours at this border, where the frame is known.
template <class Work>
auto at_frame(const ShotContext& shot, int frame, const Work& work) {
    const ErrorContext where{.file = {}, .shot = shot.shot().name, .frame = frame};
    return compute::with_torch_errors(where, "use a larger machine, or fewer frames at once (--threads)",
                                      work);
}

}  // namespace wetgate::pipeline
