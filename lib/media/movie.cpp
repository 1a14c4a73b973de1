#include "media/movie.h"

#include <limits>

#include "core/error.h"
#include "media/movie_decoder.h"
#include "media/movie_file.h"
#include "media/movie_frame.h"
#include "media/movie_index.h"
#include "media/movie_info.h"
#include "media/ycbcr.h"

namespace wetgate::media {
namespace {

class MovieSource : public FrameSource {
public:
    MovieSource(const SourceRequest& request, const Log& log);

    const SourceInfo& info() const override { return info_; }
    HostFrame read(int frame) override;
    std::filesystem::path file_of(int /*frame*/) const override { return file_->path(); }
    CodedPacket packet(int frame) override;

private:
    void open(const SourceRequest& request, const Log& log);
    void check_size(int width, int height) const;
    UniqueFrame first_picture();
    void fill_info(const SourceRequest& request, const Demuxer& demuxer, const AVCodecParameters& parameters);
    int index_of(int frame) const;
    HostFrame converted(const AVFrame& picture, int frame) const;
    ErrorContext at(std::optional<int> frame) const {
        return {.file = file_->path().string(), .shot = {}, .frame = frame};
    }

    std::shared_ptr<MovieFile> file_;
    Limits limits_;
    MovieIndex index_;
    std::unique_ptr<PacketReader> reader_;
    std::unique_ptr<MovieDecoder> decoder_;
    PixelLayout layout_;
    SourceInfo info_;
};

MovieSource::MovieSource(const SourceRequest& request, const Log& log)
    : file_(std::make_shared<MovieFile>(
          request.path_of(request.first_frame.value_or(request.range ? request.range->first : 0)))),
      limits_(request.limits) {
    try {
        open(request, log);
    } catch (const Error& error) {
        throw error.within(at(std::nullopt));
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory, "no memory to open the movie", at(std::nullopt));
    }
}

void MovieSource::open(const SourceRequest& request, const Log& log) {
    Demuxer demuxer(file_, limits_, Demuxer::Purpose::Pictures);
    AVCodecParameters& parameters = *demuxer.video().codecpar;
    if (parameters.codec_id == AV_CODEC_ID_NONE)
        throw Error(ErrorKind::Input, "the picture track has an unknown codec");
    if (parameters.width > 0 || parameters.height > 0) check_size(parameters.width, parameters.height);
    index_ = make_movie_index(demuxer, *file_, log);
    reader_ = std::make_unique<PacketReader>(file_, limits_, index_);
    decoder_ = std::make_unique<MovieDecoder>(parameters, index_, *reader_,
                                              allowed_pixels(limits_, file_->size()), request.threads);
    if (parameters.format < 0 || parameters.width <= 0 || parameters.height <= 0) {
        const UniqueFrame picture = first_picture();
        parameters.format = picture->format;
        parameters.width = picture->width;
        parameters.height = picture->height;
    }
    check_size(parameters.width, parameters.height);
    layout_ = pixel_layout(static_cast<AVPixelFormat>(parameters.format));
    const std::size_t bytes = decoded_bytes(layout_, parameters.width, parameters.height);
    if (static_cast<std::int64_t>(bytes) > allowed_frame_bytes(limits_, file_->size())) {
        throw Error(ErrorKind::Input, "a frame of " + std::to_string(bytes) + " bytes out of a file of " +
                                          std::to_string(file_->size()) +
                                          " is not believed; raise the limit if it is real");
    }
    fill_info(request, demuxer, parameters);
    if (const int degrees = display_rotation_deg(demuxer.video()); degrees != 0) {
        log(LogLevel::Warning, file_->path().string() + ": asks players to turn its pictures by " +
                                   std::to_string(degrees) +
                                   " degrees clockwise; they are worked and written as they are stored");
        info_.detail += ", asks to be turned by " + std::to_string(degrees) + " degrees";
    }
    if (parameters.field_order > AV_FIELD_PROGRESSIVE) {
        log(LogLevel::Warning, file_->path().string() + ": interlaced material is worked as whole frames");
    }
}

// For a movie whose header does not say what its pictures are, and whose first frames may be damaged.
UniqueFrame MovieSource::first_picture() {
    constexpr int tries = 8;
    const int count = static_cast<int>(index_.frames.size());
    for (int frame = 0;; ++frame) {
        try {
            return decoder_->decode(frame);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Input || frame + 1 >= std::min(tries, count)) throw;
        }
    }
}

void MovieSource::check_size(int width, int height) const {
    if (width <= 0 || height <= 0 || width > limits_.max_dimension || height > limits_.max_dimension) {
        throw Error(ErrorKind::Input, "a picture of " + std::to_string(width) + " x " +
                                          std::to_string(height) + " is not read (limit " +
                                          std::to_string(limits_.max_dimension) + ")");
    }
    if (std::int64_t{width} * height > allowed_pixels(limits_, file_->size())) {
        throw Error(ErrorKind::Input, "a picture of " + std::to_string(width) + " x " +
                                          std::to_string(height) + " out of a file of " +
                                          std::to_string(file_->size()) + " bytes is not believed");
    }
}

