#pragma once

namespace wetgate {

/// Fixes what makes arithmetic differ between machines of one kind, before the libraries that read it are
/// loaded: the instruction set that LibTorch's kernels, oneDNN, OpenBLAS and OpenCV may use, and their thread
/// pools. A value that is set already stays (a farm may pin another one; the compute fingerprint tells). See
/// Note [What pins the bits].
void pin_environment();

/// Keeps freed frame-sized blocks in the process instead of unmapping and page-faulting them again for each
/// frame.
void keep_large_blocks();

}  // namespace wetgate
