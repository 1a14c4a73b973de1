#include "media/oiio_still.h"

#include <OpenImageIO/filesystem.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "media/oiio_header.h"

namespace wetgate::media {
namespace {

SampleType sample_type(OIIO::TypeDesc format) {
    switch (format.basetype) {
        case OIIO::TypeDesc::UINT8:
            return SampleType::U8;
        case OIIO::TypeDesc::UINT16:
            return SampleType::U16;
        case OIIO::TypeDesc::HALF:
            return SampleType::Half;
        case OIIO::TypeDesc::FLOAT:
            return SampleType::F32;
        default:
            break;
    }
    refuse_still(fmt::format("samples of type {} are not read (8 and 16 bit integers, half and float are)",
                             format.c_str()));
}

OIIO::TypeDesc type_desc(SampleType type) {
    switch (type) {
        case SampleType::U8:
            return OIIO::TypeDesc::UINT8;
        case SampleType::U16:
            return OIIO::TypeDesc::UINT16;
        case SampleType::Half:
            return OIIO::TypeDesc::HALF;
        case SampleType::F32:
            return OIIO::TypeDesc::FLOAT;
        case SampleType::U32:
            break;
    }
    throw Error(ErrorKind::Usage, "32-bit integer samples cannot be written to a still");
}

template <class T>
void scatter(const std::vector<std::byte>& pixels, std::vector<Plane>& planes) {
    const std::size_t channels = planes.size();
    for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t count =
            static_cast<std::size_t>(planes[c].width) * static_cast<std::size_t>(planes[c].height);
        T* out = planes[c].samples<T>();
        const std::byte* in = pixels.data() + c * sizeof(T);
        for (std::size_t i = 0; i < count; ++i)
            std::memcpy(out + i, in + i * channels * sizeof(T), sizeof(T));
    }
}

template <class T>
void gather(const std::vector<const Plane*>& planes, std::vector<std::byte>& pixels) {
    const std::size_t channels = planes.size();
    for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t count =
            static_cast<std::size_t>(planes[c]->width) * static_cast<std::size_t>(planes[c]->height);
        const T* in = planes[c]->samples<T>();
        std::byte* out = pixels.data() + c * sizeof(T);
        for (std::size_t i = 0; i < count; ++i)
            std::memcpy(out + i * channels * sizeof(T), in + i, sizeof(T));
    }
}

void scatter(const std::vector<std::byte>& pixels, std::vector<Plane>& planes, SampleType type) {
    switch (size_of(type)) {
        case 1:
            return scatter<std::uint8_t>(pixels, planes);
        case 2:
            return scatter<std::uint16_t>(pixels, planes);
        default:
            return scatter<std::uint32_t>(pixels, planes);
    }
}

void gather(const std::vector<const Plane*>& planes, std::vector<std::byte>& pixels, SampleType type) {
    switch (size_of(type)) {
        case 1:
            return gather<std::uint8_t>(planes, pixels);
        case 2:
            return gather<std::uint16_t>(planes, pixels);
        default:
            return gather<std::uint32_t>(planes, pixels);
    }
}

// OpenImageIO widens 10, 12 and 14 bit integers to 16 by repeating their high bits. Undone where that is what
// was done.
int narrow(std::vector<Plane>& planes, int bits) {
    if (bits <= 8 || bits >= 16) return 16;
    const int up = 16 - bits;
    const auto widened = [&](std::uint16_t x) {
        const auto code = static_cast<std::uint32_t>(x >> up);
        return ((code << up) | (code >> (bits - up))) == x;
    };
    for (const Plane& plane : planes) {
        const std::uint16_t* first = plane.samples<std::uint16_t>();
        if (!std::all_of(first, first + plane.data->size() / 2, widened)) return 16;
    }
    for (Plane& plane : planes) {
        std::uint16_t* first = plane.samples<std::uint16_t>();
        std::transform(first, first + plane.data->size() / 2, first,
                       [up](std::uint16_t x) { return static_cast<std::uint16_t>(x >> up); });
    }
    return bits;
}

