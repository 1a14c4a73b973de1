#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "media/dpx_layout.h"

namespace wetgate::media {

/// What a DPX or Cineon file has around its pixels, as it has it.
struct DpxHeader final : StillHeader {
    DpxLayout layout;
    std::vector<std::byte> before;  ///< from the file's start to the first pixel
    std::vector<std::byte> after;   ///< behind the last pixel
    void pack(WireWriter& out) const override;
    /// WireFault unless it is the header of a file that dpx_layout() or cineon_layout() accepts within
    /// `limits`.
    static std::shared_ptr<DpxHeader> unpack(WireReader& in, const Limits& limits);
};

/// DPX (SMPTE ST 268-1, V1.0 and V2.0) with one image element: R,G,B(,A), A,B,G,R or luminance; 8, 10, 12, 16
/// bit integers (10 and 12 filled to either side or packed) and 32-bit float, both byte orders. Code values
/// come as they are. Error{Input} for anything else, and for a file shorter than its header says.
HostFrame read_dpx(ByteSpan file, const Limits& limits);

/// Cineon 4.5, 8 and 10 bit, interleaved.
HostFrame read_cineon(ByteSpan file, const Limits& limits);

/// A DPX of planes R, G, B(, A) or one plane: U8, U16 with `bits` significant bits, or F32 for bits = 32. A
/// frame that was a DPX of this shape keeps its header, byte order, packing and user data to the last byte;
/// one of another shape keeps the header's text and film fields. Otherwise the header is new, with every
/// unknown field undefined.
std::vector<std::byte> encode_dpx(const HostFrame& frame, int bits, const Rate& rate);

}  // namespace wetgate::media
