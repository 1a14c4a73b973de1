#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

#include "core/error.h"
#include "media/ffmpeg.h"
#include "media/movie.h"

namespace wetgate::media {
namespace {

struct ProfileRow {
    ProResProfile profile;
    const char* word;    ///< in jobs
    const char* detail;  ///< in SourceInfo::detail (see codec_text())
    bool full_chroma;
};

constexpr std::array<ProfileRow, 6> profiles{{{ProResProfile::Proxy, "proxy", "prores 422 Proxy", false},
                                              {ProResProfile::Lt, "422lt", "prores 422 LT", false},
                                              {ProResProfile::Standard, "422", "prores 422", false},
                                              {ProResProfile::Hq, "422hq", "prores 422 HQ", false},
                                              {ProResProfile::P4444, "4444", "prores 4444", true},
                                              {ProResProfile::P4444Xq, "4444xq", "prores 4444 XQ", true}}};

const ProfileRow& row_of(ProResProfile profile) {
    return profiles.at(static_cast<std::size_t>(profile));
}

AVPixelFormat pixel_format_of(const ProResOptions& options) {
    if (!row_of(options.profile).full_chroma) return AV_PIX_FMT_YUV422P10LE;
    return options.alpha ? AV_PIX_FMT_YUVA444P10LE : AV_PIX_FMT_YUV444P10LE;
}

void check(const ProResOptions& options) {
    constexpr int largest = 32768;  // the frame header has 16 bits for each side
    if (options.width < 2 || options.height < 2 || options.width > largest || options.height > largest) {
        throw Error(ErrorKind::Usage, "ProRes cannot hold a picture of " + std::to_string(options.width) +
                                          " x " + std::to_string(options.height));
    }
    // prores_ks takes an odd width in 4:2:2, but what it codes of the last column's colour is no colour.
    if (options.width % 2 != 0 && (options.encoder != "prores_ks" || !row_of(options.profile).full_chroma)) {
        throw Error(ErrorKind::Usage,
                    "ProRes holds an odd width (here " + std::to_string(options.width) +
                        ") only as 4444 or 4444xq, coded by prores_ks; use that, or crop a column");
    }
    if (options.alpha && !row_of(options.profile).full_chroma) {
        throw Error(ErrorKind::Usage, std::string("ProRes ") + row_of(options.profile).word +
                                          " has no alpha; use 4444 or 4444xq, or drop the alpha");
    }
    if (options.color.full_range)
        throw Error(ErrorKind::Usage, "ProRes is limited range; full-range codes do not go in");
    if (options.encoder != "prores_aw" && options.encoder != "prores_ks") {
        throw Error(ErrorKind::Usage,
                    "there is no ProRes encoder \"" + options.encoder + "\"; prores_aw and prores_ks are");
    }
}

/// Note [Frames on their own]
/// Both encoders keep nothing from one picture to the next and have no delay. With one thread a packet comes
/// back from the call that its frame went into; several encoders side by side give the same bytes as one
/// (tested).
class LibavProResEncoder : public ProResEncoder {
public:
    explicit LibavProResEncoder(const ProResOptions& options);
    std::vector<std::byte> encode(const HostFrame& frame) override;

private:
    UniqueFrame picture_of(const HostFrame& frame) const;
    void tag(AVFrame& picture) const;

