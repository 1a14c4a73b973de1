#include "media/aces_container.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "media/exr_frame.h"
#include "media/exr_scan.h"
#include "media/worked.h"

namespace wetgate::media {
namespace {

using exr::find_attribute;
using exr::raw_attribute;

// SMPTE ST 2065-1: the ACES RGB primaries and white.
constexpr std::array<float, 8> ap0 = {0.73470F, 0.26530F,  0.00000F, 1.00000F,
                                      0.00010F, -0.07700F, 0.32168F, 0.33767F};

struct Predefined {
    std::string_view name, type;
    bool required = false;
};

// Section 9 of the standard.
constexpr Predefined predefined[] = {{"acesImageContainerFlag", "int", true},
                                     {"channels", "chlist", true},
                                     {"chromaticities", "chromaticities", true},
                                     {"compression", "compression", true},
                                     {"dataWindow", "box2i", true},
                                     {"displayWindow", "box2i", true},
                                     {"lineOrder", "lineOrder", true},
                                     {"pixelAspectRatio", "float", true},
                                     {"screenWindowCenter", "v2f", true},
                                     {"screenWindowWidth", "float", true},
                                     {"altitude", "float"},
                                     {"aperture", "float"},
                                     {"cameraFirmwareVersion", "string"},
                                     {"cameraIdentifier", "string"},
                                     {"cameraLabel", "string"},
                                     {"cameraMake", "string"},
                                     {"cameraModel", "string"},
                                     {"cameraPosition", "v3f"},
                                     {"cameraSerialNumber", "string"},
                                     {"cameraUpDirection", "v3f"},
                                     {"cameraViewingDirection", "v3f"},
                                     {"capDate", "string"},
                                     {"captureRate", "rational"},
                                     {"comments", "string"},
                                     {"convergenceDistance", "float"},
                                     {"creator", "string"},
                                     {"expTime", "float"},
                                     {"focalLength", "float"},
                                     {"focus", "float"},
                                     {"framesPerSecond", "rational"},
                                     {"free", "string"},
                                     {"headerChecksum", "string"},
                                     {"imageChecksum", "string"},
                                     {"imageCounter", "int"},
                                     {"imageRotation", "float"},
                                     {"interocularDistance", "float"},
                                     {"isoSpeed", "float"},
                                     {"keyCode", "keycode"},
                                     {"latitude", "float"},
                                     {"lensAttributes", "string"},
                                     {"lensMake", "string"},
                                     {"lensModel", "string"},
                                     {"lensSerialNumber", "string"},
                                     {"longitude", "float"},
                                     {"multiView", "stringVector"},
                                     {"originalImageFlag", "int"},
                                     {"owner", "string"},
                                     {"recorderFirmwareVersion", "string"},
                                     {"recorderMake", "string"},
                                     {"recorderModel", "string"},
                                     {"recorderSerialNumber", "string"},
                                     {"reelName", "string"},
                                     {"storageMediaSerialNumber", "string"},
                                     {"timeCode", "timecode"},
                                     {"timecodeRate", "int"},
                                     {"utcOffset", "float"},
                                     {"uuid", "string"}};

// Section 8 of the standard.
constexpr std::string_view types[] = {
    "box2i",    "chlist",       "chromaticities", "compression",  "double",        "float",  "half",
    "int",      "keycode",      "lineOrder",      "rational",     "short",         "string", "stringVector",
    "timecode", "unsignedChar", "unsignedInt",    "unsignedLong", "unsignedShort", "v2f",    "v3f"};

// How the source's file is built; a container is built otherwise, and nothing is lost by that.
constexpr std::string_view structure[] = {
    "name", "type", "version", "chunkCount", "view", "tiles", "dwaCompressionLevel"};
// What would be untrue of other pixels.
constexpr std::string_view untrue[] = {"multiView", "headerChecksum", "imageChecksum", "colorInteropID"};

template <class List>
bool is_one_of(std::string_view name, const List& list) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

const Predefined* find_predefined(std::string_view name) {
    const auto* found = std::find_if(std::begin(predefined), std::end(predefined),
                                     [&](const Predefined& row) { return row.name == name; });
    return found == std::end(predefined) ? nullptr : found;
}

bool is_known_type(std::string_view type) {
    return is_one_of(type, types);
}

bool may_be_carried(const RawAttribute& attribute) {
    if (is_one_of(attribute.name, structure) || is_one_of(attribute.name, untrue)) return false;
    const Predefined* row = find_predefined(attribute.name);
    return row != nullptr ? row->type == attribute.type : is_known_type(attribute.type);
}

class Checker {
public:
    Checker(exr::ByteSource& source, const Limits& limits)
        : header_(exr::scan_header(source, limits)), chunks_(exr::scan_chunks(source, header_)) {}

