#include <fmt/format.h>

#include "core/error.h"
#include "media/exr.h"
#include "media/exr_frame.h"
#include "media/exr_pixels.h"

namespace wetgate::media {
namespace exr {
namespace {

// What info() is made from.
HostFrame describe_file(const std::filesystem::path& file, const SourceRequest& request) {
    try {
        ByteSource source(file);
        return hollow_frame(scan_header(source, request.limits), request);
    } catch (const Error& error) {
        throw error.within({.file = file.string(), .shot = {}, .frame = {}});
    }
}

const char* name_of(PixelModel model) {
    switch (model) {
        case PixelModel::None:
            return "no picture channels";
        case PixelModel::Rgb:
            return "RGB";
        case PixelModel::Luminance:
            return "luminance";
        case PixelModel::LumaChroma:
            return "luminance-chroma";
        case PixelModel::YCbCr:
            return "Y'CbCr";
    }
    return "";
}

std::string detail_of(const HostFrame& frame) {
    const ExrHeader& header = *exr_header_of(frame);
    const ImagePart& part = frame.worked_part();
    const Layout& layout = header.layouts[static_cast<std::size_t>(part.part)];
    std::string type;
    for (const int plane : frame.worked.plane) {
        if (plane < 0 || !type.empty()) continue;
        type = part.planes[static_cast<std::size_t>(plane)].type == SampleType::Half ? ", half" : ", float";
    }
    return fmt::format("exr {}{}, {}, {} channels, {} {}", name_of(frame.worked.model), type,
                       name_of(layout.compression), layout.channels.size(), header.layouts.size(),
                       header.layouts.size() == 1 ? "part" : "parts");
}

class ExrSource final : public FrameSource {
public:
    ExrSource(const SourceRequest& request, const Log& log) : request_(request), log_(log) {
        if (!request_.range && !request_.is_sequence) {  // one picture
            const int number = request_.first_frame.value_or(0);
            request_.range = FrameRange{number, number + 1};
        }
        if (!request_.range || request_.range->empty()) {
            throw Error(ErrorKind::Usage, "is a picture sequence without a frame range",
                        {.file = request_.display_name, .shot = {}, .frame = {}});
        }
        for (int frame = request_.range->first; frame < request_.range->end; ++frame) {
            try {
                take_info(describe_file(request_.path_of(frame), request_), frame);
                return;
            } catch (const Error& error) {
                // A bad first frame is the frame policy's business; a wrong request or a failing disk is not.
                const bool last = frame + 1 == request_.range->end || !request_.is_sequence;
                if (error.kind() != ErrorKind::Input || last)
                    throw error.within({.file = {}, .shot = {}, .frame = frame});
            }
        }
    }

    const SourceInfo& info() const override { return info_; }

    HostFrame read(int frame) override {
        ReadResult result = read_exr_noting(request_.path_of(frame), frame, request_);
        if (result.table_was_rebuilt) {
            log_(LogLevel::Warning,
                 fmt::format(
                     "{}: its writer did not finish the chunk table; every chunk is there and was used",
                     request_.path_of(frame).string()));
        }
        return std::move(result.frame);
    }

    std::filesystem::path file_of(int frame) const override { return request_.path_of(frame); }

    CodedPacket packet(int) override { return {}; }

private:
    void take_info(const HostFrame& frame, int number) {
        const ExrHeader& header = *exr_header_of(frame);
        const std::optional<Rate> declared = request_.rate ? request_.rate : declared_rate(header);
        info_.kind = MediaKind::Exr;
        info_.format = "exr";
        info_.detail = detail_of(frame);
        info_.range = *request_.range;
        info_.rate = declared.value_or(Rate{});
        info_.rate_is_declared = declared.has_value();
        if (frame.timecode)
            info_.start_timecode = advanced(*frame.timecode, std::int64_t{info_.range.first} - number);
        if (const RawAttribute* reel = find_attribute(header.raw.parts.front(), "reelName");
            reel != nullptr && reel->type == "string") {
            info_.reel.assign(reinterpret_cast<const char*>(reel->value.data()), reel->value.size());
        }
        info_.display_window = frame.display_window;
        info_.pixel_aspect = frame.pixel_aspect;
        info_.color = frame.color;
        info_.width = frame.window().width();
        info_.height = frame.window().height();
        for (const Layout& layout : header.layouts)
            info_.frame_bytes += static_cast<std::size_t>(decoded_bytes(layout));
        info_.has_alpha = alpha_plane(frame) >= 0;
    }

    SourceRequest request_;
    Log log_;
    SourceInfo info_;
};

}  // namespace
}  // namespace exr

std::unique_ptr<FrameSource> open_exr_source(const SourceRequest& request, const Log& log) {
    return std::make_unique<exr::ExrSource>(request, log);
}

}  // namespace wetgate::media
