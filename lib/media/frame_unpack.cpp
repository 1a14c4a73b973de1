#include <cmath>
#include <limits>

#include "core/error.h"
#include "media/dpx.h"
#include "media/exr_frame.h"
#include "media/frame_wire.h"
#include "media/oiio_still.h"

namespace wetgate::media {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw WireFault(what);
}

Box unpack_box(WireReader& in) {
    constexpr int far = (1 << 30) - 1;  // so that no width overflows
    Box box;
    for (int* side : {&box.x0, &box.y0, &box.x1, &box.y1}) *side = in.value<int>(-far, far);
    return box;
}

Rate unpack_rate(WireReader& in) {
    const int num = in.value<int>(1, std::numeric_limits<int>::max());
    return {num, in.value<int>(1, std::numeric_limits<int>::max())};
}

Timecode unpack_timecode(WireReader& in) {
    constexpr std::int64_t far = std::int64_t{1} << 40;
    Timecode timecode;
    timecode.frame = in.value<std::int64_t>(-far, far);
    timecode.rate = unpack_rate(in);
    timecode.drop_frame = in.flag();
    return timecode;
}

ColorInfo unpack_color(WireReader& in) {
    ColorInfo color;
    for (int* code : {&color.primaries, &color.transfer, &color.matrix}) *code = in.value<int>(0, 255);
    color.bits = in.value<int>(0, 16);
    color.full_range = in.flag();
    color.chroma_x = in.value<float>(0, 4);
    color.chroma_y = in.value<float>(0, 4);
    return color;
}

// Limits::max_dimension bounds pictures; the windows of levels and of data outside the display lie within.
Plane unpack_plane(WireReader& in, const Box& window) {
    Plane plane;
    plane.name = in.text();
    plane.type = in.choice(SampleType::F32);
    constexpr int most = 1 << 16;
    plane.x_sampling = in.value<int>(1, most);
    plane.y_sampling = in.value<int>(1, most);
    plane.width = in.value<int>();
    plane.height = in.value<int>();
    if (plane.width != exr::sample_count(window.x0, window.x1, plane.x_sampling) ||
        plane.height != exr::sample_count(window.y0, window.y1, plane.y_sampling))
        refuse("a plane does not have the size of its window");
    return plane;
}

ImagePart unpack_part(WireReader& in, const Limits& limits) {
    ImagePart part;
    for (int* number : {&part.part, &part.level_x, &part.level_y}) *number = in.value<int>(0, 1 << 16);
    part.window = unpack_box(in);
    if (part.window.empty() || part.window.width() > limits.max_dimension ||
        part.window.height() > limits.max_dimension)
        refuse("a window is empty or too large");
    for (std::size_t left = in.count(static_cast<std::size_t>(limits.max_channels)); left > 0; --left)
        part.planes.push_back(unpack_plane(in, part.window));
    return part;
}

// What read_worked() takes for granted of planes that its model names.
void check_worked(const HostFrame& frame) {
    const WorkedPlanes& worked = frame.worked;
    const std::vector<Plane>& planes = frame.worked_part().planes;
    const bool is_video = worked.model == PixelModel::YCbCr;
    for (int c = 0; c < 3 && worked.model != PixelModel::None; ++c) {
        const int index = worked.plane[c];
        if (index < 0) continue;
        const Plane& plane = planes.at(static_cast<std::size_t>(index));
        const bool is_coded = plane.type == SampleType::U8 || plane.type == SampleType::U16;
        const bool is_full = plane.x_sampling == 1 && plane.y_sampling == 1;
        if (plane.type == SampleType::U32 || (is_video && !is_coded) || (!is_full && (!is_video || c == 0)))
            refuse("a worked plane is not of its model");
    }
}

WorkedPlanes unpack_worked(WireReader& in, const std::vector<ImagePart>& parts) {
    WorkedPlanes worked;
    worked.model = in.choice(PixelModel::YCbCr);
    if (worked.model == PixelModel::LumaChroma) refuse("luminance and chroma that are not of an EXR");
    worked.part_index = in.value<int>(0, static_cast<int>(parts.size()) - 1);
    const auto planes = static_cast<int>(parts[static_cast<std::size_t>(worked.part_index)].planes.size());
    for (int& plane : worked.plane) plane = in.value<int>(-1, planes - 1);
    return worked;
}

