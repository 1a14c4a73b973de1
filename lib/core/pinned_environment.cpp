#include "core/pinned_environment.h"

#include <malloc.h>
#include <stdlib.h>

namespace wetgate {

// Note [What pins the bits]
// Measured with LibTorch 1.13: exp, mean and bilinear differ by ISA, convolutions by oneDNN's ISA, mean by
// thread count. AVX2 is what every render node of the last ten years has, so that is where all of them meet.
void pin_environment() {
    constexpr int keep_existing = 0;
    setenv("ATEN_CPU_CAPABILITY", "avx2", keep_existing);
    setenv("DNNL_MAX_CPU_ISA", "AVX2", keep_existing);
    setenv("OPENBLAS_NUM_THREADS", "1", keep_existing);
    setenv("OPENBLAS_CORETYPE", "Haswell", keep_existing);
    setenv("OPENCV_CPU_DISABLE", "AVX512-SKX", keep_existing);
    setenv("OPENCV_IPP", "disabled", keep_existing);
    setenv("OMP_WAIT_POLICY", "PASSIVE",
           keep_existing);  // spinning teams starve the encoders on small machines
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", keep_existing);
}

void keep_large_blocks() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_ARENA_MAX, 1);  // with more, frames that one thread frees are not found again by another
}

}  // namespace wetgate
