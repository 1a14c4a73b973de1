#pragma once
#include <memory>

#include "core/log.h"
#include "isolate/decoder_pool.h"
#include "media/source.h"

namespace wetgate::isolate {

/// media::open_source() with every byte of the media read and decoded in a process of `decoders`; in this one
/// where that is nullptr. Frames, errors and what is logged are the same.
///
/// Besides: a frame that brings its decoder down (a signal, an exit, more time than the limit, an answer that
/// makes no sense) is Error{Input} that says so, and the next frame gets a new decoder. A frame is blamed
/// only when a decoder that has seen nothing else dies of it. Error{Temporary} when the limit was spent on
/// waiting for the disk, Error{OutOfMemory} when decoders are killed from outside.
std::unique_ptr<media::FrameSource> open_source(const media::SourceRequest& request, const Log& log,
                                                const std::shared_ptr<DecoderPool>& decoders);

}  // namespace wetgate::isolate
