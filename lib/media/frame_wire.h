#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/host_frame.h"
#include "media/source.h"
#include "media/wire.h"

/// Frames on their way between processes: see Note [The wire]. The samples travel beside these bytes, plane
/// after plane in the order of the parts.
namespace wetgate::media {

/// What a packed frame starts with.
enum class FrameForm : std::uint8_t {
    Exr,   ///< the file's header, which says all
    Bare,  ///< its planes: a movie
    Still  ///< its planes and a StillHeader
};

/// Everything of the frame but its samples and its number.
void pack_frame(const HostFrame& frame, WireWriter& out);

/// The frame that was packed, its planes without samples (`data` is null). WireFault for anything that a
/// reader of this build would not have made of a file within request.limits: what comes out may be worked on
/// like a frame that was read here.
HostFrame unpack_frame(WireReader& in, const SourceRequest& request);

/// Bytes of all samples, by the geometry of the planes.
std::size_t sample_bytes(const HostFrame& frame);

void pack_info(const SourceInfo& info, WireWriter& out);
/// WireFault for what no source of this request could say of itself.
SourceInfo unpack_info(WireReader& in, const SourceRequest& request);

/// All of a request but path_of, which the other process has to ask for. Both ways within wetgate's trust.
void pack_request(const SourceRequest& request, WireWriter& out);
SourceRequest unpack_request(WireReader& in);

}  // namespace wetgate::media