    std::vector<std::string> faults() {
        check_version();
        if (header_.raw.parts.size() == 1) {
            check_attributes();
            check_channels();
            check_chunks();
        }
        return std::move(faults_);
    }

private:
    void expect(bool holds, std::string fault) {
        if (!holds) faults_.push_back(std::move(fault));
    }

    void check_version() {
        const int version = header_.raw.version_and_flags;
        expect(version == exr::version_number || version == (exr::version_number | exr::flag_long_names),
               fmt::format("the version field is {}; it is 2 or 1026 in a container", version));
        expect(header_.raw.parts.size() == 1,
               fmt::format("it has {} parts; a container has one", header_.raw.parts.size()));
        expect(!header_.layouts.front().tiles, "it is tiled; a container has scan lines");
    }

    void check_attributes() {
        const auto& attributes = header_.raw.parts.front();
        for (const Predefined& row : predefined) {
            const RawAttribute* attribute = find_attribute(attributes, row.name);
            if (attribute == nullptr) {
                expect(!row.required, fmt::format("the attribute {} is missing", row.name));
                continue;
            }
            expect(attribute->type == row.type, fmt::format("the attribute {} has type {}; it is {}",
                                                            row.name, attribute->type, row.type));
        }
        for (const RawAttribute& attribute : attributes) {
            expect(is_known_type(attribute.type) || find_predefined(attribute.name) != nullptr,
                   fmt::format("the attribute {} has type {}, which a container does not know",
                               attribute.name, attribute.type));
        }
        const RawAttribute* flag = find_attribute(attributes, "acesImageContainerFlag");
        if (flag != nullptr && flag->type == "int")
            expect(exr::value_at<std::int32_t>(flag->value, 0) == 1, "acesImageContainerFlag is not 1");
        const RawAttribute* colours = find_attribute(attributes, "chromaticities");
        if (colours != nullptr && colours->type == "chromaticities") {
            expect((exr::value_at<std::array<float, 8>>(colours->value, 0) == ap0),
                   "the chromaticities are not those of ACES2065-1");
        }
        const exr::Layout& layout = header_.layouts.front();
        expect(layout.compression == exr::Compression::None,
               fmt::format("it is compressed ({}); a container is not", exr::name_of(layout.compression)));
        expect(layout.line_order == exr::LineOrder::Increasing,
               "its scan lines are not stored from top to bottom");
        expect(layout.pixel_aspect > 0, "the pixel aspect ratio is not positive");
    }

    void check_channels() {
        std::string names;
        for (const exr::Channel& channel : header_.layouts.front().channels) {
            names += (names.empty() ? "" : " ") + channel.name;
            expect(channel.type == SampleType::Half,
                   fmt::format("channel {} is not half float", channel.name));
            expect(channel.x_sampling == 1 && channel.y_sampling == 1 && channel.perceptually_linear == 0,
                   fmt::format("channel {} is subsampled or marked as perceptually linear", channel.name));
        }
        constexpr std::string_view sets[] = {"B G R", "A B G R", "B G R left.B left.G left.R",
                                             "A B G R left.A left.B left.G left.R"};
        expect(is_one_of(names, sets),
               "its channels are " + names + "; a container has R, G, B and perhaps A, for one eye or two");
    }

    // Scan lines in order, one after the other behind the table.
    void check_chunks() {
        std::int64_t at = chunks_.end;
        for (const exr::Chunk& chunk : chunks_.parts.front()) {
            if (chunk.offset < at) {
                expect(false, "its scan lines are not stored in order");
                return;
            }
            at = chunk.offset + chunk.header_bytes + chunk.data_bytes;
        }
    }

