#pragma once

namespace wetgate::cmd {

/// What a process needs before it opens its first file: descriptors 0 to 2 are taken, so that no line of
/// progress goes into a frame; a reader that closes the pipe and a limit of file sizes come back as errors of
/// the call (EPIPE, EFBIG) instead of killing the process.
void prepare_process();

/// Error{OutOfMemory} where as many threads as a run may start cannot be started (limits of processes and
/// memory). LibTorch waits for ever for one that it does not get, so that it is found out before.
void check_threads();

/// Flushes stdout. True when something that was printed there is lost, of which stderr is told; false when it
/// is lost because its reader closed the pipe and so wanted no more.
bool lost_output();

}  // namespace wetgate::cmd
