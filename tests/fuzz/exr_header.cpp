// The scanner that stands before OpenEXR: headers, chunk tables, chunk headers.
#include <algorithm>

#include "fuzz/input.h"
#include "media/exr_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace exr = wetgate::media::exr;
    const auto bytes = fuzz::bytes_of(data, size);
    exr::ByteSource source(std::vector<std::byte>(bytes.begin(), bytes.end()));
    exr::ScannedHeader header;
    if (!fuzz::takes({wetgate::ErrorKind::Input}, [&] { header = exr::scan_header(source, {}); })) return 0;
    const std::vector<std::byte> again = exr::header_bytes(header.raw);
    fuzz::require(
        again.size() == header.raw.header_bytes && std::equal(again.begin(), again.end(), bytes.begin()),
        "a header is carried byte for byte");
    exr::ByteSource own(exr::header_bytes(exr::minimal_header(header.layouts, header.multi_part())));
    exr::ChunkTables tables;
    if (!fuzz::takes({wetgate::ErrorKind::Input}, [&] { tables = exr::scan_chunks(source, header); }))
        return 0;
    const auto end = static_cast<std::int64_t>(size);
    for (const auto& part : tables.parts) {
        for (const exr::Chunk& chunk : part) {
            fuzz::require(chunk.offset >= tables.end && chunk.header_bytes > 0 && chunk.data_bytes > 0 &&
                              chunk.offset + chunk.header_bytes + chunk.data_bytes <= end,
                          "a chunk lies in the file, behind the tables");
        }
    }
    return 0;
}