    exr::ScannedHeader header_;
    exr::ChunkTables chunks_;
    std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::byte> encode_aces_container(const HostFrame& like, const FloatImage& aces_rgb,
                                             const std::optional<std::vector<float>>& alpha,
                                             const ExrWriteOptions& options,
                                             std::vector<std::string>& left_out) {
    HostFrame frame = make_rgb_frame(like, aces_rgb, SampleType::Half, 0, alpha);
    auto header = std::make_shared<exr::ExrHeader>();
    header->raw.version_and_flags = exr::version_number;
    auto& attributes = header->raw.parts.emplace_back();
    exr::Layout& layout = header->layouts.emplace_back();
    for (const Plane& plane : frame.parts.front().planes)
        layout.channels.push_back({plane.name, SampleType::Half, 0, 1, 1});
    std::sort(layout.channels.begin(), layout.channels.end(),
              [](const exr::Channel& a, const exr::Channel& b) { return a.name < b.name; });
    layout.compression = exr::Compression::None;
    layout.data_window = aces_rgb.window;
    layout.display_window = like.display_window.empty() ? aces_rgb.window : like.display_window;
    layout.pixel_aspect = like.pixel_aspect;
    frame.display_window = layout.display_window;

    if (const exr::ExrHeader* source = exr::exr_header_of(like)) {
        for (const RawAttribute& attribute :
             source->raw.parts.at(static_cast<std::size_t>(like.worked_part().part))) {
            if (may_be_carried(attribute)) {
                attributes.push_back(attribute);
            } else if (!is_one_of(attribute.name, structure)) {
                left_out.push_back(attribute.name);
            }
        }
    }
    const int alpha_at = alpha ? exr::alpha_plane(like) : -1;
    for (const ImagePart& part : like.parts) {
        if (part.level_x != 0 || part.level_y != 0) continue;
        const bool is_worked = part.part == like.worked_part().part;
        for (std::size_t i = 0; i < part.planes.size(); ++i) {
            const auto plane = static_cast<int>(i);
            const bool kept =
                is_worked &&
                (plane == alpha_at || std::find(std::begin(like.worked.plane), std::end(like.worked.plane),
                                                plane) != std::end(like.worked.plane));
            const std::string name = "channel " + part.planes[i].name;
            if (!kept && std::find(left_out.begin(), left_out.end(), name) == left_out.end())
                left_out.push_back(name);
        }
    }
    const auto window = [](const char* name, const Box& box) {
        return raw_attribute(name, "box2i", box.x0, box.y0, box.x1 - 1, box.y1 - 1);
    };
    exr::put_attribute(attributes, raw_attribute("acesImageContainerFlag", "int", std::int32_t{1}));
    exr::put_attribute(attributes, {"channels", "chlist", exr::channel_list_bytes(layout.channels)});
    exr::put_attribute(attributes, raw_attribute("chromaticities", "chromaticities", ap0));
    exr::put_attribute(attributes, raw_attribute("compression", "compression", layout.compression));
    exr::put_attribute(attributes, window("dataWindow", layout.data_window));
    exr::put_attribute(attributes, window("displayWindow", layout.display_window));
    exr::put_attribute(attributes, raw_attribute("lineOrder", "lineOrder", layout.line_order));
    exr::put_attribute(attributes, raw_attribute("pixelAspectRatio", "float", layout.pixel_aspect));
    if (find_attribute(attributes, "screenWindowCenter") == nullptr)
        attributes.push_back(raw_attribute("screenWindowCenter", "v2f", 0.0F, 0.0F));
    if (find_attribute(attributes, "screenWindowWidth") == nullptr)
        attributes.push_back(raw_attribute("screenWindowWidth", "float", 1.0F));
    ExrWriteOptions strict = options;
    strict.compression = "none";
    strict.pixel = SampleType::Half;
    strict.dwa_level.reset();
    strict.chromaticities.reset();
    const bool has_rate = find_attribute(attributes, "framesPerSecond") != nullptr;
    if (!strict.rate && !has_rate && frame.timecode) strict.rate = frame.timecode->rate;
    frame.header = std::move(header);
    return encode_exr(frame, strict);
}

std::vector<std::string> aces_container_faults(const std::filesystem::path& file, const Limits& limits) {
    try {
        exr::ByteSource source(file);
        return Checker(source, limits).faults();
    } catch (const Error& error) {
        throw error.within({.file = file.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace wetgate::media
