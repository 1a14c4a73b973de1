#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "media/exr_bytes.h"
#include "media/source.h"

namespace wetgate::media {
namespace {

constexpr std::size_t sniffed_bytes = 1024;

bool starts_with(std::string_view bytes, std::string_view magic, std::size_t at = 0) {
    return bytes.size() >= at + magic.size() && bytes.substr(at, magic.size()) == magic;
}

bool is_still(std::string_view bytes) {
    using namespace std::string_view_literals;
    constexpr std::array magics = {
        "SDPX"sv,  "XPDS"sv,  "\x80\x2A\x5F\xD7"sv,  "\xD7\x5F\x2A\x80"sv, "II*\0"sv, "MM\0*"sv,
        "II+\0"sv, "MM\0+"sv, "\x89PNG\r\n\x1A\n"sv, "\xFF\xD8\xFF"sv};
    return std::any_of(magics.begin(), magics.end(),
                       [&](std::string_view magic) { return starts_with(bytes, magic); });
}

bool is_iso_media(std::string_view bytes) {
    constexpr std::array boxes = {"ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"};
    return std::any_of(boxes.begin(), boxes.end(),
                       [&](const char* box) { return starts_with(bytes, box, 4); });
}

// Transport packets have 188 bytes (192 with a time stamp in front, as Blu-ray and AVCHD have them), each
// begun by 0x47.
bool is_transport_stream(std::string_view bytes) {
    const auto synced = [&](std::size_t first, std::size_t step) {
        for (std::size_t i = 0; i < 3; ++i) {
            if (!starts_with(bytes, "\x47", first + i * step)) return false;
        }
        return true;
    };
    return synced(0, 188) || synced(4, 192);
}

// An H.264 or HEVC byte stream begins with a start code and a NAL unit whose forbidden bit is 0 (Annex B of
// both).
bool is_annex_b(std::string_view bytes) {
    std::size_t zeros = 0;
    while (zeros < bytes.size() && zeros < 16 && bytes[zeros] == '\0') ++zeros;
    return zeros >= 2 && zeros + 1 < bytes.size() && bytes[zeros] == '\x01' && (bytes[zeros + 1] & 0x80) == 0;
}

bool is_mxf(std::string_view bytes) {
    // SMPTE ST 377-1: the header partition's key, after a run-in of less than 64 KiB (none in practice).
    constexpr std::string_view key = "\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02";
    return bytes.find(key) != std::string_view::npos;
}

bool is_movie(std::string_view bytes) {
    return is_iso_media(bytes) || starts_with(bytes, "\x1A\x45\xDF\xA3") || is_transport_stream(bytes) ||
           is_mxf(bytes) || (starts_with(bytes, "RIFF") && starts_with(bytes, "AVI ", 8)) ||
           is_annex_b(bytes);
}

}  // namespace

MediaKind sniff(const std::filesystem::path& file) {
    try {
        exr::ByteSource source(file);
        const auto head =
            source.at(0, std::min<std::int64_t>(source.size(), sniffed_bytes), "the first bytes");
        const std::string_view bytes(reinterpret_cast<const char*>(head.data()), head.size());
        if (bytes.empty()) throw Error(ErrorKind::Input, "is empty");
        if (starts_with(bytes, "\x76\x2F\x31\x01")) return MediaKind::Exr;
        if (is_still(bytes)) return MediaKind::Still;
        if (is_movie(bytes)) return MediaKind::Movie;
        throw Error(
            ErrorKind::Input,
            "is of no kind that is read (EXR, DPX, Cineon, TIFF, PNG, JPEG, MOV, MP4, MXF, MKV, AVI, TS, "
            "raw H.264 or HEVC), going by its first bytes");
    } catch (const Error& error) {
        throw error.within({.file = file.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace wetgate::media
