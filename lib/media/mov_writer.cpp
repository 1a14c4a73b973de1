#include <algorithm>
#include <exception>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "media/ffmpeg.h"
#include "media/mov_atoms.h"
#include "media/mov_audio.h"
#include "media/movie.h"

namespace wetgate::media {
namespace {

constexpr unsigned tag_of(const char (&text)[5]) {
    return static_cast<unsigned>(text[0]) | static_cast<unsigned>(text[1]) << 8 |
           static_cast<unsigned>(text[2]) << 16 | static_cast<unsigned>(text[3]) << 24;
}

unsigned codec_tag(ProResProfile profile) {
    constexpr unsigned tags[] = {tag_of("apco"), tag_of("apcs"), tag_of("apcn"),
                                 tag_of("apch"), tag_of("ap4h"), tag_of("ap4x")};
    return tags[static_cast<std::size_t>(profile)];
}

/// libav's bytes into an AtomicFile. What the file throws cannot pass through C: it is kept, and thrown again
/// outside.
class OutputDevice : public ByteDevice {
public:
    explicit OutputDevice(AtomicFile& file) : file_(file) {}

    int read(std::uint8_t* /*buffer*/, int /*size*/) override { return AVERROR(EBADF); }
    int write(const std::uint8_t* buffer, int size) override {
        try {
            file_.write(std::as_bytes(std::span(buffer, static_cast<std::size_t>(size))));
            return size;
        } catch (...) {
            if (!failure_) failure_ = std::current_exception();
            return AVERROR(EIO);
        }
    }
    std::int64_t seek(std::int64_t offset, int whence) override {
        if (whence == AVSEEK_SIZE) return file_.size();
        const int origin = whence & ~AVSEEK_FORCE;
        if (origin == SEEK_CUR) offset += file_.tell();
        if (origin == SEEK_END) offset += file_.size();
        if (offset < 0) return AVERROR(EINVAL);
        file_.seek(offset);
        return offset;
    }
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    AtomicFile& file_;
    std::exception_ptr failure_;
};

/// Ticks a second for the picture track: a multiple of the rate's numerator, so that every frame lasts whole
/// ticks.
int ticks_a_second(const Rate& rate) {
    constexpr int enough = 10000;  // finer than libav's own minimum, so that it keeps ours
    int ticks = rate.num;
    while (ticks < enough) ticks *= 10;
    return ticks;
}

/// What QuickTime calls the codec.
std::string compressor_name(ProResProfile profile) {
    constexpr const char* names[] = {"422 Proxy", "422 LT", "422", "422 HQ", "4444", "4444 XQ"};
    return std::string("Apple ProRes ") + names[static_cast<std::size_t>(profile)];
}

/// Ends the edits of every sound track with the last picture. Durations here are in the movie's time scale.
void cut_sound(MovAtom& header, const Rate& rate, std::int64_t frames) {
    MovAtom* movie = header.find("mvhd");
    if (movie == nullptr || movie->number(0, 1) != 0) return;  // 64-bit times: days of pictures
    const auto scale = static_cast<std::int64_t>(movie->number(12, 4));
    const auto most = static_cast<std::uint64_t>(frames * rate.den * scale / rate.num);
    std::uint64_t longest = 0;
    for (MovAtom& track : header.children) {
        MovAtom* head = track.type == "trak" ? track.find("tkhd") : nullptr;
        if (head == nullptr || head->number(0, 1) != 0) continue;
        MovAtom* edits = track.find("edts");
        MovAtom* list = edits == nullptr ? nullptr : edits->find("elst");
        if (handler_of(track) == "soun" && list != nullptr && list->number(0, 1) == 0) {
            std::uint64_t left = most;
            for (std::uint64_t i = 0; i < list->number(4, 4); ++i) {
                const auto entry = static_cast<std::size_t>(8 + 12 * i);
                const std::uint64_t duration = std::min(list->number(entry, 4), left);
                list->set_number(entry, 4, duration);
                left -= duration;
            }
            head->set_number(20, 4, most - left);
        }
        longest = std::max(longest, head->number(20, 4));
    }
    movie->set_number(16, 4, longest);
}

/// libavformat puts two bytes that are no atom behind the description of a timecode without a reel.
void drop_stray_bytes(MovAtom& header) {
    constexpr std::size_t timecode_fields = 26;
    for (MovAtom& track : header.children) {
        MovAtom* description =
            track.type == "trak" && handler_of(track) == "tmcd" ? sample_description(track) : nullptr;
        if (description != nullptr && description->fields.size() == timecode_fields + 2)
            description->fields.resize(timecode_fields);
    }
}

void add_extension(MovAtom& header, const MovAtom& extension) {
    for (MovAtom& track : header.children) {
        if (track.type != "trak" || handler_of(track) != "vide") continue;
        MovAtom* description = sample_description(track);
        if (description == nullptr || description->find(extension.type) != nullptr) return;
        description->children.push_back(extension);
        return;
    }
}

MovAtom clap_of(const std::array<std::int32_t, 8>& aperture) {
    MovAtom clap{"clap", std::vector<std::byte>(32), {}};
    for (std::size_t i = 0; i < aperture.size(); ++i)
        clap.set_number(4 * i, 4, static_cast<std::uint32_t>(aperture[i]));
    return clap;
}

/// libavformat writes no colour when one of the tags is unspecified.
std::optional<MovAtom> colr_of(const ColorInfo& color) {
    constexpr int unspecified = 2;
    const std::array<int, 3> tags = {color.primaries, color.transfer, color.matrix};
    if (tags == std::array{unspecified, unspecified, unspecified}) return std::nullopt;
    MovAtom colr{"colr", std::vector<std::byte>(10), {}};
    colr.set_number(0, 4, 0x6E636C63U);  // 'nclc'
    for (std::size_t i = 0; i < tags.size(); ++i)
        colr.set_number(4 + 2 * i, 2, static_cast<std::uint32_t>(tags.at(i)));
    return colr;
}

class MovWriter {
public:
    MovWriter(AtomicFile& out, const MovOptions& options);
    ~MovWriter() { avformat_free_context(context_); }
    MovWriter(const MovWriter&) = delete;
    MovWriter& operator=(const MovWriter&) = delete;

