#include "media/movie_decoder.h"

#include <algorithm>
#include <span>

#include "media/movie.h"

namespace wetgate::media {
namespace {

// A picture that has not come out when this many later ones have is not coming: decoders give them in order.
constexpr int overdue_after = 4;

const AVCodec* decoder_for(const AVCodecParameters& parameters) {
    const AVCodec* codec = nullptr;
    if (parameters.codec_id == AV_CODEC_ID_AV1) {  // libav's own needs hardware
        codec = avcodec_find_decoder_by_name("libdav1d");
        if (codec == nullptr) codec = avcodec_find_decoder_by_name("libaom-av1");
    }
    if (codec == nullptr) codec = avcodec_find_decoder(parameters.codec_id);
    if (codec == nullptr) {
        throw Error(ErrorKind::Input, std::string("there is no decoder for ") +
                                          avcodec_get_name(parameters.codec_id) + " in this libavcodec");
    }
    return codec;
}

}  // namespace

MovieDecoder::MovieDecoder(const AVCodecParameters& parameters, const MovieIndex& index, PacketReader& reader,
                           std::int64_t most_pixels, int threads)
    : index_(index), reader_(reader) {
    const AVCodec* codec = decoder_for(parameters);
    context_ = make_codec_context(codec);
    if (const int code = avcodec_parameters_to_context(context_.get(), &parameters); code < 0) {
        throw_av(ErrorKind::Input, "the stream's parameters cannot be used", code);
    }
    context_->max_pixels = most_pixels;
    context_->thread_count = std::clamp(threads, 1, 64);
    if (index.intra) {
        context_->thread_type = FF_THREAD_SLICE;  // no delay: the picture comes out as its packet goes in
        context_->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    } else {
        context_->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
        context_->err_recognition = AV_EF_CRCCHECK;
    }
    // H.264 may reorder as far as its buffer allows; without this libav starts with a guess and corrects it
    // on the way.
    if (parameters.codec_id == AV_CODEC_ID_H264) context_->strict_std_compliance = FF_COMPLIANCE_STRICT;
    if (const int code = avcodec_open2(context_.get(), codec, nullptr); code < 0) {
        throw_av(ErrorKind::Input, std::string("the decoder ") + codec->name + " refuses the stream", code);
    }
}

UniqueFrame MovieDecoder::decode(int frame) {
    if (index_.intra) return decode_intra(index_.packet_of(frame));
    try {
        return decode_predicted(frame);
    } catch (const Error& error) {
        // A frame's own damage leaves the decoder usable; a fault of the file system leaves it anywhere.
        if (error.kind() != ErrorKind::Input) running_ = false;
        throw;
    }
}

void MovieDecoder::note(int code) {
    if (code == AVERROR(ENOMEM)) throw Error(ErrorKind::OutOfMemory, "the decoder got no memory");
    last_fault_ = av_error_text(code);
}

UniqueFrame MovieDecoder::decode_intra(std::int32_t packet) {
    const UniquePacket coded = reader_.read(packet);
    coded->pts = packet;
    coded->dts = packet;
    if (context_->codec_id == AV_CODEC_ID_PRORES)  // libav compares the size with nothing
        check_prores_packet(std::as_bytes(std::span(coded->data, static_cast<std::size_t>(coded->size))));
    UniqueFrame picture = make_frame();
    int code = avcodec_send_packet(context_.get(), coded.get());
    if (code >= 0) code = avcodec_receive_frame(context_.get(), picture.get());
    if (code == AVERROR(EAGAIN)) {  // a decoder with a delay after all
        avcodec_send_packet(context_.get(), nullptr);
        code = avcodec_receive_frame(context_.get(), picture.get());
        avcodec_flush_buffers(context_.get());
    }
    if (code < 0) {
        avcodec_flush_buffers(context_.get());
        throw_av(ErrorKind::Input, "the frame cannot be decoded", code);
    }
    if (const std::string damage = damage_of(*picture); !damage.empty()) {
        throw Error(ErrorKind::Input, "the frame is damaged: " + damage);
    }
    return picture;
}

void MovieDecoder::restart(std::int32_t packet) {
    avcodec_flush_buffers(context_.get());
    running_ = true;
    drained_ = false;
    start_ = packet;
    next_ = packet;
    first_open_ = packet;
    newest_ = -1;
    states_.clear();
    faults_.clear();
    pending_.clear();
}

bool MovieDecoder::can_continue(int frame, std::int32_t start) const {
    if (!running_ || start < start_ || next_ < start) return false;
    const std::int32_t packet = index_.packet_of(frame);
    const auto at = static_cast<std::size_t>(packet - start_);
    const State state = at < states_.size() ? states_[at] : State::Unknown;
    if (state == State::Whole) return pending_.count(frame) > 0;  // else it was given out before
    return state == State::Bad || !drained_;
}

bool MovieDecoder::settled(std::int32_t first, std::int32_t last, int key_frame) const {
    for (std::int32_t i = first; i <= last; ++i) {
        if (index_.packet(i).frame < key_frame)
            continue;  // leans on the group before: not part of this one's chain
        const auto at = static_cast<std::size_t>(i - start_);
        if (at >= states_.size() || states_[at] == State::Unknown) return false;
    }
    return true;
}

UniqueFrame MovieDecoder::decode_predicted(int frame) {
    const std::int32_t start = index_.start_for(frame);
    const std::int32_t last = index_.packet_of(frame);
    const int key_frame = index_.packet(start).frame;
    if (!can_continue(frame, start)) restart(start);
    while (!settled(start, last, key_frame)) advance();
    pending_.erase(pending_.begin(), pending_.lower_bound(frame));
    for (std::int32_t i = start; i <= last; ++i) {
        if (index_.packet(i).frame < key_frame ||
            states_[static_cast<std::size_t>(i - start_)] == State::Whole)
            continue;
        const auto why = faults_.find(i);
        const std::string reason = why == faults_.end() ? "no picture came out" : why->second;
        if (i == last) throw Error(ErrorKind::Input, "the frame is damaged: " + reason);
        throw Error(ErrorKind::Input, "the frame is predicted from a damaged one (frame " +
                                          std::to_string(index_.packet(i).frame) +
                                          " of the movie, counted from 0: " + reason + ")");
    }
    const auto found = pending_.find(frame);
    if (found == pending_.end()) throw Error(ErrorKind::Internal, "a decoded frame was lost on the way");
    UniqueFrame picture = std::move(found->second);
    pending_.erase(found);
    return picture;
}

void MovieDecoder::mark(std::int32_t packet, State state, const std::string& why) {
    if (packet < start_) return;
    const auto at = static_cast<std::size_t>(packet - start_);
    if (at >= states_.size()) states_.resize(at + 1, State::Unknown);
    states_[at] = state;
    if (state == State::Bad) faults_[packet] = why;
}

void MovieDecoder::advance() {
    const bool at_end = static_cast<std::size_t>(next_) >= index_.packets.size();
    if (at_end && drained_) {
        for (std::int32_t i = start_; i < next_; ++i) {
            const auto at = static_cast<std::size_t>(i - start_);
            if (at >= states_.size() || states_[at] == State::Unknown) {
                mark(i, State::Bad, last_fault_.empty() ? "no picture came out" : last_fault_);
            }
        }
        return;
    }
    if (at_end) {
        avcodec_send_packet(context_.get(), nullptr);
        collect();
        drained_ = true;
        return;
    }
    const std::int32_t packet = next_;
    UniquePacket coded;
    try {
        coded = reader_.read(packet);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;
        mark(packet, State::Bad, error.message());
        ++next_;
        return;
    }
    ++next_;
    coded->pts = packet;
    coded->dts = packet;
    const int code = avcodec_send_packet(context_.get(), coded.get());
    if (code < 0) note(code);
    collect();
    give_up_overdue();
}

void MovieDecoder::collect() {
    for (int faults_in_a_row = 0; faults_in_a_row < 16;) {
        UniqueFrame picture = make_frame();
        const int code = avcodec_receive_frame(context_.get(), picture.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
        if (code < 0) {
            note(code);
            ++faults_in_a_row;
            continue;
        }
        faults_in_a_row = 0;
        take(std::move(picture));
    }
}

void MovieDecoder::take(UniqueFrame picture) {
    const std::int64_t packet = picture->pts;
    if (packet < start_ || packet >= next_) return;
    const auto index = static_cast<std::int32_t>(packet);
    const auto at = static_cast<std::size_t>(index - start_);
    if (at < states_.size() && states_[at] != State::Unknown) return;  // given up before: a verdict stands
    const std::string damage = damage_of(*picture);
    mark(index, damage.empty() ? State::Whole : State::Bad, damage);
    const int frame = index_.packet(index).frame;
    newest_ = std::max(newest_, frame);
    if (damage.empty() && frame >= 0) pending_[frame] = std::move(picture);
}

void MovieDecoder::give_up_overdue() {
    for (std::int32_t i = first_open_; i < next_; ++i) {
        const auto at = static_cast<std::size_t>(i - start_);
        if (at < states_.size() && states_[at] != State::Unknown) {
            if (i == first_open_) ++first_open_;
            continue;
        }
        if (index_.packet(i).frame + overdue_after < newest_) {
            mark(i, State::Bad, last_fault_.empty() ? "no picture came out" : last_fault_);
        }
    }
}

}  // namespace wetgate::media
