#include "media/movie_order.h"

namespace wetgate::media {
namespace {

struct Access {
    bool restarts_count = false;  ///< IDR or BLA
    bool random_access = false;
};

Access access_of(AVCodecID codec, const AVPacket& packet) {
    Access access;
    for (int at = 0; at + 3 < packet.size; ++at) {  // Annex B start codes
        if (packet.data[at] != 0 || packet.data[at + 1] != 0 || packet.data[at + 2] != 1) continue;
        const int header = packet.data[at + 3];
        if (codec == AV_CODEC_ID_H264) {
            // Recovery points of other pictures are no exact start: what is shown after them may still lean
            // on older ones.
            const int type = header & 0x1f;
            if (type == 5) access = {true, true};
            if (type == 1 || type == 5) break;
        } else {
            const int type = header >> 1 & 0x3f;
            if (type >= 16 && type <= 20) access = {true, true};
            if (type == 21) access.random_access = true;
            if (type < 32) break;
        }
    }
    return access;
}

}  // namespace

PictureOrder::PictureOrder(const AVCodecParameters& parameters)
    : codec_(parameters.codec_id),
      context_(make_codec_context(nullptr)),
      parser_(av_parser_init(parameters.codec_id)) {
    if (!parser_) throw Error(ErrorKind::Internal, "libav has no parser for a bare stream of this codec");
    parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    if (const int code = avcodec_parameters_to_context(context_.get(), &parameters); code < 0) {
        throw_av(ErrorKind::Input, "the stream's parameters cannot be used", code);
    }
}

PictureOrder::Place PictureOrder::next(const AVPacket& packet) {
    std::uint8_t* out = nullptr;
    int out_size = 0;
    av_parser_parse2(parser_.get(), context_.get(), &out, &out_size, packet.data, packet.size, AV_NOPTS_VALUE,
                     AV_NOPTS_VALUE, packet.pos);
    const Access access = access_of(codec_, packet);
    if (access.restarts_count) ++sequence_;
    return {sequence_, parser_->output_picture_number, access.random_access};
}

}  // namespace wetgate::media
