#include "media/movie_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "core/system_error.h"
#include "media/mov_guard.h"

namespace wetgate::media {
namespace {

// Containers and codecs of moving pictures and their sound; no playlists (they open other files), no exotica.
constexpr const char* known_demuxers =
    "mov,matroska,mxf,avi,mpegts,h264,hevc,obu,ivf,mjpeg,dnxhd,yuv4mpegpipe,wav";
constexpr const char* known_codecs =
    "prores,h264,hevc,libdav1d,libaom-av1,av1,vp9,vp8,dnxhd,mjpeg,mpeg2video,mpeg4,cfhd,ffv1,rawvideo,v210,"
    "huffyuv,"
    "ffvhuff,utvideo,dvvideo,qtrle,png";
constexpr const char* known_sound_codecs =
    "aac,alac,ac3,eac3,mp2float,mp3float,flac,opus,vorbis,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_"
    "s24be,"
    "pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw";
constexpr std::int64_t probe_bytes = std::int64_t{32} << 20;

}  // namespace

MovieFile::MovieFile(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // non-blocking: a FIFO must not hang us
    if (fd_ < 0) fail("be opened", errno);
    struct stat status {};
    const int looked = ::fstat(fd_, &status);
    const int look_error = errno;
    if (looked != 0 || !S_ISREG(status.st_mode)) {
        ::close(fd_);
        fail("be read as a file", looked != 0 ? look_error : EINVAL);
    }
    size_ = status.st_size;
}

MovieFile::~MovieFile() {
    ::close(fd_);
}

void MovieFile::fail(const char* step, int error_number) const {
    throw Error(read_error_kind(error_number),
                std::string("cannot ") + step + ": " + describe_error(error_number),
                {.file = path_.string(), .shot = {}, .frame = {}});
}

std::int64_t MovieFile::read_at(std::int64_t offset, std::uint8_t* buffer, std::int64_t size) {
    std::int64_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(fd_, buffer + done, static_cast<std::size_t>(size - done), offset + done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("be read", errno);
        if (got == 0) break;
        done += got;
    }
    return done;
}

void MovieFile::throw_system_error() {
    if (error_number_ == 0) return;
    const int error_number = error_number_;
    error_number_ = 0;
    fail("be read", error_number);
}

int MovieFile::read(std::uint8_t* buffer, int size) {
    for (;;) {
        const ssize_t got = ::pread(fd_, buffer, static_cast<std::size_t>(size), position_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            error_number_ = errno;
            return AVERROR(error_number_);
        }
        position_ += got;
        return static_cast<int>(got);
    }
}

int MovieFile::write(const std::uint8_t* /*buffer*/, int /*size*/) {
    return AVERROR(EBADF);
}

std::int64_t MovieFile::seek(std::int64_t offset, int whence) {
    if (whence == AVSEEK_SIZE) return size_;
    const int origin = whence & ~AVSEEK_FORCE;
    if (origin == SEEK_CUR) offset += position_;
    if (origin == SEEK_END) offset += size_;
    if (offset < 0) return AVERROR(EINVAL);
    position_ = offset;
    return position_;
}

std::int64_t allowed_frame_bytes(const Limits& limits, std::int64_t file_bytes) {
    const std::int64_t expansion = std::max<std::int64_t>(limits.max_expansion, 1);
    const std::int64_t believable =
        file_bytes > limits.max_decoded_bytes / expansion ? limits.max_decoded_bytes : file_bytes * expansion;
    return std::min(limits.max_decoded_bytes, std::max(limits.free_decoded_bytes, believable));
}

std::int64_t allowed_pixels(const Limits& limits, std::int64_t file_bytes) {
    constexpr std::int64_t bytes_a_pixel = 3;  // of 10-bit 4:2:0
    return std::clamp<std::int64_t>(allowed_frame_bytes(limits, file_bytes) / bytes_a_pixel, 1,
                                    std::numeric_limits<int>::max());
}

Demuxer::Demuxer(std::shared_ptr<MovieFile> file, const Limits& limits, Purpose purpose)
    : file_(std::move(file)) {
    silence_libav();
    refuse_lying_sample_tables(*file_);
    file_->seek(0, SEEK_SET);
    stream_ = std::make_unique<ByteStream>(*file_, false);
    context_ = avformat_alloc_context();
    if (context_ == nullptr) throw Error(ErrorKind::OutOfMemory, "libav got no memory");
    context_->pb = stream_->get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    Options options;
    options.set("format_whitelist", known_demuxers)
        .set("codec_whitelist", purpose == Purpose::Sound ? known_sound_codecs : known_codecs)
        .set("protocol_whitelist", "")
        .set("enable_drefs", "0")
        .set("max_streams", "64")
        .set("probesize", std::to_string(probe_bytes))
        .set("formatprobesize", std::to_string(1 << 20))
        .set("analyzeduration", "5000000")
        .set("framerate", "24");  // of bare streams that do not say theirs
    const int code = avformat_open_input(&context_, "", nullptr, options.get());
    if (code < 0) {  // libav has freed the context
        file_->throw_system_error();
        const ErrorContext here{.file = file_->path().string(), .shot = {}, .frame = {}};
        // What a sound header needs is little: no retry on a larger machine would help.
        if (code == AVERROR(ENOMEM))
            throw Error(ErrorKind::Input,
                        "is damaged: something in its header asks for more memory than any movie needs",
                        here);
        throw_av(ErrorKind::Input, "is no movie that is read here", code, here);
    }
    try {
        probe_streams(limits, purpose);
    } catch (...) {
        avformat_close_input(&context_);
        throw;
    }
}

void Demuxer::probe_streams(const Limits& limits, Purpose purpose) {
    std::vector<AVDictionary*> options(context_->nb_streams, nullptr);
    const std::string pixels = std::to_string(allowed_pixels(limits, file_->size()));
    bool whole = true;
    for (AVDictionary*& entry : options) {
        whole = whole && av_dict_set(&entry, "max_pixels", pixels.c_str(), 0) >= 0;
        whole = whole && av_dict_set(&entry, "threads", "1", 0) >= 0;
    }
    const AVMediaType wanted = purpose == Purpose::Sound ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO;
    for (unsigned i = 0; i < context_->nb_streams; ++i) {
        if (context_->streams[i]->codecpar->codec_type != wanted)
            context_->streams[i]->discard = AVDISCARD_ALL;
    }
    const int code = whole ? avformat_find_stream_info(context_, options.data()) : AVERROR(ENOMEM);
    for (AVDictionary*& entry : options) av_dict_free(&entry);
    file_->throw_system_error();
    if (code < 0) {
        throw_av(ErrorKind::Input, "the movie's streams cannot be read", code,
                 {.file = file_->path().string(), .shot = {}, .frame = {}});
    }
}

Demuxer::~Demuxer() {
    avformat_close_input(&context_);
}

AVStream& Demuxer::video() const {
    for (unsigned i = 0; i < context_->nb_streams; ++i) {
        AVStream* stream = context_->streams[i];
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
        if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) continue;
        return *stream;
    }
    throw Error(ErrorKind::Input, "the movie has no picture track",
                {.file = file_->path().string(), .shot = {}, .frame = {}});
}

bool Demuxer::read(AVPacket& packet) {
    const int code = av_read_frame(context_, &packet);
    if (code >= 0) return true;
    file_->throw_system_error();
    return false;
}

bool Demuxer::is_mov() const {
    return std::string(context_->iformat->name).find("mov") != std::string::npos;
}

bool Demuxer::is_raw() const {
    const std::string name = context_->iformat->name;
    return name == "h264" || name == "hevc" || name == "obu" || name == "mjpeg" || name == "dnxhd";
}

}  // namespace wetgate::media
