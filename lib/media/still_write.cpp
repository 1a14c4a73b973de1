#include <fmt/format.h>
#include <half.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "media/dpx.h"
#include "media/oiio_still.h"
#include "media/still.h"

namespace wetgate::media {
namespace {

/// What a plane's samples become. bits = 0 for Half and F32.
struct SampleFormat {
    SampleType type = SampleType::U16;
    int bits = 16;
    bool operator==(const SampleFormat&) const = default;
};

SampleFormat of_frame(const HostFrame& frame, const Plane& plane) {
    switch (plane.type) {
        case SampleType::U8:
            return {plane.type, 8};
        case SampleType::U16:
            return {plane.type, frame.color.bits > 8 ? frame.color.bits : 16};
        default:
            return {plane.type, 0};
    }
}

StillFormat parse_type(const std::string& type) {
    if (type == "dpx") return StillFormat::Dpx;
    if (type == "tiff" || type == "tif") return StillFormat::Tiff;
    if (type == "png") return StillFormat::Png;
    if (type == "jpeg" || type == "jpg") return StillFormat::Jpeg;
    throw Error(ErrorKind::Usage,
                fmt::format("stills are written as dpx, tiff, png or jpeg, not '{}'", type));
}

SampleFormat of_bits(StillFormat format, int bits, const char* depths, std::initializer_list<int> allowed) {
    if (std::find(allowed.begin(), allowed.end(), bits) == allowed.end()) {
        throw Error(ErrorKind::Usage,
                    fmt::format("a {} is written with {} bits, not {}", format_name(format), depths, bits));
    }
    if (bits == 32) return {SampleType::F32, 0};
    return {bits == 8 ? SampleType::U8 : SampleType::U16, bits};
}

// The source's own depth where the format has it, else the format's usual one.
SampleFormat target(StillFormat format, int bits, const SampleFormat& source) {
    const bool is_float = source.bits == 0;
    switch (format) {
        case StillFormat::Dpx: {
            const bool kept = source.bits == 8 || source.bits == 10 || source.bits == 12 || source.bits == 16;
            if (bits == 0 && source.type == SampleType::F32) return source;
            return of_bits(format, bits != 0 ? bits : (kept ? source.bits : 10), "8, 10, 12, 16 or 32",
                           {8, 10, 12, 16, 32});
        }
        case StillFormat::Tiff:
            if (bits == 0 && is_float) return source;
            return of_bits(format, bits != 0 ? bits : (source.bits == 8 ? 8 : 16), "8, 16 or 32",
                           {8, 16, 32});
        case StillFormat::Png:
            return of_bits(format, bits != 0 ? bits : (source.bits == 8 ? 8 : 16), "8 or 16", {8, 16});
        default:
            return of_bits(format, bits != 0 ? bits : 8, "8", {8});
    }
}

// A full-scale integer is 1.0 in float; integers clip at both ends, and a NaN becomes 0.
double as_number(const Plane& plane, std::size_t i) {
    switch (plane.type) {
        case SampleType::U8:
            return plane.samples<std::uint8_t>()[i];
        case SampleType::U16:
            return plane.samples<std::uint16_t>()[i];
        case SampleType::Half:
            return static_cast<double>(static_cast<float>(plane.samples<Imath::half>()[i]));
        case SampleType::F32:
            return static_cast<double>(plane.samples<float>()[i]);
        case SampleType::U32:
            break;
    }
    throw Error(ErrorKind::Usage, "32-bit integer samples cannot be written to a still");
}

double full_scale(const SampleFormat& format) {
    return format.bits == 0 ? 1.0 : std::exp2(format.bits) - 1.0;
}

Plane converted(const Plane& plane, const SampleFormat& from, const SampleFormat& to) {
    if (from == to) return plane;
    Plane out = make_plane(plane.name, to.type, plane.width, plane.height);
    const std::size_t count = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    const double from_full = full_scale(from);
    const double to_full = full_scale(to);
    for (std::size_t i = 0; i < count; ++i) {
        const double value = as_number(plane, i) / from_full * to_full;
        if (to.bits == 0) {
            if (to.type == SampleType::Half)
                out.samples<Imath::half>()[i] = Imath::half(static_cast<float>(value));
            else
                out.samples<float>()[i] = static_cast<float>(value);
            continue;
        }
        const double code = value > 0 ? std::min(std::floor(value + 0.5), to_full) : 0.0;
        if (to.type == SampleType::U8)
            out.samples<std::uint8_t>()[i] = static_cast<std::uint8_t>(code);
        else
            out.samples<std::uint16_t>()[i] = static_cast<std::uint16_t>(code);
    }
    return out;
}

// The worked channels in order, then alpha. More channels go along only into the kind of file that they came
// from.
std::vector<Plane> planes_to_write(const HostFrame& frame, StillFormat format) {
    const std::vector<Plane>& all = frame.worked_part().planes;
    std::vector<Plane> planes;
    std::vector<bool> is_taken(all.size(), false);
    const auto take = [&](std::size_t index) {
        is_taken[index] = true;
        planes.push_back(all[index]);
    };
    const bool is_rgb = frame.worked.model == PixelModel::Rgb;
    for (std::size_t c = 0; c < (is_rgb ? 3U : 1U); ++c) {
        const int index = frame.worked.plane[c];
        if (index < 0) throw Error(ErrorKind::Usage, "a still needs all of R, G and B; this frame lacks one");
        take(static_cast<std::size_t>(index));
        planes.back().name = is_rgb ? std::string(1, "RGB"[c]) : "Y";
    }
    const auto* header = dynamic_cast<const StillHeader*>(frame.header.get());
    const bool is_same_kind = header != nullptr && header->format == format;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!is_taken[i] && all[i].name == "A") take(i);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!is_taken[i] && is_same_kind) take(i);
    }
    return planes;
}

}  // namespace

std::vector<std::byte> encode_still(const HostFrame& frame, const StillWriteOptions& options) {
    const StillFormat format = parse_type(options.type);
    if (frame.worked.model != PixelModel::Rgb && frame.worked.model != PixelModel::Luminance) {
        throw Error(ErrorKind::Usage,
                    "a still is written from RGB or luminance: convert the frame to RGB first");
    }
    HostFrame written = frame;
    written.parts = {frame.worked_part()};
    std::vector<Plane>& planes = written.parts[0].planes;
    planes = planes_to_write(frame, format);
    const SampleFormat wanted = target(format, options.bits, of_frame(frame, planes[0]));
    for (Plane& plane : planes) plane = converted(plane, of_frame(frame, plane), wanted);
    written.worked.part_index = 0;
    if (format == StillFormat::Dpx)
        return encode_dpx(written, wanted.bits == 0 ? 32 : wanted.bits, options.rate);
    return encode_with_oiio(written, format, options.compression);
}

}  // namespace wetgate::media
