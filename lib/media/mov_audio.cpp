#include "media/mov_audio.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

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
        const bool sound =
            stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && stream->codecpar->sample_rate > 0;
        stream->discard = sound ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
        if (sound) tracks_.push_back(stream);
    }
    ended_.assign(tracks_.size(), 0);
    next_sample_.resize(tracks_.size());
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

// Note [Sound is counted in samples]
// Containers time sound in their own ticks (a millisecond in Matroska), too coarse to cut to the sample. A
// packet begins where the one before it ended, as long as its own time says so to within a tick.
AudioReader::Span AudioReader::span_of(const AVPacket& packet, std::size_t track) {
    const AVStream& stream = *tracks_[track];
    const AVCodecParameters& parameters = *stream.codecpar;
    const AVRational samples{1, parameters.sample_rate};
    const std::int64_t tick = av_rescale_q_rnd(1, stream.time_base, samples, AV_ROUND_UP);
    const auto is_near = [tick](std::int64_t a, std::int64_t b) { return std::abs(a - b) <= tick; };
    Span span;
    span.start =
        av_rescale_q(packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts, stream.time_base, samples);
    std::optional<std::int64_t>& expected = next_sample_[track];
    if (expected && is_near(*expected, span.start)) span.start = *expected;
    if (const int bytes = pcm_sample_bytes(parameters); bytes > 0) {
        span.length = packet.size / bytes;
    } else {
        span.length = av_rescale_q(std::max<std::int64_t>(packet.duration, 0), stream.time_base, samples);
        if (parameters.frame_size > 0 && is_near(span.length, parameters.frame_size))
            span.length = parameters.frame_size;
    }
    expected = span.start + span.length;
    return span;
}

std::optional<AudioReader::Piece> AudioReader::fitted(UniquePacket packet) {
    AVStream* stream = demuxer_->format().streams[packet->stream_index];
    const auto found = std::find(tracks_.begin(), tracks_.end(), stream);
    if (found == tracks_.end()) return std::nullopt;
    const auto track = static_cast<std::size_t>(found - tracks_.begin());
    const AVCodecParameters& parameters = *stream->codecpar;
    const auto in_samples = [&](AVRational time) {
        return av_rescale_q_rnd(time.num, AVRational{1, time.den}, AVRational{1, parameters.sample_rate},
                                AV_ROUND_NEAR_INF);
    };
    const std::int64_t first = in_samples(range_start_);
    const std::int64_t end = in_samples(range_end_);
    Span span = span_of(*packet, track);
    if (span.start >= end) {
        ended_[track] = 1;
        return std::nullopt;
    }
    if (const int sample_bytes = pcm_sample_bytes(parameters); sample_bytes > 0) {
        const std::int64_t from = std::max(span.start, first);
        const std::int64_t to = std::min(span.start + span.length, end);
        if (to <= from) return std::nullopt;
        packet->data += (from - span.start) * sample_bytes;
        packet->size = static_cast<int>((to - from) * sample_bytes);
        span = {from, to - from};
    } else {
        const auto preroll = static_cast<std::int64_t>(preroll_s * parameters.sample_rate);
        if (span.start + span.length <= first - std::min(preroll, span.length)) return std::nullopt;
    }
    packet->pts = span.start - first;
    packet->dts = packet->pts;
    packet->duration = span.length;
    packet->pos = -1;
    const double seconds = static_cast<double>(packet->pts) / parameters.sample_rate;
    return Piece{track, std::move(packet), seconds};
}

}  // namespace wetgate::media
