#include "media/exr_write_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "core/error.h"
#include "media/exr_convert.h"

namespace wetgate::media::exr {
namespace {

constexpr float default_dwa_level = 45.0F;  // OpenEXR's own
// The bits of a time word that hold the address and the drop-frame flag; the others are carried (above 30
// frames a second the field mark is part of the address).
constexpr std::uint32_t address_bits = 0x3F7F7F7FU;
constexpr std::uint32_t field_mark = 0x8000U;

std::size_t index_of(const ImagePart& part) {
    return static_cast<std::size_t>(part.part);
}

RawAttribute window_attribute(const char* name, const Box& window) {
    return raw_attribute(name, "box2i", window.x0, window.y0, window.x1 - 1, window.y1 - 1);
}

// CIE x y of red, green, blue, white by H.273 colour primaries code (table 2).
std::optional<std::array<float, 8>> chromaticities_of(int primaries) {
    switch (primaries) {
        case 1:
            return {{0.640F, 0.330F, 0.300F, 0.600F, 0.150F, 0.060F, 0.3127F, 0.3290F}};
        case 5:
            return {{0.640F, 0.330F, 0.290F, 0.600F, 0.150F, 0.060F, 0.3127F, 0.3290F}};
        case 6:
        case 7:
            return {{0.630F, 0.340F, 0.310F, 0.595F, 0.155F, 0.070F, 0.3127F, 0.3290F}};
        case 9:
            return {{0.708F, 0.292F, 0.170F, 0.797F, 0.131F, 0.046F, 0.3127F, 0.3290F}};
        case 11:
            return {{0.680F, 0.320F, 0.265F, 0.690F, 0.150F, 0.060F, 0.314F, 0.351F}};
        case 12:
            return {{0.680F, 0.320F, 0.265F, 0.690F, 0.150F, 0.060F, 0.3127F, 0.3290F}};
        default:
            return std::nullopt;
    }
}

bool is_worked(const HostFrame& frame, const ImagePart& part, std::size_t plane) {
    if (frame.worked.model == PixelModel::None || part.part != frame.worked_part().part) return false;
    return std::find(std::begin(frame.worked.plane), std::end(frame.worked.plane), static_cast<int>(plane)) !=
           std::end(frame.worked.plane);
}

bool is_integer_code(SampleType type) {
    return type == SampleType::U8 || type == SampleType::U16;
}

// The planes in types that an EXR has and the options ask for.
std::vector<ImagePart> planes_to_write(const HostFrame& frame, const ExrWriteOptions& options) {
    if (frame.worked.model == PixelModel::YCbCr) {
        throw Error(ErrorKind::Usage, "an EXR holds R, G, B, not video code values; convert the frame first");
    }
    std::vector<ImagePart> parts = frame.parts;
    if (exr_header_of(frame) == nullptr) {
        parts = {frame.worked_part()};
        parts[0].part = parts[0].level_x = parts[0].level_y = 0;
    }
    for (ImagePart& part : parts) {
        for (std::size_t i = 0; i < part.planes.size(); ++i) {
            Plane& plane = part.planes[i];
            if (!plane.data ||
                plane.data->size() != plane.row_bytes() * static_cast<std::size_t>(plane.height)) {
                throw Error(ErrorKind::Internal,
                            fmt::format("channel '{}' has no samples to write", plane.name));
            }
            const bool worked = exr_header_of(frame) == nullptr ? is_worked(frame, frame.worked_part(), i)
                                                                : is_worked(frame, part, i);
            if (worked && options.pixel) {
                plane = converted(plane, *options.pixel, frame.color.bits);
            } else if (is_integer_code(plane.type)) {
                plane = converted(plane, SampleType::Half, frame.color.bits);
            }
        }
    }
    return parts;
}

std::vector<Channel> channels_of(const ImagePart& part, const std::vector<Channel>& known) {
    std::vector<Channel> channels;
    for (const Plane& plane : part.planes) {
        const auto like = std::find_if(known.begin(), known.end(),
                                       [&](const Channel& channel) { return channel.name == plane.name; });
        channels.push_back({plane.name, plane.type,
                            like == known.end() ? std::uint8_t{0} : like->perceptually_linear,
                            plane.x_sampling, plane.y_sampling});
    }
    std::sort(channels.begin(), channels.end(),
              [](const Channel& a, const Channel& b) { return a.name < b.name; });
    return channels;
}

// A header for a frame that has none: what the format requires, in the order in which OpenEXR writes it.
void make_header(WritePlan& plan, const HostFrame& frame) {
    Layout layout;
    layout.channels = channels_of(plan.parts.front(), {});
    layout.data_window = plan.parts.front().window;
    layout.display_window = frame.display_window.empty() ? layout.data_window : frame.display_window;
    layout.pixel_aspect = frame.pixel_aspect;
    plan.raw.version_and_flags = version_number;
    auto& attributes = plan.raw.parts.emplace_back();
    attributes.push_back({"channels", "chlist", channel_list_bytes(layout.channels)});
    if (const auto known = chromaticities_of(frame.color.primaries)) {
        attributes.push_back(raw_attribute("chromaticities", "chromaticities", *known));
    }
    attributes.push_back(raw_attribute("compression", "compression", layout.compression));
    attributes.push_back(window_attribute("dataWindow", layout.data_window));
    attributes.push_back(window_attribute("displayWindow", layout.display_window));
    if (frame.timecode) {
        attributes.push_back(
            raw_attribute("framesPerSecond", "rational", frame.timecode->rate.num, frame.timecode->rate.den));
    }
    attributes.push_back(raw_attribute("lineOrder", "lineOrder", layout.line_order));
    attributes.push_back(raw_attribute("pixelAspectRatio", "float", layout.pixel_aspect));
    attributes.push_back(raw_attribute("screenWindowCenter", "v2f", 0.0F, 0.0F));
    attributes.push_back(raw_attribute("screenWindowWidth", "float", 1.0F));
    if (frame.timecode)
        attributes.push_back(
            raw_attribute("timeCode", "timecode", packed_bcd(*frame.timecode), std::uint32_t{0}));
    plan.layouts.push_back(std::move(layout));
}

void set_in_all_parts(WritePlan& plan, const RawAttribute& attribute) {
    for (auto& attributes : plan.raw.parts) put_attribute(attributes, attribute);
}

// The attributes that all parts share, where the frame says something else than the header.
void update_shared(WritePlan& plan, const HostFrame& frame, const ExrHeader& source) {
    const Layout& worked = source.layouts.at(index_of(frame.worked_part()));
    if (frame.display_window != worked.display_window) {
        set_in_all_parts(plan, window_attribute("displayWindow", frame.display_window));
    }
    if (std::bit_cast<std::uint32_t>(frame.pixel_aspect) !=
            std::bit_cast<std::uint32_t>(worked.pixel_aspect) ||
        find_attribute(source.raw.parts.front(), "pixelAspectRatio") == nullptr) {
        set_in_all_parts(plan, raw_attribute("pixelAspectRatio", "float", frame.pixel_aspect));
    }
    if (frame.timecode && frame.timecode != declared_timecode(source, frame.timecode->rate)) {
        std::uint32_t other_bits = 0;
        std::uint32_t user_data = 0;
        const RawAttribute* old = find_attribute(source.raw.parts.front(), "timeCode");
        if (old != nullptr && old->type == "timecode") {
            other_bits = value_at<std::uint32_t>(old->value, 0) & ~address_bits;
            if (frame.timecode->rate.nominal() > 39) other_bits &= ~field_mark;
            user_data = value_at<std::uint32_t>(old->value, 4);
        }
        set_in_all_parts(
            plan, raw_attribute("timeCode", "timecode", packed_bcd(*frame.timecode) | other_bits, user_data));
    }
}

void update_part(WritePlan& plan, std::size_t index, const ExrWriteOptions& options) {
    Layout& layout = plan.layouts[index];
    auto& attributes = plan.raw.parts[index];
    const auto base = std::find_if(plan.parts.begin(), plan.parts.end(), [&](const ImagePart& part) {
        return index_of(part) == index && part.level_x == 0 && part.level_y == 0;
    });
    if (base == plan.parts.end())
        throw Error(ErrorKind::Internal, "a part of the picture has no full resolution");
    if (auto channels = channels_of(*base, layout.channels); channels != layout.channels) {
        layout.channels = std::move(channels);
        put_attribute(attributes, {"channels", "chlist", channel_list_bytes(layout.channels)});
    }
    if (base->window != layout.data_window) {
        // "If software crops an image, it should save the data window of the original" (OpenEXR, Standard
        // Attributes); an image that was cropped before has it already.
        if (find_attribute(attributes, "originalDataWindow") == nullptr)
            put_attribute(attributes, window_attribute("originalDataWindow", layout.data_window));
        layout.data_window = base->window;
        put_attribute(attributes, window_attribute("dataWindow", layout.data_window));
    }
    Compression compression = loses_on_rewrite(layout.compression) ? Compression::Zip : layout.compression;
    if (options.compression) {
        const auto asked = parse_compression(*options.compression);
        if (!asked) {
            throw Error(
                ErrorKind::Usage,
                fmt::format("unknown EXR compression '{}'; it can be none, rle, zips, zip, piz, pxr24, b44, "
                            "b44a, dwaa or dwab",
                            *options.compression));
        }
        compression = *asked;
    }
    if (compression != layout.compression) {
        layout.compression = compression;
        put_attribute(attributes, raw_attribute("compression", "compression", compression));
    }
    const auto chunks = static_cast<std::int32_t>(ChunkGrid(layout).count());
    if (find_attribute(attributes, "chunkCount") != nullptr)
        put_attribute(attributes, raw_attribute("chunkCount", "int", chunks));
    const bool dwa = compression == Compression::Dwaa || compression == Compression::Dwab;
    if (dwa && options.dwa_level)
        put_attribute(attributes, raw_attribute("dwaCompressionLevel", "float", *options.dwa_level));
    const RawAttribute* level = find_attribute(attributes, "dwaCompressionLevel");
    plan.dwa_levels.push_back(level != nullptr && level->type == "float" ? value_at<float>(level->value, 0)
                                                                         : default_dwa_level);
}

}  // namespace

WritePlan plan_write(const HostFrame& frame, const ExrWriteOptions& options) {
    if (frame.parts.empty()) throw Error(ErrorKind::Internal, "a frame without a picture cannot be written");
    WritePlan plan;
    plan.parts = planes_to_write(frame, options);
    if (const ExrHeader* source = exr_header_of(frame)) {
        plan.raw = source->raw;
        plan.layouts = source->layouts;
        update_shared(plan, frame, *source);
    } else {
        make_header(plan, frame);
    }
    for (std::size_t i = 0; i < plan.layouts.size(); ++i) update_part(plan, i, options);
    if (options.chromaticities)
        set_in_all_parts(plan, raw_attribute("chromaticities", "chromaticities", *options.chromaticities));
    if (options.rate) {
        set_in_all_parts(plan,
                         raw_attribute("framesPerSecond", "rational", options.rate->num, options.rate->den));
    }
    if (options.reel) set_in_all_parts(plan, text_attribute("reelName", *options.reel));
    for (const auto& [name, text] : options.attributes) set_in_all_parts(plan, text_attribute(name, text));
    flag_long_names_of(plan.raw, plan.layouts);
    return plan;
}

}  // namespace wetgate::media::exr

namespace wetgate::media {

std::string exr_compression(const HostFrame& frame) {
    const exr::ExrHeader* header = exr::exr_header_of(frame);
    if (header == nullptr) return {};
    return exr::name_of(header->layouts.at(static_cast<std::size_t>(frame.worked_part().part)).compression);
}

}  // namespace wetgate::media
