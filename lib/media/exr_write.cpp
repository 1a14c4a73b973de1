#include <ImfChannelList.h>
#include <ImfHeader.h>
#include <ImfMultiPartOutputFile.h>
#include <ImfOutputPart.h>
#include <ImfPartType.h>
#include <ImfThreading.h>
#include <ImfTiledOutputPart.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <new>

#include "core/error.h"
#include "media/exr.h"
#include "media/exr_deflate.h"
#include "media/exr_pixels.h"
#include "media/exr_scan.h"
#include "media/exr_streams.h"
#include "media/exr_write_header.h"

namespace wetgate::media {
namespace exr {
namespace {

Imf::PixelType pixel_type(SampleType type) {
    return type == SampleType::U32 ? Imf::UINT : (type == SampleType::Half ? Imf::HALF : Imf::FLOAT);
}

// The header that OpenEXR codes by; it does not reach the file. See Note [No byte of a header reaches
// OpenEXR].
Imf::Header coding_header(const Layout& layout, std::size_t index, float dwa_level) {
    const Box& window = layout.data_window;
    Imf::Header header(
        Imath::Box2i(Imath::V2i(0, 0), Imath::V2i(0, 0)),
        Imath::Box2i(Imath::V2i(window.x0, window.y0), Imath::V2i(window.x1 - 1, window.y1 - 1)));
    header.compression() = static_cast<Imf::Compression>(layout.compression);
    header.lineOrder() = static_cast<Imf::LineOrder>(layout.line_order);
    for (const Channel& channel : layout.channels) {
        header.channels().insert(
            channel.name, Imf::Channel(pixel_type(channel.type), channel.x_sampling, channel.y_sampling,
                                       channel.perceptually_linear != 0));
    }
    if (layout.tiles) {
        header.setTileDescription(Imf::TileDescription(
            static_cast<unsigned>(layout.tiles->width), static_cast<unsigned>(layout.tiles->height),
            static_cast<Imf::LevelMode>(layout.tiles->mode),
            layout.tiles->round_up ? Imf::ROUND_UP : Imf::ROUND_DOWN));
    }
    header.setType(layout.tiles ? Imf::TILEDIMAGE : Imf::SCANLINEIMAGE);
    header.setName(std::to_string(index));
    header.dwaCompressionLevel() = dwa_level;
    return header;
}

void check_levels(const WritePlan& plan) {
    for (const ImagePart& wanted : parts_of(plan.layouts)) {
        bool found = false;
        for (const ImagePart& part : plan.parts) {
            if (part.part != wanted.part || part.level_x != wanted.level_x || part.level_y != wanted.level_y)
                continue;
            found = part.window == wanted.window && part.planes.size() == wanted.planes.size();
            for (const Plane& plane : wanted.planes) {
                bool has = false;
                for (const Plane& each : part.planes) {
                    has = has || (each.name == plane.name && each.type == plane.type &&
                                  each.width == plane.width && each.height == plane.height &&
                                  each.x_sampling == plane.x_sampling && each.y_sampling == plane.y_sampling);
                }
                found = found && has;
            }
        }
        if (!found) {
            throw Error(ErrorKind::Internal, fmt::format("level {},{} of part {} does not fit its header",
                                                         wanted.level_x, wanted.level_y, wanted.part));
        }
    }
}

std::vector<std::byte> coded(const WritePlan& plan) {
    std::vector<Imf::Header> headers;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < plan.layouts.size(); ++i) {
        headers.push_back(coding_header(plan.layouts[i], i, plan.dwa_levels[i]));
        bytes += static_cast<std::size_t>(decoded_bytes(plan.layouts[i]));
    }
    GrowingOutput stream(bytes / 2);
    {
        Imf::MultiPartOutputFile output(stream, headers.data(), static_cast<int>(headers.size()), false,
                                        Imf::globalThreadCount());
        for (const ImagePart& part : plan.parts) {
            const Imf::FrameBuffer buffer = frame_buffer_over(part);
            if (plan.layouts[static_cast<std::size_t>(part.part)].tiles) {
                Imf::TiledOutputPart tiled(output, part.part);
                tiled.setFrameBuffer(buffer);
                tiled.writeTiles(0, tiled.numXTiles(part.level_x) - 1, 0, tiled.numYTiles(part.level_y) - 1,
                                 part.level_x, part.level_y);
            } else {
                Imf::OutputPart lines(output, part.part);
                lines.setFrameBuffer(buffer);
                lines.writePixels(part.window.height());
            }
        }
    }
    return std::move(stream.bytes());
}

/// Where the chunks of what OpenEXR coded lie.
std::pair<ScannedHeader, ChunkTables> scanned(ByteSource& source) {
    Limits any;
    any.max_dimension = any.max_decoded_bytes = any.free_decoded_bytes = any.max_attribute_bytes =
        std::numeric_limits<std::int64_t>::max() / 2;
    any.max_parts = any.max_channels = any.max_attributes = std::numeric_limits<int>::max();
    try {
        ScannedHeader header = scan_header(source, any);
        ChunkTables tables = scan_chunks(source, header);
        return {std::move(header), std::move(tables)};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;
        // OpenEXR writes its chunk table as it goes away, and does not say when it could not.
        throw Error(
            ErrorKind::OutOfMemory,
            fmt::format("OpenEXR did not finish coding the frame, most likely for want of memory ({}); "
                        "lower the number of frames in flight",
                        error.message()));
    }
}

// Puts the coded chunks behind the plan's own header, in the order in which they were written.
std::vector<std::byte> with_own_header(const WritePlan& plan, ByteSource& source, const ScannedHeader& header,
                                       const ChunkTables& tables) {
    const bool multi_part = (plan.raw.version_and_flags & flag_multi_part) != 0;
    // OpenEXR writes one part without part numbers even if the source had them.
    const bool add_part_number = multi_part && !header.multi_part();
    std::vector<std::pair<std::size_t, std::size_t>> order;  // part, index
    for (std::size_t p = 0; p < tables.parts.size(); ++p) {
        for (std::size_t i = 0; i < tables.parts[p].size(); ++i) order.emplace_back(p, i);
    }
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        return tables.parts[a.first][a.second].offset < tables.parts[b.first][b.second].offset;
    });

