#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "media/movie_file.h"

namespace wetgate::media {

/// One coded picture.
struct MoviePacket {
    std::int64_t position = 0;  ///< of its bytes in the file
    std::int32_t size = 0;
    std::int32_t frame = -1;  ///< index in order of presentation; -1: decoded, but cut away by an edit list
    bool key = false;         ///< decoding may start here
    bool lost = false;        ///< the container says so, or the bytes lie past the end of the file
};

/// Every packet of a movie's picture track, in decoding order, found without decoding. Frame numbers come
/// from here and from nothing that a decoder does: a picture that fails to decode cannot move the others.
struct MovieIndex {
    std::vector<MoviePacket> packets;
    std::vector<std::int32_t> frames;  ///< frame -> packet
    bool intra = false;                ///< every packet stands for itself
    bool direct = false;  ///< packets can be read at `position`; otherwise only through the demuxer

    std::int32_t packet_of(int frame) const { return frames.at(static_cast<std::size_t>(frame)); }
    const MoviePacket& packet(std::int32_t index) const {
        return packets.at(static_cast<std::size_t>(index));
    }
    /// The packet to start at so that `frame` comes out whole: the last key before it in decoding order that
    /// is not shown after it (a picture shown before the key may need the group before; "open GOP").
    std::int32_t start_for(int frame) const;
};

/// Error{Input} when the track holds no frame, declares more than the file could hold, or has an order that
/// cannot be known.
MovieIndex make_movie_index(Demuxer& demuxer, MovieFile& file, const Log& log);

/// Coded bytes by packet. For one thread.
class PacketReader {
public:
    /// `index` must outlive it.
    PacketReader(std::shared_ptr<MovieFile> file, const Limits& limits, const MovieIndex& index);
    /// Error{Input} for a lost or truncated packet, Error{Temporary} for transient faults.
    UniquePacket read(std::int32_t packet);

private:
    UniquePacket read_direct(const MoviePacket& packet);
    UniquePacket read_demuxed(std::int32_t packet);

    std::shared_ptr<MovieFile> file_;
    Limits limits_;
    const MovieIndex& index_;
    std::unique_ptr<Demuxer> demuxer_;
    std::int32_t next_ = 0;
};

}  // namespace wetgate::media
