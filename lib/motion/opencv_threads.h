#pragma once

namespace wetgate::motion {

/// Gives OpenCV one thread, once a process; every use of OpenCV that may thread calls it first. See
/// Note [OpenCV and threads].
void pin_opencv_threads();

}  // namespace wetgate::motion