void MovieSource::fill_info(const SourceRequest& request, const Demuxer& demuxer,
                            const AVCodecParameters& parameters) {
    const AVStream& stream = demuxer.video();
    info_.kind = MediaKind::Movie;
    info_.format = avcodec_get_name(parameters.codec_id);
    const int first = request.first_frame.value_or(request.range ? request.range->first : 0);
    if (first > std::numeric_limits<int>::max() - static_cast<int>(index_.frames.size())) {
        throw Error(ErrorKind::Usage, "the first frame's number is too large for a movie of this length");
    }
    info_.range = {first, first + static_cast<int>(index_.frames.size())};
    const MovieRate rate = movie_rate(demuxer);
    info_.rate = request.rate.value_or(rate.rate);
    info_.rate_is_declared = request.rate.has_value() || rate.declared;
    info_.start_timecode = movie_timecode(demuxer, info_.rate);
    info_.reel = movie_reel(demuxer);
    info_.display_window = {0, 0, parameters.width, parameters.height};
    info_.color = movie_color(parameters, layout_);
    info_.detail = movie_detail(parameters, layout_, info_.color, info_.rate);
    info_.frame_bytes = decoded_bytes(layout_, parameters.width, parameters.height);
    info_.width = parameters.width;
    info_.height = parameters.height;
    info_.has_alpha = layout_.alpha;
    for (unsigned i = 0; i < demuxer.format().nb_streams; ++i) {
        const AVStream& other = *demuxer.format().streams[i];
        info_.has_audio = info_.has_audio || other.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    }
    AVRational aspect = parameters.sample_aspect_ratio;
    if (aspect.num <= 0 || aspect.den <= 0) aspect = stream.sample_aspect_ratio;
    if (aspect.num > 0 && aspect.den > 0) info_.pixel_aspect = static_cast<float>(av_q2d(aspect));
}

int MovieSource::index_of(int frame) const {
    if (!info_.range.contains(frame)) {
        throw Error(ErrorKind::Input,
                    "the movie has frames " + std::to_string(info_.range.first) + " to " +
                        std::to_string(info_.range.end - 1),
                    at(frame));
    }
    return frame - info_.range.first;
}

HostFrame MovieSource::read(int frame) {
    const int index = index_of(frame);
    try {
        const UniqueFrame picture = decoder_->decode(index);
        return converted(*picture, frame);
    } catch (const Error& error) {
        throw error.within(at(frame));
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory, "no memory for a decoded frame", at(frame));
    }
}

HostFrame MovieSource::converted(const AVFrame& picture, int frame) const {
    if (picture.width != info_.width || picture.height != info_.height || picture.format != layout_.format) {
        const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(picture.format));
        throw Error(ErrorKind::Input, "the frame is " + std::to_string(picture.width) + " x " +
                                          std::to_string(picture.height) + " " +
                                          (name == nullptr ? "?" : name) + ", the movie is " +
                                          std::to_string(info_.width) + " x " + std::to_string(info_.height) +
                                          " " + av_get_pix_fmt_name(layout_.format));
    }
    HostFrame host;
    host.number = frame;
    host.parts.push_back(copy_planes(picture, layout_));
    host.worked = {layout_.model, 0, {0, 1, 2}};
    if (layout_.model == PixelModel::Luminance) {
        // Limited-range grey has footroom: it is Y'CbCr without chroma planes, not code / max.
        host.worked = {info_.color.full_range ? PixelModel::Luminance : PixelModel::YCbCr, 0, {0, -1, -1}};
    }
    host.color = info_.color;
    if (host.color.matrix == 2) host.color.matrix = default_matrix(info_.height);
    host.display_window = info_.display_window;
    host.pixel_aspect = info_.pixel_aspect;
    if (info_.start_timecode) host.timecode = advanced(*info_.start_timecode, frame - info_.range.first);
    return host;
}

CodedPacket MovieSource::packet(int frame) {
    const int index = index_of(frame);
    if (!index_.intra) return {};
    try {
        const UniquePacket coded = reader_->read(index_.packet_of(index));
        const auto* bytes = reinterpret_cast<const std::byte*>(coded->data);
        return {std::vector<std::byte>(bytes, bytes + coded->size)};
    } catch (const Error& error) {
        throw error.within(at(frame));
    }
}

}  // namespace

std::unique_ptr<FrameSource> open_movie_source(const SourceRequest& request, const Log& log) {
    return std::make_unique<MovieSource>(request, log);
}

}  // namespace wetgate::media
