#pragma once
#include "media/still_library.h"

namespace wetgate::isolate {

/// The descriptors that a decoder is started with.
constexpr int decoder_socket = 3, decoder_memory = 4, decoder_life = 5;

/// The decoder's side: locks the process in and answers requests until wetgate hangs up. `library` decodes
/// TIFF, PNG and JPEG. Returns the process's exit code; 2 when it was not started by wetgate.
int serve(const media::StillLibrary& library);

}  // namespace wetgate::isolate