std::vector<std::string> plane_names(const OIIO::ImageSpec& spec) {
    if (spec.nchannels == 1) return {"Y"};
    if (spec.nchannels == 2) return {"Y", "A"};
    std::vector<std::string> names = spec.channelnames;
    names.resize(static_cast<std::size_t>(spec.nchannels));
    for (std::size_t c = 0; c < names.size(); ++c) {
        if (c < 3)
            names[c] = std::string(1, "RGB"[c]);
        else if (static_cast<int>(c) == spec.alpha_channel || (c == 3 && names.size() == 4))
            names[c] = "A";
        else
            names[c] = fmt::format("channel{}", c);
    }
    return names;
}

HostFrame frame_of(const OIIO::ImageSpec& spec, const std::vector<std::byte>& pixels) {
    const SampleType type = sample_type(spec.format);
    HostFrame frame;
    ImagePart part;
    part.window = {spec.x, spec.y, spec.x + spec.width, spec.y + spec.height};
    for (const std::string& name : plane_names(spec))
        part.planes.push_back(make_plane(name, type, spec.width, spec.height));
    scatter(pixels, part.planes, type);
    frame.color.full_range = true;
    if (type == SampleType::U8) frame.color.bits = 8;
    if (type == SampleType::U16)
        frame.color.bits = narrow(part.planes, spec.get_int_attribute("oiio:BitsPerSample", 16));
    frame.worked.model = spec.nchannels < 3 ? PixelModel::Luminance : PixelModel::Rgb;
    for (int c = 0; c < (spec.nchannels < 3 ? 1 : 3); ++c) frame.worked.plane[c] = c;
    frame.display_window = {spec.full_x, spec.full_y, spec.full_x + spec.full_width,
                            spec.full_y + spec.full_height};
    if (frame.display_window.empty()) frame.display_window = part.window;
    const float aspect = spec.get_float_attribute("PixelAspectRatio", 1.0F);
    if (aspect > 0.1F && aspect < 10.0F) frame.pixel_aspect = aspect;
    frame.parts.push_back(std::move(part));
    return frame;
}

/// Frames are read and written side by side already: OpenImageIO makes no threads of its own.
void work_in_callers_thread() {
    static const bool done = OIIO::attribute("threads", 1);
    static_cast<void>(done);
}

}  // namespace

HostFrame read_with_oiio(ByteSpan file, StillFormat format, const StillShape& shape, const std::string& name,
                         const Limits& limits) {
    work_in_callers_thread();
    OIIO::attribute("limits:channels", limits.max_channels);
    OIIO::attribute("limits:imagesize_MB", static_cast<int>(limits.max_decoded_bytes >> 20));
    OIIO::Filesystem::IOMemReader memory(file.data(), file.size());
    OIIO::ImageSpec wishes;
    wishes.attribute("oiio:UnassociatedAlpha",
                     1);  // else the reader multiplies colour by alpha, which nothing undoes
    const auto input = OIIO::ImageInput::create(format_name(format));
    if (!input)
        throw Error(ErrorKind::Internal,
                    fmt::format("this OpenImageIO was built without {}", format_name(format)));
    input->threads(1);
    OIIO::ImageSpec spec;
    input->set_ioproxy(&memory);
    if (!input->open(name, spec, wishes)) refuse_still("OpenImageIO cannot open it: " + input->geterror());
    check_size(spec.width, spec.height, static_cast<std::int64_t>(spec.pixel_bytes()),
               static_cast<std::int64_t>(file.size()), limits);
    if (spec.width != shape.width || spec.height != shape.height || spec.depth > 1 || spec.nchannels < 1) {
        refuse_still("its header and OpenImageIO disagree about the picture's size");
    }
    sample_type(spec.format);
    std::vector<std::byte> pixels(spec.image_bytes());
    const bool is_read = input->read_image(0, 0, 0, spec.nchannels, spec.format, pixels.data());
    const std::string problem = input->geterror();
    input->close();
    if (!is_read || !problem.empty())
        refuse_still("it cannot be decoded: " + (problem.empty() ? "no reason given" : problem));
    HostFrame frame = frame_of(spec, pixels);
    frame.color.primaries = shape.primaries;
    frame.color.transfer = shape.transfer;
    auto header = std::make_shared<OiioHeader>();
    header->format = format;
    header->attributes = std::move(spec.extra_attribs);
    // OpenImageIO says sRGB of any PNG and JPEG that says nothing; written, it would become the file's own
    // word.
    if (shape.transfer == 2 && header->attributes.get_string("oiio:ColorSpace") == "sRGB")
        header->attributes.remove("oiio:ColorSpace", OIIO::TypeDesc::UNKNOWN, false);
    frame.header = header;
    return frame;
}