    std::vector<std::byte> bytes = header_bytes(plan.raw);
    std::vector<std::vector<std::int64_t>> offsets;
    const std::size_t table_at = bytes.size();
    const auto table_bytes = order.size() * sizeof(std::int64_t);
    bytes.reserve(table_at + table_bytes + order.size() * sizeof(std::int32_t) +
                  static_cast<std::size_t>(source.size()));
    bytes.resize(table_at + table_bytes);
    for (const auto& part : tables.parts) offsets.emplace_back(part.size());
    for (const auto& [p, i] : order) {
        const Chunk& chunk = tables.parts[p][i];
        offsets[p][i] = static_cast<std::int64_t>(bytes.size());
        if (add_part_number) append(bytes, std::int32_t{0});
        append_bytes(bytes, source.at(chunk.offset, chunk.header_bytes + chunk.data_bytes, "a chunk"));
    }
    std::byte* table = bytes.data() + table_at;
    for (const auto& part : offsets) {
        std::memcpy(table, part.data(), part.size() * sizeof(std::int64_t));
        table += part.size() * sizeof(std::int64_t);
    }
    return bytes;
}

/// Whether what is written has the same chunks as a file of these layouts.
bool has_chunks_of(const WritePlan& plan, const ScannedHeader& file) {
    return std::equal(plan.layouts.begin(), plan.layouts.end(), file.layouts.begin(), file.layouts.end(),
                      [](const Layout& a, const Layout& b) {
                          return a.channels == b.channels && a.compression == b.compression &&
                                 a.line_order == b.line_order && a.data_window == b.data_window &&
                                 a.tiles == b.tiles;
                      });
}

// What goes wrong while a frame is coded, as an error of that frame.
template <class Code>
auto coding(const HostFrame& frame, Code code) {
    const ErrorContext context{.file = {}, .shot = {}, .frame = frame.number};
    try {
        return code();
    } catch (const Error& error) {
        throw error.within(context);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory,
                    "the EXR needs more memory than there is; lower the number of frames in flight", context);
    } catch (const std::exception& problem) {  // Iex::BaseExc is one
        throw Error(ErrorKind::Internal, fmt::format("the EXR cannot be coded: {}", problem.what()), context);
    }
}

}  // namespace
}  // namespace exr

std::vector<std::byte> encode_exr(const HostFrame& frame, const ExrWriteOptions& options) {
    return exr::coding(frame, [&] {
        const exr::WritePlan plan = exr::plan_write(frame, options);
        exr::check_levels(plan);
        if (exr::can_deflate(plan)) return exr::deflated(plan);
        exr::ByteSource source(exr::coded(plan));
        const auto [header, tables] = exr::scanned(source);
        return exr::with_own_header(plan, source, header, tables);
    });
}

std::optional<std::vector<std::byte>> copy_exr(const std::filesystem::path& file, const HostFrame& frame,
                                               const ExrWriteOptions& options) {
    return exr::coding(frame, [&]() -> std::optional<std::vector<std::byte>> {
        const exr::WritePlan plan = exr::plan_write(frame, options);
        exr::ByteSource source(file);
        const exr::ScannedHeader header = exr::scan_header(source, {});
        if (options.dwa_level || !exr::has_chunks_of(plan, header)) return std::nullopt;
        return exr::with_own_header(plan, source, header, exr::scan_chunks(source, header));
    });
}

}  // namespace wetgate::media
