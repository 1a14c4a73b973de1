#include "media/ffmpeg.h"

#include <array>
#include <cmath>
#include <cstring>
#include <mutex>

extern "C" {
#include <libavutil/display.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace wetgate::media {
namespace {

constexpr int io_buffer_bytes = 1 << 16;

[[noreturn]] void out_of_memory() {
    throw Error(ErrorKind::OutOfMemory, "libav got no memory");
}

template <class Handle>
Handle* checked(Handle* handle) {
    if (handle == nullptr) out_of_memory();
    return handle;
}

int read_device(void* device, std::uint8_t* buffer, int size) {
    const int got = static_cast<ByteDevice*>(device)->read(buffer, size);
    return got == 0 ? AVERROR_EOF : got;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
using WrittenBytes = const std::uint8_t*;
#else
using WrittenBytes = std::uint8_t*;
#endif
int write_device(void* device, WrittenBytes buffer, int size) {
    return static_cast<ByteDevice*>(device)->write(buffer, size);
}

std::int64_t seek_device(void* device, std::int64_t offset, int whence) {
    return static_cast<ByteDevice*>(device)->seek(offset, whence);
}

}  // namespace

UniqueFrame make_frame() {
    return UniqueFrame(checked(av_frame_alloc()));
}
UniquePacket make_packet() {
    return UniquePacket(checked(av_packet_alloc()));
}
UniqueCodecContext make_codec_context(const AVCodec* codec) {
    return UniqueCodecContext(checked(avcodec_alloc_context3(codec)));
}

Options& Options::set(const char* name, const std::string& value) {
    if (av_dict_set(&entries_, name, value.c_str(), 0) < 0) out_of_memory();
    return *this;
}

void silence_libav() {
    static std::once_flag once;  // the level is libav's own process-wide variable
    std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

std::string av_error_text(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return text.data();
}

void throw_av(ErrorKind kind, const std::string& what, int code, const ErrorContext& context) {
    if (code == AVERROR(ENOMEM)) kind = ErrorKind::OutOfMemory;
    throw Error(kind, what + ": " + av_error_text(code), context);
}

std::string metadata_of(const AVDictionary* entries, const char* key) {
    const AVDictionaryEntry* entry = av_dict_get(entries, key, nullptr, 0);
    return entry != nullptr && entry->value != nullptr ? entry->value : "";
}

void set_metadata(AVDictionary** entries, const std::string& key, const std::string& value) {
    if (av_dict_set(entries, key.c_str(), value.c_str(), 0) < 0) out_of_memory();
}

#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
bool is_key_frame(const AVFrame& frame) {
    return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
}
bool is_interlaced(const AVFrame& frame) {
    return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
}
void set_progressive(AVFrame& frame) {
    frame.flags &= ~(AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST);
}
#else
bool is_key_frame(const AVFrame& frame) {
    return frame.key_frame != 0;
}
bool is_interlaced(const AVFrame& frame) {
    return frame.interlaced_frame != 0;
}
void set_progressive(AVFrame& frame) {
    frame.interlaced_frame = 0;
    frame.top_field_first = 0;
}
#endif

std::string damage_of(const AVFrame& frame) {
    if ((frame.decode_error_flags & FF_DECODE_ERROR_MISSING_REFERENCE) != 0)
        return "a reference picture is missing";
    if (frame.decode_error_flags != 0) return "parts of the picture are damaged";
    if ((frame.flags & AV_FRAME_FLAG_CORRUPT) != 0) return "the decoder marks the picture as corrupt";
    return "";
}

bool has_new_parameters(const AVPacket& packet) {
    return av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr) != nullptr ||
           av_packet_get_side_data(&packet, AV_PKT_DATA_PARAM_CHANGE, nullptr) != nullptr;
}

bool is_intra_only(AVCodecID codec) {
    const AVCodecDescriptor* descriptor = avcodec_descriptor_get(codec);
    return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
}

int display_rotation_deg(const AVStream& stream) {
    std::array<std::int32_t, 9> matrix{};
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    const AVPacketSideData* found = av_packet_side_data_get(
        stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    const std::uint8_t* data = found == nullptr ? nullptr : found->data;
    const std::size_t size = found == nullptr ? 0 : found->size;
#else
    std::size_t size = 0;
    const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
#endif
    if (data == nullptr || size < sizeof matrix) return 0;
    std::memcpy(matrix.data(), data, sizeof matrix);
    const double counter_clockwise = av_display_rotation_get(matrix.data());
    if (!std::isfinite(counter_clockwise)) return 0;
    const auto degrees = static_cast<int>(std::lround(-counter_clockwise)) % 360;
    return degrees < 0 ? degrees + 360 : degrees;
}

int pcm_sample_bytes(const AVCodecParameters& parameters) {
    const bool is_pcm =
        parameters.codec_id >= AV_CODEC_ID_FIRST_AUDIO && parameters.codec_id < AV_CODEC_ID_ADPCM_IMA_QT;
    // Not block_align: the mov demuxer leaves it 0.
    return is_pcm ? av_get_bits_per_sample(parameters.codec_id) / 8 * parameters.ch_layout.nb_channels : 0;
}

std::int64_t demuxer_sample_count(const AVStream& stream) {
    return avformat_index_get_entries_count(&stream);
}

bool demuxer_sample(AVStream& stream, std::int64_t index, DemuxerSample& sample) {
    const AVIndexEntry* entry = avformat_index_get_entry(&stream, static_cast<int>(index));
    if (entry == nullptr) return false;
    sample = {entry->pos, entry->timestamp, entry->size, (entry->flags & AVINDEX_KEYFRAME) != 0,
              (entry->flags & AVINDEX_DISCARD_FRAME) != 0};
    return true;
}

ByteStream::ByteStream(ByteDevice& device, bool writable) {
    auto* buffer = static_cast<unsigned char*>(checked(av_malloc(io_buffer_bytes)));
    context_ = avio_alloc_context(buffer, io_buffer_bytes, writable ? 1 : 0, &device,
                                  writable ? nullptr : &read_device, writable ? &write_device : nullptr,
                                  &seek_device);
    if (context_ == nullptr) {
        av_free(buffer);
        out_of_memory();
    }
}

ByteStream::~ByteStream() {
    av_freep(&context_->buffer);  // libav may have replaced the buffer that it was given
    avio_context_free(&context_);
}

}  // namespace wetgate::media
