#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "media/exr.h"
#include "media/exr_bytes.h"
#include "media/exr_format.h"

/// Note [No byte of a header reaches OpenEXR]
/// OpenEXR 3.1 has known faults on hostile headers, chunk tables and attributes, and it silently rebuilds a
/// missing chunk table. So headers and chunk tables are read and checked here, whole. OpenEXR is then given a
/// header of our own making (append_header on the layout alone) with a chunk table of our own making, in
/// front of the file's chunks; when writing, its chunks are put behind the header that the file had, byte for
/// byte.
namespace wetgate::media::exr {

constexpr std::int32_t magic_number = 20000630;
constexpr std::int32_t version_number = 2;
constexpr std::int32_t flag_tiled = 0x200;
constexpr std::int32_t flag_long_names = 0x400;
constexpr std::int32_t flag_non_image = 0x800;
constexpr std::int32_t flag_multi_part = 0x1000;

struct ScannedHeader {
    RawExrHeader raw;
    std::vector<Layout> layouts;  ///< one a part
    std::int64_t decoded_bytes = 0;
    bool multi_part() const { return (raw.version_and_flags & flag_multi_part) != 0; }
};

/// Reads and checks the headers of all parts against `limits`; linear time, bounded memory. Error{Input} says
/// what is wrong.
ScannedHeader scan_header(ByteSource& source, const Limits& limits);
/// The same of bytes that are the header alone, out of a file of `file_bytes`.
ScannedHeader scan_header(ByteSource& source, const Limits& limits, std::int64_t file_bytes);

/// One chunk as the file has it.
struct Chunk {
    std::int64_t offset = 0;        ///< of its header
    std::int64_t header_bytes = 0;  ///< part number, coordinates, size
    std::int64_t data_bytes = 0;
};

struct ChunkTables {
    std::vector<std::vector<Chunk>> parts;  ///< in table order
    std::int64_t end = 0;                   ///< first byte after the tables
    bool rebuilt = false;                   ///< the file's table was not filled in, but every chunk is there
};

/// Reads and checks the chunk tables and every chunk's header: each chunk inside the file, at its own place,
/// of its own part and coordinates, no larger than its pixels, none shared. Error{Input} else.
ChunkTables scan_chunks(ByteSource& source, const ScannedHeader& header);

const RawAttribute* find_attribute(const std::vector<RawAttribute>& attributes, std::string_view name);

/// An attribute whose value is `values` one after the other.
template <class... Values>
RawAttribute raw_attribute(std::string name, std::string type, const Values&... values) {
    RawAttribute made{std::move(name), std::move(type), {}};
    (append(made.value, values), ...);
    return made;
}
RawAttribute text_attribute(std::string name, std::string_view text);

/// Replaces the attribute of this name, or adds it at the end.
void put_attribute(std::vector<RawAttribute>& attributes, RawAttribute attribute);
/// Sets the long-names flag if a name needs it.
void flag_long_names_of(RawExrHeader& header, const std::vector<Layout>& layouts);

/// Bytes of the `channels` attribute.
std::vector<std::byte> channel_list_bytes(const std::vector<Channel>& channels);

/// The file's bytes up to the first chunk table.
std::vector<std::byte> header_bytes(const RawExrHeader& header);

/// The attributes that OpenEXR needs to decode or code the chunks of `layouts`, and no others.
RawExrHeader minimal_header(const std::vector<Layout>& layouts, bool multi_part);

}  // namespace wetgate::media::exr
