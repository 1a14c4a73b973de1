#include "media/movie_info.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace wetgate::media {
namespace {

std::optional<Rate> sane(AVRational value) {
    if (value.num <= 0 || value.den <= 0) return std::nullopt;
    return parse_rate(std::to_string(value.num) + "/" + std::to_string(value.den));
}

bool is_usual(const Rate& rate) {
    return (rate.den == 1 &&
            (rate.num == 24 || rate.num == 25 || rate.num == 30 || rate.num == 48 || rate.num == 50 ||
             rate.num == 60 || rate.num == 96 || rate.num == 100 || rate.num == 120)) ||
           (rate.den == 1001 && rate.num % 1000 == 0);
}

// An average of rounded times (72000/2401) means a rate that exists.
Rate snapped(const Rate& rate) {
    constexpr double hair = 0.0015;
    if (is_usual(rate)) return rate;
    Rate best = rate;
    double least = hair;
    for (const int nominal : {24, 25, 30, 48, 50, 60, 96, 100, 120}) {
        for (const Rate& usual : {Rate{nominal, 1}, Rate{nominal * 1000, 1001}}) {
            const double off = std::abs(usual.fps() / rate.fps() - 1);
            if (off < least && is_usual(usual)) {
                least = off;
                best = usual;
            }
        }
    }
    return best;
}

std::string profile_text(const AVCodecParameters& parameters) {
    if (parameters.codec_id == AV_CODEC_ID_PRORES) {
        constexpr const char* names[] = {"422 Proxy", "422 LT", "422", "422 HQ", "4444", "4444 XQ"};
        if (parameters.profile >= 0 && parameters.profile < 6) return names[parameters.profile];
        return "";
    }
    const char* name = avcodec_profile_name(parameters.codec_id, parameters.profile);
    return name == nullptr ? "" : name;
}

std::string pixel_text(const PixelLayout& layout) {
    const char* name = av_get_pix_fmt_name(layout.format);
    std::string text = name == nullptr ? "" : name;
    for (const char* order : {"le", "be"}) {
        if (layout.bits > 8 && text.ends_with(order)) text.resize(text.size() - 2);
    }
    return text;
}

// libav keeps in its enums whatever number a file has, and to read a number as an enum that does not have it
// is undefined. Numbers that libav does not know are unspecified.
template <class Enum>
int code_point(const Enum& value, Enum end) {
    std::underlying_type_t<Enum> code{};
    std::memcpy(&code, &value, sizeof code);
    constexpr int unspecified = 2;
    return code < static_cast<std::underlying_type_t<Enum>>(end) ? static_cast<int>(code) : unspecified;
}

}  // namespace

MovieRate movie_rate(const Demuxer& demuxer) {
    const AVStream& stream = demuxer.video();
    const auto average = sane(stream.avg_frame_rate);
    const auto real = sane(stream.r_frame_rate);
    const bool silent =
        demuxer.is_raw() && (!real || *real == Rate{24, 1});  // what Demuxer asked libav to assume
    if (real && average && std::abs(real->fps() / average->fps() - 1) < 0.01 && is_usual(*real))
        return {*real, !silent};
    if (average) return {snapped(*average), !silent};
    if (real) return {snapped(*real), !silent};
    return {Rate{24, 1}, false};
}

std::optional<Timecode> movie_timecode(const Demuxer& demuxer, const Rate& rate) {
    const AVFormatContext& format = demuxer.format();
    std::string text = metadata_of(demuxer.video().metadata, "timecode");
    for (unsigned i = 0; text.empty() && i < format.nb_streams; ++i) {
        if (format.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_DATA) {
            text = metadata_of(format.streams[i]->metadata, "timecode");
        }
    }
    if (text.empty()) text = metadata_of(format.metadata, "timecode");
    return parse_timecode(text, rate);
}

std::string movie_reel(const Demuxer& demuxer) {
    const AVFormatContext& format = demuxer.format();
    std::string reel = metadata_of(demuxer.video().metadata, "reel_name");
    for (unsigned i = 0; reel.empty() && i < format.nb_streams; ++i) {
        reel = metadata_of(format.streams[i]->metadata, "reel_name");
    }
    return reel.empty() ? metadata_of(format.metadata, "reel_name") : reel;
}

ColorInfo movie_color(const AVCodecParameters& parameters, const PixelLayout& layout) {
    ColorInfo color;
    color.primaries = code_point(parameters.color_primaries, AVCOL_PRI_NB);
    color.transfer = code_point(parameters.color_trc, AVCOL_TRC_NB);
    color.bits = layout.bits;
    if (layout.model == PixelModel::Rgb) {
        color.matrix = 0;
        color.full_range = true;
        return color;
    }
    color.matrix = code_point(parameters.color_space, AVCOL_SPC_NB);
    color.full_range = layout.always_full || parameters.color_range == AVCOL_RANGE_JPEG;
    if (layout.model == PixelModel::Luminance) {
        // Untagged grey is full range from codecs of pictures (PNG, FFV1) and limited from codecs of video.
        const bool untagged = parameters.color_range == AVCOL_RANGE_UNSPECIFIED;
        color.full_range = color.full_range || (untagged && is_intra_only(parameters.codec_id));
        return color;
    }
    const auto site = [&](float x, float y) {
        color.chroma_x = layout.chroma_x > 1 ? x : 0;
        color.chroma_y = layout.chroma_y > 1 ? y : 0;
    };
    switch (parameters.chroma_location) {
        case AVCHROMA_LOC_CENTER:
            site(0.5F, 0.5F);
            break;
        case AVCHROMA_LOC_TOPLEFT:
            site(0, 0);
            break;
        case AVCHROMA_LOC_TOP:
            site(0.5F, 0);
            break;
        case AVCHROMA_LOC_BOTTOMLEFT:
            site(0, 1);
            break;
        case AVCHROMA_LOC_BOTTOM:
            site(0.5F, 1);
            break;
        default:  // BT.2020 and BT.2100 site 4:2:0 at the top left; everything else does as MPEG-2
            site(0, color.primaries == AVCOL_PRI_BT2020 ? 0 : 0.5F);
            break;
    }
    return color;
}

std::string codec_text(const AVCodecParameters& parameters) {
    const std::string profile = profile_text(parameters);
    const std::string codec = avcodec_get_name(parameters.codec_id);
    return profile.empty() ? codec : codec + " " + profile;
}

std::string movie_detail(const AVCodecParameters& parameters, const PixelLayout& layout,
                         const ColorInfo& color, const Rate& rate) {
    std::string text = codec_text(parameters) + ", " + pixel_text(layout);
    if (layout.model == PixelModel::YCbCr) {
        const char* matrix = av_color_space_name(static_cast<AVColorSpace>(color.matrix));
        text += std::string(", ") + (color.matrix == 2 || matrix == nullptr ? "untagged" : matrix);
        text += color.full_range ? " full" : " limited";
    }
    return text + ", " + to_string(rate) + " fps";
}

}  // namespace wetgate::media
