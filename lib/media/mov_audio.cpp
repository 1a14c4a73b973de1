#include "media/mov_audio.h"

#include <algorithm>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace wetgate::media {
namespace {

// How long coded sound may need to warm up: one packet of the usual codecs.
constexpr double preroll_s = 0.05;

}  // namespace

AudioReader::AudioReader(const AudioCopy& copy, const Rate& rate)
    : file_(std::make_shared<MovieFile>(copy.movie)),
      demuxer_(std::make_unique<Demuxer>(file_, Limits{}, Demuxer::Purpose::Sound)) {
    AVFormatContext& format = demuxer_->format();
    for (unsigned i = 0; i < format.nb_streams; ++i) {
        AVStream* stream = format.streams[i];
        const bool sound = stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        stream->discard = sound ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
        if (sound) tracks_.push_back(stream);
    }
    ended_.assign(tracks_.size(), 0);
    const auto seconds = [&](std::int64_t frames) {
        AVRational time{};
        av_reduce(&time.num, &time.den, frames * rate.den, rate.num, std::numeric_limits<int>::max());
        return time;
    };
    range_start_ = seconds(copy.first_frame_index);
    range_end_ = seconds(copy.first_frame_index + copy.frame_count);
}

std::optional<AudioReader::Piece> AudioReader::next() {
    UniquePacket packet = make_packet();
    while (std::find(ended_.begin(), ended_.end(), 0) != ended_.end() && demuxer_->read(*packet)) {
        if (packet->pts != AV_NOPTS_VALUE || packet->dts != AV_NOPTS_VALUE) {
            if (auto piece = fitted(std::move(packet))) return piece;
            packet = make_packet();
        } else {
            av_packet_unref(packet.get());
        }
    }
    return std::nullopt;
}

std::optional<AudioReader::Piece> AudioReader::fitted(UniquePacket packet) {
    AVStream* stream = demuxer_->format().streams[packet->stream_index];
    const auto found = std::find(tracks_.begin(), tracks_.end(), stream);
    if (found == tracks_.end()) return std::nullopt;
    const auto track = static_cast<std::size_t>(found - tracks_.begin());
    const auto in_track = [&](AVRational time) {
        return av_rescale_q_rnd(time.num, AVRational{1, time.den}, stream->time_base, AV_ROUND_NEAR_INF);
    };
    const std::int64_t first = in_track(range_start_);
    const std::int64_t end = in_track(range_end_);
    std::int64_t start = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    std::int64_t length = std::max<std::int64_t>(packet->duration, 0);
    if (start >= end) {
        ended_[track] = 1;
        return std::nullopt;
    }
    const AVCodecParameters& parameters = *stream->codecpar;
    const int sample_bytes = pcm_sample_bytes(parameters);
    const bool samples_are_ticks =
        sample_bytes > 0 && stream->time_base.num == 1 && stream->time_base.den == parameters.sample_rate;
    if (samples_are_ticks) {
        length = packet->size / sample_bytes;
        const std::int64_t from = std::max(start, first);
        const std::int64_t to = std::min(start + length, end);
        if (to <= from) return std::nullopt;
        packet->data += (from - start) * sample_bytes;
        packet->size = static_cast<int>((to - from) * sample_bytes);
        start = from;
        length = to - from;
    } else {
        const std::int64_t preroll = av_rescale_q(1, av_d2q(preroll_s, 1000), stream->time_base);
        if (start + length <= first - std::min(preroll, length)) return std::nullopt;
    }
    packet->pts = start - first;
    packet->dts = packet->pts;
    packet->duration = length;
    packet->pos = -1;
    const double seconds = static_cast<double>(packet->pts) * av_q2d(stream->time_base);
    return Piece{track, std::move(packet), seconds};
}

}  // namespace wetgate::media
