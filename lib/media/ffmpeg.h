#pragma once
#include <cstdint>
#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include "core/error.h"

// libav handles that free themselves, and every difference between libav versions (FFmpeg 5.1 to 7). Only the
// movie files of media/ include this.

namespace wetgate::media {

struct AvFree {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
    void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
    void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};
using UniqueFrame = std::unique_ptr<AVFrame, AvFree>;
using UniquePacket = std::unique_ptr<AVPacket, AvFree>;
using UniqueCodecContext = std::unique_ptr<AVCodecContext, AvFree>;
using UniqueParser = std::unique_ptr<AVCodecParserContext, AvFree>;

/// Error{OutOfMemory} instead of null.
UniqueFrame make_frame();
UniquePacket make_packet();
UniqueCodecContext make_codec_context(const AVCodec* codec);

/// An option list. Values are copied.
class Options {
public:
    Options() = default;
    ~Options() { av_dict_free(&entries_); }
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
    Options& set(const char* name, const std::string& value);
    AVDictionary** get() { return &entries_; }

private:
    AVDictionary* entries_ = nullptr;
};

/// Stops libav from writing to stderr, which belongs to our log (and where a farm reads "error" as one). What
/// goes wrong arrives as return codes.
void silence_libav();

/// libav's text for an error code.
std::string av_error_text(int code);
/// Throws Error{OutOfMemory} for ENOMEM, else Error{kind} with "WHAT: libav's text".
[[noreturn]] void throw_av(ErrorKind kind, const std::string& what, int code,
                           const ErrorContext& context = {});

/// An entry of a metadata dictionary, or "".
std::string metadata_of(const AVDictionary* entries, const char* key);
/// Copies metadata that av_dict_set refuses only for lack of memory.
void set_metadata(AVDictionary** entries, const std::string& key, const std::string& value);

bool is_key_frame(const AVFrame& frame);
bool is_interlaced(const AVFrame& frame);
void set_progressive(AVFrame& frame);
/// Why `frame` must not be believed: damaged slices, missing references; "" when it is good.
std::string damage_of(const AVFrame& frame);
/// True when the packet brings new decoder parameters (a sample description change).
bool has_new_parameters(const AVPacket& packet);
/// True when frames of this codec stand for themselves.
bool is_intra_only(AVCodecID codec);

/// Degrees, clockwise and 0 to 359, by which a stream's pictures ask to be turned when they are shown.
int display_rotation_deg(const AVStream& stream);

/// Bytes of one PCM sample of all channels; 0 for coded sound.
int pcm_sample_bytes(const AVCodecParameters& parameters);

/// The demuxer's own table of samples, filled from a movie's header without reading any sample.
struct DemuxerSample {
    std::int64_t position, timestamp;
    int size;
    bool key, discarded;
};
std::int64_t demuxer_sample_count(const AVStream& stream);
/// nullptr-safe: false when `index` has no entry.
bool demuxer_sample(AVStream& stream, std::int64_t index, DemuxerSample& sample);

/// Read and write callbacks of an AVIOContext, as virtual functions. May throw nothing.
class ByteDevice {
public:
    virtual ~ByteDevice() = default;
    /// Bytes read (0 at the end) or an AVERROR.
    virtual int read(std::uint8_t* buffer, int size) = 0;
    virtual int write(const std::uint8_t* buffer, int size) = 0;
    /// New position, the size for AVSEEK_SIZE, or an AVERROR.
    virtual std::int64_t seek(std::int64_t offset, int whence) = 0;
};

/// An AVIOContext over `device`, which must outlive it.
class ByteStream {
public:
    ByteStream(ByteDevice& device, bool writable);
    ~ByteStream();
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    AVIOContext* get() const { return context_; }

private:
    AVIOContext* context_ = nullptr;
};

}  // namespace wetgate::media
