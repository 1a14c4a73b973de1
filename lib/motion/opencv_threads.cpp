#include "motion/opencv_threads.h"

#include <mutex>
#include <opencv2/core/utility.hpp>

namespace wetgate::motion {

// Note [OpenCV and threads]
// OpenCV's inverse search hands rows to threads in stripes and lets each patch start from its neighbour in
// the same stripe, so its result depends on the number of threads. One thread makes it a function of the
// pictures alone. The setting is OpenCV's own process-wide one; wetgate runs its frames in parallel itself,
// so nobody needs it restored. Setting it is not safe from two threads at once, to the same value neither
// (with TBB one of them tears down the arena that the other has begun to use): hence once.
void pin_opencv_threads() {
    static std::once_flag once;
    std::call_once(once, [] { cv::setNumThreads(1); });
}

}  // namespace wetgate::motion
