#include "media/movie_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>

#include "media/movie_order.h"

namespace wetgate::media {
namespace {

constexpr std::size_t most_packets = std::size_t{1} << 24;
constexpr std::int64_t least_bytes_a_frame = 8;
// Some containers report where a block begins, a few bytes before the coded picture.
constexpr std::int64_t longest_block_header = 64;

struct Scanned {
    MoviePacket packet;
    std::int64_t sequence = 0, order = 0;  ///< presentation; order is a time stamp or a picture order count
    std::int64_t decode_time = AV_NOPTS_VALUE;
    bool shown = true;
};

[[noreturn]] void refuse(const MovieFile& file, const std::string& message) {
    throw Error(ErrorKind::Input, message, {.file = file.path().string(), .shot = {}, .frame = {}});
}

void check_count(const MovieFile& file, std::int64_t count) {
    if (count > file.size() / least_bytes_a_frame || count > static_cast<std::int64_t>(most_packets)) {
        refuse(file, "the movie declares " + std::to_string(count) + " frames, more than a file of " +
                         std::to_string(file.size()) + " bytes can hold");
    }
}

bool lies_inside(const MovieFile& file, std::int64_t position, std::int64_t size) {
    return position >= 0 && size > 0 && size <= file.size() && position <= file.size() - size;
}

// Finds the packet's bytes in the file at or shortly after the position that the demuxer reports.
std::optional<std::int64_t> position_in_file(MovieFile& file, const AVPacket& packet,
                                             std::int64_t& usual_header, std::vector<std::uint8_t>& scratch) {
    if (packet.pos < 0 || packet.size <= 0) return std::nullopt;
    const std::int64_t wanted = packet.size + longest_block_header;
    scratch.resize(static_cast<std::size_t>(wanted));
    const std::int64_t got = file.read_at(packet.pos, scratch.data(), wanted);
    const auto matches = [&](std::int64_t header) {
        return header + packet.size <= got &&
               std::memcmp(scratch.data() + header, packet.data, static_cast<std::size_t>(packet.size)) == 0;
    };
    if (matches(usual_header)) return packet.pos + usual_header;
    for (std::int64_t header = 0; header <= longest_block_header; ++header) {
        if (!matches(header)) continue;
        usual_header = header;
        return packet.pos + header;
    }
    return std::nullopt;
}

// Intra-coded movies with a sample table: nothing needs to be read, a terabyte opens at once.
bool take_sample_table(Demuxer& demuxer, MovieFile& file, std::vector<Scanned>& scanned) {
    AVStream& stream = demuxer.video();
    const std::int64_t count = demuxer_sample_count(stream);
    if (!demuxer.is_mov() || !is_intra_only(stream.codecpar->codec_id) || count <= 0 ||
        stream.nb_frames <= 0) {
        return false;
    }
    check_count(file, count);
    scanned.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
        DemuxerSample sample{};
        if (!demuxer_sample(stream, i, sample)) return false;
        Scanned& entry = scanned.emplace_back();
        entry.packet = {sample.position, sample.size, -1, true,
                        !lies_inside(file, sample.position, sample.size)};
        entry.order = i;  // an intra codec is shown in the order of its samples
        entry.shown = !sample.discarded;
    }
    return true;
}

// What the sample table declares beyond the packets that could be read: a truncated movie keeps its length.
void append_lost_samples(Demuxer& demuxer, MovieFile& file, std::vector<Scanned>& scanned) {
    AVStream& stream = demuxer.video();
    const std::int64_t count = demuxer_sample_count(stream);
    const auto read = static_cast<std::int64_t>(scanned.size());
    if (!demuxer.is_mov() || count <= read) return;
    check_count(file, count);
    std::int64_t delay = 0;
    for (const Scanned& entry : scanned) delay = std::max(delay, entry.order - entry.decode_time);
    DemuxerSample first_lost{};
    for (std::int64_t i = read; i < count; ++i) {
        DemuxerSample sample{};
        if (!demuxer_sample(stream, i, sample)) return;
        if (i == read) first_lost = sample;
        Scanned& entry = scanned.emplace_back();
        entry.packet = {sample.position, sample.size, -1, sample.key, true};
        entry.order = sample.timestamp + delay;
        entry.shown = !sample.discarded;
    }
    // The table of decoding times does not say when a lost picture was to be shown: what is shown after the
    // first of them was due for decoding has no certain number.
    for (std::int64_t i = 0; i < read; ++i) {
        Scanned& entry = scanned[static_cast<std::size_t>(i)];
        if (entry.order >= first_lost.timestamp) entry.packet.lost = true;
    }
}

struct ScanFacts {
    bool direct = true;
    bool all_timed = true;
};

ScanFacts scan_packets(Demuxer& demuxer, MovieFile& file, std::vector<Scanned>& scanned) {
    AVFormatContext& format = demuxer.format();
    AVStream& stream = demuxer.video();
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        if (format.streams[i] != &stream) format.streams[i]->discard = AVDISCARD_ALL;
    }
    const AVCodecID codec = stream.codecpar->codec_id;
    std::optional<PictureOrder> picture_order;
    if (demuxer.is_raw() && (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC)) {
        picture_order.emplace(*stream.codecpar);
    }
    ScanFacts facts;
    std::int64_t usual_header = 0;
    std::vector<std::uint8_t> scratch;
    const UniquePacket packet = make_packet();
    while (demuxer.read(*packet)) {
        if (packet->stream_index == stream.index && packet->size > 0) {
            if (scanned.size() >= most_packets) refuse(file, "the movie has too many frames");
            Scanned& entry = scanned.emplace_back();
            entry.packet.size = packet->size;
            entry.packet.key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
            entry.packet.lost = (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
            entry.shown = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
            entry.decode_time = packet->dts;
            if (picture_order) {
                const PictureOrder::Place place = picture_order->next(*packet);
                entry.sequence = place.sequence;
                entry.order = place.count;
                entry.packet.key = place.random_access;
            } else {
                facts.all_timed = facts.all_timed && packet->pts != AV_NOPTS_VALUE;
                entry.order = packet->pts;
            }
            if (facts.direct) {
                const auto position = position_in_file(file, *packet, usual_header, scratch);
                facts.direct = position.has_value() && !has_new_parameters(*packet);
                entry.packet.position = position.value_or(-1);
            }
        }
        av_packet_unref(packet.get());
    }
    if (demuxer.is_mov()) append_lost_samples(demuxer, file, scanned);
    return facts;
}

// Without times, codecs that show one picture a packet in the order of packets are still clear.
void order_by_decoding(const MovieFile& file, AVCodecID codec, std::vector<Scanned>& scanned) {
    const bool in_order = is_intra_only(codec) || codec == AV_CODEC_ID_AV1 || codec == AV_CODEC_ID_VP9 ||
                          codec == AV_CODEC_ID_VP8;
    if (!in_order)
        refuse(file, "the stream carries no times to order its frames by; wrap it in a .mov first");
    for (std::size_t i = 0; i < scanned.size(); ++i) scanned[i].order = static_cast<std::int64_t>(i);
}

}  // namespace

