#include <ImfFrameBuffer.h>
#include <ImfHeader.h>
#include <ImfInputPart.h>
#include <ImfMultiPartInputFile.h>
#include <ImfThreading.h>
#include <ImfTiledInputPart.h>
#include <fmt/format.h>

#include <exception>
#include <new>

#include "core/error.h"
#include "media/exr.h"
#include "media/exr_frame.h"
#include "media/exr_pixels.h"
#include "media/exr_scan.h"
#include "media/exr_streams.h"
#include "media/exr_verify.h"

namespace wetgate::media {
namespace exr {
namespace {

// A header and a chunk table that fit in front of the file's chunks. See Note [No byte of a header reaches
// OpenEXR].
std::vector<std::byte> front_of(const ScannedHeader& header, const ChunkTables& tables) {
    std::vector<std::byte> front = header_bytes(minimal_header(header.layouts, header.multi_part()));
    std::size_t chunks = 0;
    for (const auto& part : tables.parts) chunks += part.size();
    const auto shift = static_cast<std::int64_t>(front.size() + chunks * sizeof(std::int64_t)) - tables.end;
    for (const auto& part : tables.parts) {
        for (const Chunk& chunk : part) append(front, chunk.offset + shift);
    }
    return front;
}

void decode(const ScannedHeader& header, const ChunkTables& tables, std::span<const std::byte> file,
            std::vector<ImagePart>& parts) {
    SplicedInput stream(front_of(header, tables), file.subspan(static_cast<std::size_t>(tables.end)));
    Imf::MultiPartInputFile input(stream, Imf::globalThreadCount(), false);
    for (ImagePart& part : parts) {
        for (Plane& plane : part.planes) {
            plane = make_plane(plane.name, plane.type, plane.width, plane.height, plane.x_sampling,
                               plane.y_sampling);
        }
        const Imf::FrameBuffer buffer = frame_buffer_over(part);
        if (header.layouts[static_cast<std::size_t>(part.part)].tiles) {
            Imf::TiledInputPart tiled(input, part.part);
            tiled.setFrameBuffer(buffer);
            tiled.readTiles(0, tiled.numXTiles(part.level_x) - 1, 0, tiled.numYTiles(part.level_y) - 1,
                            part.level_x, part.level_y);
        } else {
            Imf::InputPart lines(input, part.part);
            lines.setFrameBuffer(buffer);
            lines.readPixels(part.window.y0, part.window.y1 - 1);
        }
    }
}

void check_file_size(const ScannedHeader& header, std::int64_t file_bytes) {
    // Some recorders pad chunks to disk blocks; but what no picture can need is not taken into memory.
    constexpr std::int64_t slack = std::int64_t{64} << 20;
    const auto header_size = static_cast<std::int64_t>(header.raw.header_bytes);
    if (file_bytes > 2 * header.decoded_bytes + header_size + slack) {
        throw Error(ErrorKind::Input,
                    fmt::format("has {} bytes for a picture of {} bytes; that is no picture file", file_bytes,
                                header.decoded_bytes));
    }
}

HostFrame read_checked(ByteSource& source, const SourceRequest& request, bool& rebuilt) {
    const ScannedHeader header = scan_header(source, request.limits);
    check_file_size(header, source.size());
    const auto file = source.all();
    const ChunkTables tables = scan_chunks(source, header);
    rebuilt = tables.rebuilt;

    HostFrame frame = hollow_frame(header, request);
    decode(header, tables, file, frame.parts);
    verify_decoded(file, header, tables, frame.parts);
    return frame;
}

}  // namespace
}  // namespace exr

HostFrame read_exr(const std::filesystem::path& file, int number, const SourceRequest& request) {
    return exr::read_exr_noting(file, number, request).frame;
}

exr::ReadResult exr::read_exr_noting(const std::filesystem::path& file, int number,
                                     const SourceRequest& request) {
    const ErrorContext context{.file = file.string(), .shot = {}, .frame = number};
    try {
        ReadResult result;
        ByteSource source(file);
        result.frame = read_checked(source, request, result.table_was_rebuilt);
        result.frame.number = number;
        return result;
    } catch (const Error& error) {
        throw error.within(context);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory,
                    "needs more memory than there is; lower the number of frames in flight", context);
    } catch (const std::exception& problem) {  // Iex::BaseExc is one
        throw Error(ErrorKind::Input, fmt::format("is truncated or damaged: {}", problem.what()), context);
    }
}

void set_exr_threads(int threads) {
    Imf::setGlobalThreadCount(threads < 0 ? 0 : threads);
}

}  // namespace wetgate::media