namespace {

// Attributes that say how the source lay in its file, not what it shows.
constexpr const char* layout_attributes[] = {
    "tiff:RowsPerStrip", "tiff:Compression",   "tiff:PlanarConfiguration", "tiff:PhotometricInterpretation",
    "planarconfig",      "oiio:BitsPerSample", "oiio:UnassociatedAlpha",   "jpeg:subsampling"};

OIIO::ImageSpec spec_to_write(const HostFrame& frame, const std::vector<const Plane*>& planes,
                              StillFormat format) {
    const auto* source = dynamic_cast<const OiioHeader*>(frame.header.get());
    const Box window = frame.window();
    OIIO::ImageSpec spec(window.width(), window.height(), static_cast<int>(planes.size()),
                         type_desc(planes[0]->type));
    if (source != nullptr && source->format == format) {
        spec.extra_attribs = source->attributes;
        for (const char* name : layout_attributes) spec.erase_attribute(name);
    }
    spec.x = window.x0;
    spec.y = window.y0;
    spec.full_x = frame.display_window.x0;
    spec.full_y = frame.display_window.y0;
    spec.full_width = frame.display_window.width();
    spec.full_height = frame.display_window.height();
    spec.alpha_channel = -1;
    for (std::size_t c = 0; c < planes.size(); ++c) {
        spec.channelnames[c] = planes[c]->name;
        if (planes[c]->name == "A") spec.alpha_channel = static_cast<int>(c);
    }
    spec.attribute("oiio:UnassociatedAlpha", 1);
    if (frame.pixel_aspect != 1.0F) spec.attribute("PixelAspectRatio", frame.pixel_aspect);
    // The TIFF writer puts the clock where there is no date. This is how Exif 2.3 writes a date that is not
    // known.
    if (format == StillFormat::Tiff && spec.get_string_attribute("DateTime").empty()) {
        spec.attribute("DateTime", "    :  :     :  :  ");
    }
    return spec;
}

}  // namespace

std::vector<std::byte> encode_with_oiio(const HostFrame& frame, StillFormat format,
                                        const std::string& compression) {
    work_in_callers_thread();
    std::vector<const Plane*> planes;
    for (const Plane& plane : frame.worked_part().planes) planes.push_back(&plane);
    if (planes.empty()) throw Error(ErrorKind::Usage, "a frame without planes cannot be written as a still");
    if (format == StillFormat::Jpeg && planes.size() != 1)
        planes.resize(std::min<std::size_t>(planes.size(), planes.size() < 3 ? 1 : 3));
    if (format == StillFormat::Png && planes.size() > 4) planes.resize(4);
    OIIO::ImageSpec spec = spec_to_write(frame, planes, format);
    if (format == StillFormat::Tiff && !compression.empty()) spec.attribute("compression", compression);
    if (format == StillFormat::Tiff && spec.get_string_attribute("compression").empty())
        spec.attribute("compression", "zip");
    if (format == StillFormat::Jpeg) {
        spec.attribute("CompressionQuality", 95);
        spec.attribute("jpeg:subsampling", "4:4:4");
    }
    std::vector<std::byte> pixels(spec.image_bytes());
    gather(planes, pixels, planes[0]->type);

    std::vector<unsigned char> bytes;
    OIIO::Filesystem::IOVecOutput memory(bytes);
    const auto output = OIIO::ImageOutput::create(format_name(format));
    if (!output)
        throw Error(ErrorKind::Internal,
                    fmt::format("this OpenImageIO was built without {}", format_name(format)));
    output->threads(1);
    output->set_ioproxy(&memory);
    bool is_written = output->open(fmt::format("frame.{}", format_name(format)), spec);
    is_written = is_written && output->write_image(spec.format, pixels.data());
    is_written = output->close() && is_written;
    if (!is_written) {
        throw Error(ErrorKind::Output, fmt::format("OpenImageIO cannot write this {}: {}",
                                                   format_name(format), output->geterror()));
    }
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    return {first, first + bytes.size()};
}

}  // namespace wetgate::media