std::int32_t MovieIndex::start_for(int frame) const {
    const std::int32_t target = packet_of(frame);
    if (intra) return target;
    for (std::int32_t i = target; i > 0; --i) {
        if (packet(i).key && packet(i).frame <= frame) return i;
    }
    return 0;
}

MovieIndex make_movie_index(Demuxer& demuxer, MovieFile& file, const Log& log) {
    const AVCodecID codec = demuxer.video().codecpar->codec_id;
    MovieIndex index;
    index.intra = is_intra_only(codec);
    std::vector<Scanned> scanned;
    if (take_sample_table(demuxer, file, scanned)) {
        index.direct = true;
    } else {
        scanned.clear();
        const ScanFacts facts = scan_packets(demuxer, file, scanned);
        index.direct = facts.direct;
        if (!facts.all_timed) order_by_decoding(file, codec, scanned);
    }

    std::vector<std::int32_t> shown;
    for (std::size_t i = 0; i < scanned.size(); ++i) {
        if (scanned[i].shown) shown.push_back(static_cast<std::int32_t>(i));
    }
    std::stable_sort(shown.begin(), shown.end(), [&](std::int32_t a, std::int32_t b) {
        const Scanned& left = scanned[static_cast<std::size_t>(a)];
        const Scanned& right = scanned[static_cast<std::size_t>(b)];
        return std::pair(left.sequence, left.order) < std::pair(right.sequence, right.order);
    });
    std::size_t lost = 0;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        MoviePacket& packet = scanned[static_cast<std::size_t>(shown[i])].packet;
        packet.frame = static_cast<std::int32_t>(i);
        if (packet.lost) ++lost;
    }
    if (lost == shown.size()) refuse(file, "the movie holds no whole frame");
    if (lost > 0) {
        log(LogLevel::Warning, file.path().string() + ": " + std::to_string(lost) + " of " +
                                   std::to_string(shown.size()) +
                                   " frames are damaged or lie past the end of the file");
    }
    index.frames = std::move(shown);
    index.packets.reserve(scanned.size());
    for (const Scanned& entry : scanned) index.packets.push_back(entry.packet);
    return index;
}

PacketReader::PacketReader(std::shared_ptr<MovieFile> file, const Limits& limits, const MovieIndex& index)
    : file_(std::move(file)), limits_(limits), index_(index) {}

UniquePacket PacketReader::read(std::int32_t index) {
    const MoviePacket& packet = index_.packet(index);
    if (packet.lost) {
        throw Error(ErrorKind::Input, "the frame's data is damaged or lies past the end of the file",
                    {.file = file_->path().string(), .shot = {}, .frame = {}});
    }
    return index_.direct ? read_direct(packet) : read_demuxed(index);
}

UniquePacket PacketReader::read_direct(const MoviePacket& wanted) {
    UniquePacket packet = make_packet();
    if (const int code = av_new_packet(packet.get(), wanted.size); code < 0) {
        throw_av(ErrorKind::Input, "no room for a coded frame", code);
    }
    if (file_->read_at(wanted.position, packet->data, wanted.size) != wanted.size) {
        throw Error(ErrorKind::Input, "the file ends inside the frame's data",
                    {.file = file_->path().string(), .shot = {}, .frame = {}});
    }
    return packet;
}

UniquePacket PacketReader::read_demuxed(std::int32_t index) {
    // Containers that scatter a picture's bytes have no seeking that is exact for all of them: backwards is
    // from the start.
    if (!demuxer_ || next_ > index) {
        demuxer_ = std::make_unique<Demuxer>(file_, limits_, Demuxer::Purpose::Pictures);
        AVFormatContext& format = demuxer_->format();
        for (unsigned i = 0; i < format.nb_streams; ++i) {
            if (format.streams[i] != &demuxer_->video()) format.streams[i]->discard = AVDISCARD_ALL;
        }
        next_ = 0;
    }
    UniquePacket packet = make_packet();
    while (demuxer_->read(*packet)) {
        const bool counts = packet->stream_index == demuxer_->video().index && packet->size > 0;
        if (counts && next_++ == index) return packet;
        av_packet_unref(packet.get());
    }
    demuxer_.reset();
    throw Error(ErrorKind::Input, "the frame's data cannot be found again; did the file change?",
                {.file = file_->path().string(), .shot = {}, .frame = {}});
}

}  // namespace wetgate::media