std::shared_ptr<const FormatHeader> unpack_still_header(WireReader& in, const HostFrame& frame,
                                                        const Limits& limits) {
    const auto format = in.choice(StillFormat::Jpeg);
    const std::optional<Rate> rate = in.optional([&in] { return unpack_rate(in); });
    std::shared_ptr<StillHeader> header;
    if (format == StillFormat::Dpx || format == StillFormat::Cineon) {
        auto dpx = DpxHeader::unpack(in, limits);
        if (dpx->layout.width != frame.window().width() || dpx->layout.height != frame.window().height() ||
            dpx->layout.channels.size() != frame.worked_part().planes.size())
            refuse("a header of another picture");
        header = std::move(dpx);
    } else {
        header = unpack_oiio_header(in);
    }
    header->format = format;
    header->rate = rate;
    return header;
}

HostFrame unpack_exr(WireReader& in, const SourceRequest& request) {
    const std::span<const std::byte> bytes = in.bytes();
    exr::ByteSource source(std::vector<std::byte>(bytes.begin(), bytes.end()));
    try {
        // How large the file was is not known here; what is allocated is bounded without that.
        const exr::ScannedHeader header =
            exr::scan_header(source, request.limits, std::numeric_limits<std::int64_t>::max());
        if (header.raw.header_bytes != bytes.size()) refuse("more than a header");
        return exr::hollow_frame(header, request);
    } catch (const Error& error) {
        refuse(std::string("a header that is none: ") + error.what());
    }
}

HostFrame unpack_parts(WireReader& in, const SourceRequest& request, bool is_still) {
    HostFrame frame;
    for (std::size_t left = in.count(static_cast<std::size_t>(request.limits.max_parts)); left > 0; --left)
        frame.parts.push_back(unpack_part(in, request.limits));
    if (frame.parts.empty()) refuse("a frame without a picture");
    frame.worked = unpack_worked(in, frame.parts);
    check_worked(frame);
    frame.color = unpack_color(in);
    frame.display_window = unpack_box(in);
    frame.pixel_aspect = in.value<float>(1e-10F, 1e10F);
    frame.timecode = in.optional([&in] { return unpack_timecode(in); });
    if (is_still) frame.header = unpack_still_header(in, frame, request.limits);
    return frame;
}

}  // namespace

HostFrame unpack_frame(WireReader& in, const SourceRequest& request) {
    const auto form = in.choice(FrameForm::Still);
    HostFrame frame = form == FrameForm::Exr ? unpack_exr(in, request)
                                             : unpack_parts(in, request, form == FrameForm::Still);
    std::int64_t bytes = 0;
    for (const ImagePart& part : frame.parts) {
        for (const Plane& plane : part.planes) {
            bytes += static_cast<std::int64_t>(plane.row_bytes()) * plane.height;
            if (bytes > request.limits.max_decoded_bytes) refuse("a frame above the limit");
        }
    }
    return frame;
}

SourceInfo unpack_info(WireReader& in, const SourceRequest& request) {
    const auto most = static_cast<int>(std::min<std::int64_t>(request.limits.max_dimension, 1 << 29));
    SourceInfo info;
    info.kind = in.choice(MediaKind::Movie);
    for (std::string* text : {&info.format, &info.detail, &info.reel}) *text = in.text();
    info.range.first = in.value<int>();
    info.range.end = in.value<int>();
    constexpr int farthest_frame = 1'000'000'000;
    if (info.range.first < -farthest_frame || info.range.end > farthest_frame)
        refuse("frames that no movie has");
    if (info.range.empty() || (request.is_sequence && info.range != request.range))
        refuse("frames that were not asked for");
    info.rate = unpack_rate(in);
    info.rate_is_declared = in.flag();
    info.start_timecode = in.optional([&in] { return unpack_timecode(in); });
    info.display_window = unpack_box(in);
    info.color = unpack_color(in);
    info.frame_bytes = in.count(static_cast<std::size_t>(request.limits.max_decoded_bytes));
    info.width = in.value<int>(0, most);
    info.height = in.value<int>(0, most);
    info.pixel_aspect = in.value<float>(1e-10F, 1e10F);
    info.has_audio = in.flag();
    info.has_alpha = in.flag();
    in.end();
    return info;
}

}  // namespace wetgate::media