    void begin();
    void write_picture(std::int64_t index, std::span<const std::byte> bytes);
    void finish(std::int64_t frames);

private:
    AVStream& add_track();
    void add_picture_track();
    void add_sound_tracks();
    void write_sound_until(double end_s);
    void amend_header(std::int64_t frames);
    void check(int code, const char* step);
    void send(AVPacket& packet, AVStream& track, AVRational time_base);

    AtomicFile& out_;
    OutputDevice device_;
    ByteStream stream_;
    MovOptions options_;
    AVFormatContext* context_ = nullptr;
    AVStream* picture_ = nullptr;
    std::optional<AudioReader> sound_;
    std::vector<AVStream*> sound_tracks_;
    std::optional<AudioReader::Piece> waiting_;
};

MovWriter::MovWriter(AtomicFile& out, const MovOptions& options)
    : out_(out), device_(out), stream_(device_, true), options_(options) {
    if (options.video.rate.num <= 0 || options.video.rate.den <= 0 || options.video.rate.num > 1'000'000) {
        throw Error(ErrorKind::Usage,
                    "a movie cannot run at " + to_string(options.video.rate) + " frames a second");
    }
    check(avformat_alloc_output_context2(&context_, nullptr, "mov", nullptr), "be started");
    context_->pb = stream_.get();
    context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    context_->avoid_negative_ts =
        AVFMT_AVOID_NEG_TS_DISABLED;  // sound's warm-up is cut by an edit list instead
    for (const auto& [key, value] : options.metadata) set_metadata(&context_->metadata, key, value);
    try {
        add_picture_track();
        add_sound_tracks();
    } catch (...) {
        avformat_free_context(context_);
        throw;
    }
}

void MovWriter::check(int code, const char* step) {
    device_.rethrow();
    if (code < 0) throw_av(ErrorKind::Internal, std::string("the movie cannot ") + step, code);
}

AVStream& MovWriter::add_track() {
    AVStream* track = avformat_new_stream(context_, nullptr);
    if (track == nullptr) throw Error(ErrorKind::OutOfMemory, "libav got no memory for a track");
    return *track;
}

void MovWriter::add_picture_track() {
    const ProResOptions& video = options_.video;
    picture_ = &add_track();
    picture_->time_base = {video.rate.den, video.rate.num};
    picture_->avg_frame_rate = {video.rate.num, video.rate.den};
    picture_->r_frame_rate = picture_->avg_frame_rate;
    picture_->sample_aspect_ratio = av_d2q(static_cast<double>(video.pixel_aspect), 4096);
    AVCodecParameters& parameters = *picture_->codecpar;
    parameters.codec_type = AVMEDIA_TYPE_VIDEO;
    parameters.codec_id = AV_CODEC_ID_PRORES;
    parameters.codec_tag = codec_tag(video.profile);
    parameters.profile = static_cast<int>(video.profile);
    parameters.width = video.width;
    parameters.height = video.height;
    parameters.sample_aspect_ratio = picture_->sample_aspect_ratio;
    parameters.field_order = AV_FIELD_PROGRESSIVE;
    parameters.color_range = AVCOL_RANGE_MPEG;
    parameters.color_primaries = static_cast<AVColorPrimaries>(video.color.primaries);
    parameters.color_trc = static_cast<AVColorTransferCharacteristic>(video.color.transfer);
    parameters.color_space = static_cast<AVColorSpace>(video.color.matrix);
    parameters.bits_per_coded_sample =
        video.alpha ? 32 : 24;  // the sample description's depth: 32 says alpha
    parameters.format = video.profile >= ProResProfile::P4444
                            ? (video.alpha ? AV_PIX_FMT_YUVA444P10LE : AV_PIX_FMT_YUV444P10LE)
                            : AV_PIX_FMT_YUV422P10LE;
    if (options_.timecode) set_metadata(&picture_->metadata, "timecode", to_string(*options_.timecode));
    if (!options_.reel.empty()) set_metadata(&picture_->metadata, "reel_name", options_.reel);
    set_metadata(&picture_->metadata, "encoder", compressor_name(video.profile));
}

void MovWriter::add_sound_tracks() {
    if (!options_.audio) return;
    sound_.emplace(*options_.audio, options_.video.rate);
    for (AVStream* source : sound_->tracks()) {
        AVStream& track = add_track();
        check(avcodec_parameters_copy(track.codecpar, source->codecpar), "take a sound track");
        const unsigned tag = source->codecpar->codec_tag;
        track.codecpar->codec_tag = 0;  // the source container's may be unknown to this one
        const unsigned known = av_codec_get_tag(context_->oformat->codec_tag, source->codecpar->codec_id);
        if (known == 0) {
            throw Error(ErrorKind::Input,
                        std::string("sound coded as ") + avcodec_get_name(source->codecpar->codec_id) +
                            " cannot be carried in a .mov; leave the audio out or convert it",
                        {.file = options_.audio->movie.string(), .shot = {}, .frame = {}});
        }
        if (av_codec_get_id(context_->oformat->codec_tag, tag) == source->codecpar->codec_id)
            track.codecpar->codec_tag = tag;
        track.time_base = {1, source->codecpar->sample_rate};
        const std::string language = metadata_of(source->metadata, "language");
        if (!language.empty()) set_metadata(&track.metadata, "language", language);
        sound_tracks_.push_back(&track);
    }
}

void MovWriter::begin() {
    const int ticks = ticks_a_second(options_.video.rate);
    Options settings;
    settings.set("video_track_timescale", std::to_string(ticks))
        .set("movie_timescale", std::to_string(ticks))
        .set("write_tmcd", options_.timecode ? "1" : "0");
    if (!options_.metadata.empty()) settings.set("movflags", "use_metadata_tags");
    check(avformat_write_header(context_, settings.get()), "be begun");
    if (sound_) waiting_ = sound_->next();
}

void MovWriter::send(AVPacket& packet, AVStream& track, AVRational time_base) {
    packet.stream_index = track.index;
    av_packet_rescale_ts(&packet, time_base, track.time_base);
    check(av_write_frame(context_, &packet), "be written");
}

void MovWriter::write_picture(std::int64_t index, std::span<const std::byte> bytes) {
    const AVRational frames{options_.video.rate.den, options_.video.rate.num};
    check_prores_packet(bytes);
    write_sound_until(static_cast<double>(index) * av_q2d(frames));
    const UniquePacket packet = make_packet();
    if (bytes.size() >
        static_cast<std::size_t>(std::numeric_limits<int>::max()) - AV_INPUT_BUFFER_PADDING_SIZE) {
        throw Error(ErrorKind::Internal, "a coded frame is too large for a movie");
    }
    check(av_new_packet(packet.get(), static_cast<int>(bytes.size())), "hold a frame");
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(packet->data));
    packet->pts = index;
    packet->dts = index;
    packet->duration = 1;
    packet->flags |= AV_PKT_FLAG_KEY;
    send(*packet, *picture_, frames);
}

// Sound goes before the picture that it is heard with. The order depends on times alone: same inputs, same
// bytes.
void MovWriter::write_sound_until(double end_s) {
    while (waiting_ && waiting_->start_s <= end_s) {
        AVStream& track = *sound_tracks_.at(waiting_->track);
        send(*waiting_->packet, track, AVRational{1, track.codecpar->sample_rate});
        waiting_ = sound_->next();
    }
}

void MovWriter::finish(std::int64_t frames) {
    write_sound_until(std::numeric_limits<double>::infinity());
    check(av_write_trailer(context_), "be finished");
    avio_flush(context_->pb);
    check(context_->pb->error, "be written");
    amend_header(frames);
}

// What libavformat cannot be told: the sound ends with the pictures, though its last packet lasts longer;
// tags of which one is unspecified; the clean aperture. The header is the last atom of the file, so that it
// may grow.
void MovWriter::amend_header(std::int64_t frames) {
    MovieFile written(out_.temp_path());
    std::optional<MovAtom> header = read_movie_header(written);
    if (!header || static_cast<std::int64_t>(header->size()) > out_.size())
        throw Error(ErrorKind::Internal, "the movie has no header behind its media");
    const std::int64_t at = out_.size() - static_cast<std::int64_t>(header->size());
    cut_sound(*header, options_.video.rate, frames);
    if (const auto colr = colr_of(options_.video.color)) add_extension(*header, *colr);
    if (options_.clean_aperture) add_extension(*header, clap_of(*options_.clean_aperture));
    drop_stray_bytes(*header);
    // It must cover the old one.
    if (static_cast<std::int64_t>(header->size()) < out_.size() - at)
        header->children.push_back({"free", {}, {}});
    out_.seek(at);
    out_.write(to_bytes(*header));
}

}  // namespace

void write_mov(AtomicFile& out, const MovOptions& options, std::int64_t frames,
               const std::function<std::vector<std::byte>(std::int64_t)>& packet) {
    MovWriter writer(out, options);
    writer.begin();
    for (std::int64_t i = 0; i < frames; ++i) writer.write_picture(i, packet(i));
    writer.finish(frames);
}

}  // namespace wetgate::media
