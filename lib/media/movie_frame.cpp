#include "media/movie_frame.h"

#include <bit>
#include <cstring>

namespace wetgate::media {
namespace {

[[noreturn]] void refuse(AVPixelFormat format) {
    const char* name = av_get_pix_fmt_name(format);
    throw Error(ErrorKind::Input,
                std::string("pixel format ") + (name == nullptr ? "(none)" : name) +
                    " is not read; 8 to 16 bit Y'CbCr, RGB and grey are: convert the movie");
}

bool is_yuvj(AVPixelFormat format) {
    return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P ||
           format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ411P;
}

// One component of a row: every layout that libav describes by step, offset and shift.
template <class Stored, class Sample>
void copy_component(const std::uint8_t* row, const AVComponentDescriptor& component, bool swap, Sample* out,
                    int width) {
    const std::uint8_t* at = row + component.offset;
    const auto mask = static_cast<Stored>((std::uint32_t{1} << component.depth) - 1);
    for (int x = 0; x < width; ++x, at += component.step) {
        Stored stored = 0;
        std::memcpy(&stored, at, sizeof stored);
        if constexpr (sizeof(Stored) == 2) {
            if (swap)
                stored = static_cast<Stored>(static_cast<unsigned>(stored) >> 8 |
                                             static_cast<unsigned>(stored) << 8);
        }
        out[x] = static_cast<Sample>(static_cast<unsigned>(stored) >> component.shift & mask);
    }
}

void copy_row(const std::uint8_t* row, const AVComponentDescriptor& component, bool big_endian, Plane& plane,
              int y) {
    const auto size = static_cast<int>(size_of(plane.type));
    std::byte* out = plane.data->data() + static_cast<std::size_t>(y) * plane.row_bytes();
    constexpr bool host_is_big = std::endian::native == std::endian::big;
    const bool swap = big_endian != host_is_big && size == 2;
    if (component.step == size && component.shift == 0 && !swap) {
        std::memcpy(out, row + component.offset, plane.row_bytes());
    } else if (size == 1) {
        copy_component<std::uint8_t>(row, component, false, reinterpret_cast<std::uint8_t*>(out),
                                     plane.width);
    } else {
        copy_component<std::uint16_t>(row, component, swap, reinterpret_cast<std::uint16_t*>(out),
                                      plane.width);
    }
}

int shrunk(int size, int step) {
    return (size + step - 1) / step;
}

}  // namespace

PixelLayout pixel_layout(AVPixelFormat format) {
    const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
    if (descriptor == nullptr) refuse(format);
    constexpr std::uint64_t unread = AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                                     AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT;
    if ((descriptor->flags & unread) != 0 || format == AV_PIX_FMT_XYZ12LE || format == AV_PIX_FMT_XYZ12BE)
        refuse(format);
    PixelLayout layout;
    layout.format = format;
    layout.bits = descriptor->comp[0].depth;
    layout.planes = descriptor->nb_components;
    layout.alpha = (descriptor->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    layout.always_full = is_yuvj(format);
    for (int c = 0; c < layout.planes; ++c) {
        if (descriptor->comp[c].depth != layout.bits) refuse(format);
    }
    if (layout.bits < 8 || layout.bits > 16) refuse(format);
    const int colours = layout.planes - (layout.alpha ? 1 : 0);
    if ((descriptor->flags & AV_PIX_FMT_FLAG_RGB) != 0 && colours == 3) {
        layout.model = PixelModel::Rgb;
        layout.names = {"R", "G", "B", "A"};
    } else if (colours == 3) {
        layout.model = PixelModel::YCbCr;
        layout.names = {"Y", "Cb", "Cr", "A"};
        layout.chroma_x = 1 << descriptor->log2_chroma_w;
        layout.chroma_y = 1 << descriptor->log2_chroma_h;
    } else if (colours == 1) {
        layout.model = PixelModel::Luminance;
        layout.names = {"Y", "A"};
    } else {
        refuse(format);
    }
    return layout;
}

std::size_t decoded_bytes(const PixelLayout& layout, int width, int height) {
    const std::size_t sample = layout.bits > 8 ? 2 : 1;
    const std::size_t area = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    const std::size_t chroma = static_cast<std::size_t>(shrunk(width, layout.chroma_x)) *
                               static_cast<std::size_t>(shrunk(height, layout.chroma_y));
    std::size_t samples = 0;
    for (int c = 0; c < layout.planes; ++c)
        samples += layout.model == PixelModel::YCbCr && (c == 1 || c == 2) ? chroma : area;
    return samples * sample;
}

ImagePart copy_planes(const AVFrame& frame, const PixelLayout& layout) {
    const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(layout.format);
    const bool big_endian = (descriptor->flags & AV_PIX_FMT_FLAG_BE) != 0;
    ImagePart part;
    part.window = {0, 0, frame.width, frame.height};
    for (int c = 0; c < layout.planes; ++c) {
        const AVComponentDescriptor& component = descriptor->comp[c];
        const bool is_chroma = layout.model == PixelModel::YCbCr && (c == 1 || c == 2);
        const int x_step = is_chroma ? layout.chroma_x : 1;
        const int y_step = is_chroma ? layout.chroma_y : 1;
        Plane plane = make_plane(layout.names.at(static_cast<std::size_t>(c)),
                                 layout.bits > 8 ? SampleType::U16 : SampleType::U8,
                                 shrunk(frame.width, x_step), shrunk(frame.height, y_step), x_step, y_step);
        const std::uint8_t* base = frame.data[component.plane];
        const std::ptrdiff_t stride = frame.linesize[component.plane];
        if (base == nullptr) throw Error(ErrorKind::Input, "the decoder gave no samples");
        for (int y = 0; y < plane.height; ++y) copy_row(base + y * stride, component, big_endian, plane, y);
        part.planes.push_back(std::move(plane));
    }
    return part;
}

}  // namespace wetgate::media
