#include "media/still_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/error.h"
#include "media/byte_order.h"

namespace wetgate::media {
namespace {

bool starts_with(ByteSpan file, std::string_view magic) {
    return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

const char* format_name(StillFormat format) {
    switch (format) {
        case StillFormat::Dpx:
            return "dpx";
        case StillFormat::Cineon:
            return "cineon";
        case StillFormat::Tiff:
            return "tiff";
        case StillFormat::Png:
            return "png";
        case StillFormat::Jpeg:
            return "jpeg";
    }
    return "";
}

std::optional<StillFormat> still_format(ByteSpan file) {
    if (starts_with(file, "SDPX") || starts_with(file, "XPDS")) return StillFormat::Dpx;
    if (starts_with(file, "\x80\x2A\x5F\xD7") || starts_with(file, "\xD7\x5F\x2A\x80"))
        return StillFormat::Cineon;
    if (starts_with(file, std::string_view("II*\0", 4)) || starts_with(file, std::string_view("MM\0*", 4)) ||
        starts_with(file, std::string_view("II+\0", 4)) || starts_with(file, std::string_view("MM\0+", 4))) {
        return StillFormat::Tiff;
    }
    if (starts_with(file, "\x89PNG\r\n\x1A\n")) return StillFormat::Png;
    if (starts_with(file, "\xFF\xD8\xFF")) return StillFormat::Jpeg;
    return std::nullopt;
}

void refuse_still(const std::string& why) {
    throw Error(ErrorKind::Input, why);
}

void check_size(std::int64_t width, std::int64_t height, std::int64_t bytes_per_pixel,
                std::int64_t file_bytes, const Limits& limits) {
    if (width < 1 || height < 1 || width > limits.max_dimension || height > limits.max_dimension) {
        refuse_still(
            fmt::format("a picture of {}x{} is outside 1 to {}", width, height, limits.max_dimension));
    }
    const std::int64_t decoded =
        width * height * bytes_per_pixel;  // dimensions are at most 2^16 or so, set by us
    if (decoded > limits.max_decoded_bytes) {
        refuse_still(fmt::format("{}x{} decodes to {} MiB; at most {} MiB are read", width, height,
                                 decoded >> 20, limits.max_decoded_bytes >> 20));
    }
    if (decoded > limits.free_decoded_bytes && decoded / limits.max_expansion > file_bytes) {
        refuse_still(fmt::format("{} bytes claim a picture of {} MiB: refused as a decompression bomb",
                                 file_bytes, decoded >> 20));
    }
}

StillShape check_png(ByteSpan file, const Limits& limits) {
    StillShape shape;
    std::size_t at = 8;
    bool has_data = false;
    while (true) {
        if (file.size() - at < 12) refuse_still("the PNG is truncated: no IEND chunk");
        const std::size_t length = load_u32(file.data() + at, true);
        if (length > file.size() - at - 12)
            refuse_still(fmt::format("the PNG is truncated inside a chunk of {} bytes", length));
        const std::string_view type(reinterpret_cast<const char*>(file.data() + at + 4), 4);
        const std::byte* body = file.data() + at + 8;
        if (at == 8) {
            if (type != "IHDR" || length != 13) refuse_still("the PNG does not begin with its header");
            shape.width = load_u32(body, true);
            shape.height = load_u32(body + 4, true);
            const std::int64_t depth = std::to_integer<int>(body[8]) == 16 ? 2 : 1;
            check_size(shape.width, shape.height, 4 * depth, static_cast<std::int64_t>(file.size()), limits);
        } else if (type == "cICP" && length == 4) {
            shape.primaries = std::to_integer<int>(body[0]);
            shape.transfer = std::to_integer<int>(body[1]);
        } else if (type == "sRGB" && shape.transfer == 2) {
            shape.primaries = 1;
            shape.transfer = 13;
        }
        has_data = has_data || type == "IDAT";
        if (type == "IEND") break;
        at += length + 12;
    }
    if (!has_data) refuse_still("the PNG has no picture data");
    return shape;
}

StillShape check_jpeg(ByteSpan file, const Limits& limits) {
    StillShape shape;
    const auto byte_at = [&](std::size_t at) { return std::to_integer<unsigned>(file[at]); };
    std::size_t at = 2;
    bool in_scan = false;
    bool has_scan = false;
    while (true) {
        // Between markers only a scan has bytes of its own (FF 00 is a stuffed FF, FF D0..D7 restarts).
        while (
            at + 1 < file.size() &&
            (byte_at(at) != 0xFF || byte_at(at + 1) == 0xFF ||
             (in_scan && (byte_at(at + 1) == 0 || (byte_at(at + 1) >= 0xD0 && byte_at(at + 1) <= 0xD7))))) {
            if (!in_scan && byte_at(at) != 0xFF)
                refuse_still("the JPEG has bytes outside its segments: it is damaged");
            ++at;
        }
        if (at + 1 >= file.size()) refuse_still("the JPEG is truncated: no end marker");
        const unsigned marker = byte_at(at + 1);
        at += 2;
        if (marker == 0xD9) break;
        if (marker == 0x01) continue;
        if (file.size() - at < 2) refuse_still("the JPEG is truncated inside a segment");
        const std::size_t length = load_u16(file.data() + at, true);
        if (length < 2 || length > file.size() - at) refuse_still("the JPEG is truncated inside a segment");
        const bool is_frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (is_frame) {
            if (length < 8) refuse_still("the JPEG's frame header is too short");
            shape.height = load_u16(file.data() + at + 3, true);
            shape.width = load_u16(file.data() + at + 5, true);
            check_size(shape.width, shape.height, 4, static_cast<std::int64_t>(file.size()), limits);
        }
        in_scan = marker == 0xDA;
        has_scan = has_scan || in_scan;
        if (in_scan && shape.width == 0) refuse_still("the JPEG has no frame header before its first scan");
        at += length;
    }
    if (!has_scan) refuse_still("the JPEG has no picture data");
    return shape;
}

}  // namespace wetgate::media
