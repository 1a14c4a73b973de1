#include "core/error.h"
#include "media/exr_frame.h"
#include "media/frame_wire.h"
#include "media/still_format.h"

namespace wetgate::media {
namespace {

void pack_box(const Box& box, WireWriter& out) {
    for (const int side : {box.x0, box.y0, box.x1, box.y1}) out.value(side);
}

void pack_rate(const Rate& rate, WireWriter& out) {
    out.value(rate.num);
    out.value(rate.den);
}

void pack_timecode(const Timecode& timecode, WireWriter& out) {
    out.value(timecode.frame);
    pack_rate(timecode.rate, out);
    out.value(timecode.drop_frame);
}

void pack_color(const ColorInfo& color, WireWriter& out) {
    for (const int code : {color.primaries, color.transfer, color.matrix, color.bits}) out.value(code);
    out.value(color.full_range);
    out.value(color.chroma_x);
    out.value(color.chroma_y);
}

void pack_range(const FrameRange& range, WireWriter& out) {
    out.value(range.first);
    out.value(range.end);
}

void pack_part(const ImagePart& part, WireWriter& out) {
    for (const int number : {part.part, part.level_x, part.level_y}) out.value(number);
    pack_box(part.window, out);
    out.count(part.planes.size());
    for (const Plane& plane : part.planes) {
        out.text(plane.name);
        out.value(plane.type);
        for (const int number : {plane.x_sampling, plane.y_sampling, plane.width, plane.height})
            out.value(number);
    }
}

const auto text_to = [](WireWriter& out) { return [&out](const std::string& text) { out.text(text); }; };

}  // namespace

void pack_frame(const HostFrame& frame, WireWriter& out) {
    if (const exr::ExrHeader* header = exr::exr_header_of(frame)) {
        out.value(FrameForm::Exr);  // its header says the rest
        out.bytes(exr::header_bytes(header->raw));
        return;
    }
    const auto* still = dynamic_cast<const StillHeader*>(frame.header.get());
    if (still == nullptr && frame.header)
        throw Error(ErrorKind::Internal, "a frame of a format that cannot be handed to another process");
    out.value(still == nullptr ? FrameForm::Bare : FrameForm::Still);
    out.count(frame.parts.size());
    for (const ImagePart& part : frame.parts) pack_part(part, out);
    out.value(frame.worked.model);
    out.value(frame.worked.part_index);
    for (const int plane : frame.worked.plane) out.value(plane);
    pack_color(frame.color, out);
    pack_box(frame.display_window, out);
    out.value(frame.pixel_aspect);
    out.optional(frame.timecode, [&out](const Timecode& timecode) { pack_timecode(timecode, out); });
    if (still == nullptr) return;
    out.value(still->format);
    out.optional(still->rate, [&out](const Rate& rate) { pack_rate(rate, out); });
    still->pack(out);
}

std::size_t sample_bytes(const HostFrame& frame) {
    std::size_t bytes = 0;
    for (const ImagePart& part : frame.parts) {
        for (const Plane& plane : part.planes)
            bytes += plane.row_bytes() * static_cast<std::size_t>(plane.height);
    }
    return bytes;
}

void pack_info(const SourceInfo& info, WireWriter& out) {
    out.value(info.kind);
    for (const std::string& text : {info.format, info.detail, info.reel}) out.text(text);
    pack_range(info.range, out);
    pack_rate(info.rate, out);
    out.value(info.rate_is_declared);
    out.optional(info.start_timecode, [&out](const Timecode& timecode) { pack_timecode(timecode, out); });
    pack_box(info.display_window, out);
    pack_color(info.color, out);
    out.count(info.frame_bytes);
    out.value(info.width);
    out.value(info.height);
    out.value(info.pixel_aspect);
    out.value(info.has_audio);
    out.value(info.has_alpha);
}

void pack_request(const SourceRequest& request, WireWriter& out) {
    out.text(request.display_name);
    out.value(request.is_sequence);
    out.optional(request.range, [&out](const FrameRange& range) { pack_range(range, out); });
    out.optional(request.first_frame, [&out](int frame) { out.value(frame); });
    out.optional(request.rate, [&out](const Rate& rate) { pack_rate(rate, out); });
    out.optional(request.layer, text_to(out));
    out.optional(request.part, text_to(out));
    const Limits& limits = request.limits;
    for (const std::int64_t limit :
         {limits.max_dimension, limits.max_decoded_bytes, limits.free_decoded_bytes, limits.max_expansion,
          std::int64_t{limits.max_parts}, std::int64_t{limits.max_channels},
          std::int64_t{limits.max_attributes}, limits.max_attribute_bytes})
        out.value(limit);
    out.value(request.threads);
}

SourceRequest unpack_request(WireReader& in) {
    SourceRequest request;
    request.display_name = in.text();
    request.is_sequence = in.flag();
    const auto number = [&in] { return in.value<int>(); };
    const auto text = [&in] { return in.text(); };
    request.range = in.optional([&] {
        const int first = number();
        return FrameRange{first, number()};
    });
    request.first_frame = in.optional(number);
    request.rate = in.optional([&] {
        const int num = number();
        return Rate{num, number()};
    });
    request.layer = in.optional(text);
    request.part = in.optional(text);
    Limits& limits = request.limits;
    limits.max_dimension = in.value<std::int64_t>();
    limits.max_decoded_bytes = in.value<std::int64_t>();
    limits.free_decoded_bytes = in.value<std::int64_t>();
    limits.max_expansion = in.value<std::int64_t>();
    limits.max_parts = static_cast<int>(in.value<std::int64_t>());
    limits.max_channels = static_cast<int>(in.value<std::int64_t>());
    limits.max_attributes = static_cast<int>(in.value<std::int64_t>());
    limits.max_attribute_bytes = in.value<std::int64_t>();
    request.threads = number();
    in.end();
    return request;
}

}  // namespace wetgate::media