    ProResOptions options_;
    UniqueCodecContext context_;
};

LibavProResEncoder::LibavProResEncoder(const ProResOptions& options) : options_(options) {
    check(options);
    silence_libav();
    const AVCodec* codec = avcodec_find_encoder_by_name(options.encoder.c_str());
    if (codec == nullptr) throw Error(ErrorKind::Usage, "this libavcodec has no encoder " + options.encoder);
    context_ = make_codec_context(codec);
    context_->width = options.width;
    context_->height = options.height;
    context_->pix_fmt = pixel_format_of(options);
    context_->time_base = {options.rate.den, options.rate.num};
    context_->framerate = {options.rate.num, options.rate.den};
    context_->sample_aspect_ratio = av_d2q(static_cast<double>(options.pixel_aspect), 4096);
    context_->color_primaries = static_cast<AVColorPrimaries>(options.color.primaries);
    context_->color_trc = static_cast<AVColorTransferCharacteristic>(options.color.transfer);
    context_->colorspace = static_cast<AVColorSpace>(options.color.matrix);
    context_->color_range = AVCOL_RANGE_MPEG;
    context_->field_order = AV_FIELD_PROGRESSIVE;
    context_->profile = static_cast<int>(options.profile);
    context_->thread_count = 1;
    context_->flags |= AV_CODEC_FLAG_BITEXACT;
    Options settings;
    settings.set("vendor", "apl0");  // some players go by it
    if (options.encoder == "prores_ks") {
        settings.set("profile", std::to_string(static_cast<int>(options.profile)));
        settings.set("alpha_bits", options.alpha ? "16" : "0");
        settings.set("mbs_per_slice", "8");
    }
    if (const int code = avcodec_open2(context_.get(), codec, settings.get()); code < 0) {
        throw_av(ErrorKind::Usage, options.encoder + " refuses these settings", code);
    }
}

// The frame header's colour bytes come from the frame, not from the encoder's context.
void LibavProResEncoder::tag(AVFrame& picture) const {
    picture.color_primaries = context_->color_primaries;
    picture.color_trc = context_->color_trc;
    picture.colorspace = context_->colorspace;
    picture.color_range = context_->color_range;
    picture.sample_aspect_ratio = context_->sample_aspect_ratio;
    set_progressive(picture);
}

UniqueFrame LibavProResEncoder::picture_of(const HostFrame& frame) const {
    UniqueFrame picture = make_frame();
    picture->format = context_->pix_fmt;
    picture->width = options_.width;
    picture->height = options_.height;
    if (av_frame_get_buffer(picture.get(), 0) < 0)
        throw Error(ErrorKind::OutOfMemory, "no memory for a frame to encode");
    const ImagePart& part = frame.worked_part();
    const int chroma_step = row_of(options_.profile).full_chroma ? 1 : 2;
    constexpr std::array<const char*, 4> names{"Y", "Cb", "Cr", "A"};
    for (int c = 0; c < (options_.alpha ? 4 : 3); ++c) {
        const bool is_chroma = c == 1 || c == 2;
        const int width = is_chroma ? (options_.width + chroma_step - 1) / chroma_step : options_.width;
        const Plane* plane = nullptr;
        for (const Plane& candidate : part.planes) {
            if (candidate.name == names.at(static_cast<std::size_t>(c))) plane = &candidate;
        }
        if (plane == nullptr || plane->type != SampleType::U16 || plane->width != width ||
            plane->height != options_.height) {
            throw Error(ErrorKind::Internal,
                        std::string("the frame to encode has no fitting 10-bit plane ") +
                            names.at(static_cast<std::size_t>(c)),
                        {.file = {}, .shot = {}, .frame = frame.number});
        }
        for (int y = 0; y < plane->height; ++y) {
            const auto* in = plane->samples<std::uint16_t>() +
                             static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
            auto* out = reinterpret_cast<std::uint16_t*>(picture->data[c] + static_cast<std::ptrdiff_t>(y) *
                                                                                picture->linesize[c]);
            // Codes above 10 bits would index past the encoder's tables.
            for (int x = 0; x < width; ++x) out[x] = in[x] < 1023 ? in[x] : std::uint16_t{1023};
        }
    }
    tag(*picture);
    return picture;
}

std::vector<std::byte> LibavProResEncoder::encode(const HostFrame& frame) {
    const ErrorContext context{.file = {}, .shot = {}, .frame = frame.number};
    const UniqueFrame picture = picture_of(frame);
    picture->pts = 0;
    const UniquePacket packet = make_packet();
    int code = avcodec_send_frame(context_.get(), picture.get());
    if (code >= 0) code = avcodec_receive_packet(context_.get(), packet.get());
    if (code < 0) throw_av(ErrorKind::Internal, options_.encoder + " cannot encode the frame", code, context);
    const auto* bytes = reinterpret_cast<const std::byte*>(packet->data);
    return {bytes, bytes + packet->size};
}

}  // namespace

std::optional<ProResProfile> parse_prores_profile(const std::string& text) {
    for (const ProfileRow& row : profiles) {
        if (text == row.word) return row.profile;
    }
    return std::nullopt;
}

void check_prores_packet(std::span<const std::byte> packet) {
    constexpr std::array<std::byte, 4> mark = {std::byte{'i'}, std::byte{'c'}, std::byte{'p'},
                                               std::byte{'f'}};
    if (packet.size() < 8 || !std::equal(mark.begin(), mark.end(), packet.begin() + 4))
        throw Error(ErrorKind::Input, "the frame's data is no ProRes frame");
    std::uint32_t size = 0;
    for (const std::byte byte : packet.first(4)) size = size << 8 | std::to_integer<std::uint32_t>(byte);
    if (size > packet.size()) {
        throw Error(ErrorKind::Input, "the frame's data is truncated: it says that it has " +
                                          std::to_string(size) + " bytes, the movie holds " +
                                          std::to_string(packet.size()));
    }
}

ColorInfo tags_for_prores(ColorInfo color) {
    const auto known = [](int code, std::initializer_list<int> codes) {
        constexpr int unspecified = 2;
        return std::find(codes.begin(), codes.end(), code) == codes.end() ? unspecified : code;
    };
    if (color.transfer == 6 || color.transfer == 14 || color.transfer == 15) color.transfer = 1;
    if (color.matrix == 5) color.matrix = 6;
    color.primaries = known(color.primaries, {1, 5, 6, 9, 11, 12});
    color.transfer = known(color.transfer, {1, 16, 18});
    color.matrix = known(color.matrix, {1, 6, 9});
    return color;
}

std::unique_ptr<ProResEncoder> make_prores_encoder(const ProResOptions& options) {
    return std::make_unique<LibavProResEncoder>(options);
}

bool packet_copy_allowed(const SourceInfo& source, const ProResOptions& options) {
    const std::string wanted =
        std::string(row_of(options.profile).detail) + ", ";  // the profile implies the chroma format
    const ColorInfo& color = source.color;
    return source.format == "prores" && source.detail.starts_with(wanted) && source.width == options.width &&
           source.height == options.height && source.has_alpha == options.alpha && !color.full_range &&
           !options.color.full_range && color.primaries == options.color.primaries &&
           color.transfer == options.color.transfer && color.matrix == options.color.matrix;
}

}  // namespace wetgate::media
