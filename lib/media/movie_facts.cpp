#include "media/movie_facts.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/running_hash.h"
#include "media/mov_atoms.h"
#include "media/movie_file.h"
#include "media/movie_frame.h"
#include "media/movie_index.h"
#include "media/movie_info.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace wetgate::media {
namespace {

const MovAtom* picture_track(const MovAtom& header) {
    for (const MovAtom& track : header.children) {
        if (track.type == "trak" && handler_of(track) == "vide") return &track;
    }
    return nullptr;
}

/// An extension of the picture's sample description; nullptr when there is none.
const MovAtom* picture_extension(const std::optional<MovAtom>& header, std::string_view type) {
    const MovAtom* track = header ? picture_track(*header) : nullptr;
    const MovAtom* description = track == nullptr ? nullptr : sample_description(*track);
    return description == nullptr ? nullptr : description->find(type);
}

std::optional<ColorTags> colr_of(const std::optional<MovAtom>& header) {
    const MovAtom* colr = picture_extension(header, "colr");
    if (colr == nullptr || colr->fields.size() < 10) return std::nullopt;
    const std::string_view kind(reinterpret_cast<const char*>(colr->fields.data()), 4);
    if (kind != "nclc" && kind != "nclx") return std::nullopt;
    const auto tag = [&](std::size_t index) { return static_cast<int>(colr->number(4 + 2 * index, 2)); };
    return ColorTags{tag(0), tag(1), tag(2)};
}

std::optional<CleanAperture> clap_of(const std::optional<MovAtom>& header) {
    const MovAtom* clap = picture_extension(header, "clap");
    if (clap == nullptr || clap->fields.size() < 32) return std::nullopt;
    CleanAperture aperture{};
    for (std::size_t i = 0; i < aperture.size(); ++i)
        aperture[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(clap->number(4 * i, 4)));
    const bool sane = aperture[0] > 0 && aperture[1] > 0 && aperture[2] > 0 && aperture[3] > 0 &&
                      aperture[5] > 0 && aperture[7] > 0;
    return sane ? std::optional(aperture) : std::nullopt;
}

// nullopt also for a header that breaks rules which libav forgives.
std::optional<MovAtom> header_if_sound(MovieFile& file) {
    try {
        return read_movie_header(file);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;
        return std::nullopt;
    }
}

// SMPTE RDD 36, section 5.1.1: size, 'icpf', then the frame header, whose bytes 14 to 16 are the tags.
std::optional<ColorTags> prores_tags(const AVPacket& packet) {
    constexpr int header_at = 8, tags_at = header_at + 14;
    if (packet.size < tags_at + 3 || std::memcmp(packet.data + 4, "icpf", 4) != 0) return std::nullopt;
    return ColorTags{packet.data[tags_at], packet.data[tags_at + 1], packet.data[tags_at + 2]};
}

bool has_pictures(const Demuxer& demuxer) {
    for (unsigned i = 0; i < demuxer.format().nb_streams; ++i) {
        const AVStream& stream = *demuxer.format().streams[i];
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0)
            return true;
    }
    return false;
}

void read_pictures(MovieFacts& facts, const std::shared_ptr<MovieFile>& file) {
    Demuxer demuxer(file, Limits{}, Demuxer::Purpose::Pictures);
    const AVStream& stream = demuxer.video();
    const AVCodecParameters& parameters = *stream.codecpar;
    if (parameters.format < 0) throw Error(ErrorKind::Input, "the movie does not say what its pictures are");
    facts.codec = codec_text(parameters);
    facts.stream_tags = movie_color(parameters, pixel_layout(static_cast<AVPixelFormat>(parameters.format)));
    facts.rate = movie_rate(demuxer).rate;
    facts.start = movie_timecode(demuxer, facts.rate);
    facts.reel = movie_reel(demuxer);
    AVRational aspect = parameters.sample_aspect_ratio;
    if (aspect.num <= 0 || aspect.den <= 0) aspect = stream.sample_aspect_ratio;
    if (aspect.num > 0 && aspect.den > 0) facts.pixel_aspect = static_cast<float>(av_q2d(aspect));
    const bool is_prores = parameters.codec_id == AV_CODEC_ID_PRORES;
    const MovieIndex index = make_movie_index(demuxer, *file, silent_log());
    facts.frames = static_cast<std::int64_t>(index.frames.size());
    if (!is_prores) return;
    PacketReader reader(file, Limits{}, index);
    try {
        facts.prores = prores_tags(*reader.read(index.packet_of(0)));
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;  // a lost first packet: nothing is known of its header
    }
}

struct SoundTrack {
    int stream = 0;
    std::int64_t first = AV_NOPTS_VALUE, end = 0;  // in the stream's time base
    RunningHash hash;
};

void read_sound(MovieFacts& facts, const std::shared_ptr<MovieFile>& file) {
    Demuxer demuxer(file, Limits{}, Demuxer::Purpose::Sound);
    std::vector<std::unique_ptr<SoundTrack>> tracks;
    for (unsigned i = 0; i < demuxer.format().nb_streams; ++i) {
        AVStream& stream = *demuxer.format().streams[i];
        const bool sound = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        stream.discard = sound ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
        if (!sound) continue;
        tracks.push_back(std::make_unique<SoundTrack>());
        tracks.back()->stream = static_cast<int>(i);
        MovieFacts::Audio& audio = facts.audio.emplace_back();
        audio.codec = codec_text(*stream.codecpar);
        audio.channels = stream.codecpar->ch_layout.nb_channels;
        audio.sample_rate = stream.codecpar->sample_rate;
    }
    if (tracks.empty()) return;
    for (UniquePacket packet = make_packet(); demuxer.read(*packet); av_packet_unref(packet.get())) {
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            SoundTrack& track = *tracks[i];
            if (packet->stream_index != track.stream || packet->size <= 0) continue;
            track.hash.add(std::as_bytes(std::span(packet->data, static_cast<std::size_t>(packet->size))));
            facts.audio[i].packet_bytes += packet->size;
            const std::int64_t start = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
            if (start == AV_NOPTS_VALUE) continue;
            if (track.first == AV_NOPTS_VALUE) track.first = start;
            track.end = std::max(track.end, start + std::max<std::int64_t>(packet->duration, 0));
        }
    }
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        const SoundTrack& track = *tracks[i];
        MovieFacts::Audio& audio = facts.audio[i];
        audio.packet_hash = track.hash.text();
        if (track.first == AV_NOPTS_VALUE || audio.sample_rate <= 0) continue;
        const AVRational ticks = demuxer.format().streams[track.stream]->time_base;
        const auto in_samples = [&](std::int64_t time) {
            return av_rescale_q(time, ticks, AVRational{1, audio.sample_rate});
        };
        // What lies before 0 is there for decoders to warm up on, and cut away by an edit.
        audio.first_sample = std::max<std::int64_t>(in_samples(track.first), 0);
        audio.samples = std::max<std::int64_t>(in_samples(track.end) - audio.first_sample, 0);
    }
}

// A coded packet may sound beyond the end of its track's edit: the edit is what a player plays.
void apply_edits(MovieFacts& facts, const std::optional<MovAtom>& header) {
    if (!header) return;
    const MovAtom* movie = header->find("mvhd");
    const std::uint64_t scale = movie != nullptr && movie->number(0, 1) == 0 ? movie->number(12, 4) : 0;
    if (scale == 0) return;
    std::size_t index = 0;
    for (const MovAtom& track : header->children) {
        if (track.type != "trak" || handler_of(track) != "soun") continue;
        if (index >= facts.audio.size()) return;
        MovieFacts::Audio& audio = facts.audio[index++];
        const MovAtom* edits = track.find("edts");
        const MovAtom* list = edits == nullptr ? nullptr : edits->find("elst");
        if (list == nullptr || list->number(0, 1) != 0) continue;
        std::uint64_t played = 0;
        for (std::uint64_t i = 0; i < list->number(4, 4) && i < 65536; ++i) {
            const auto at = static_cast<std::size_t>(8 + 12 * i);
            const bool empty = list->number(at + 4, 4) == 0xFFFFFFFFU;
            if (!empty) played += list->number(at, 4);
        }
        const auto samples = av_rescale_rnd(static_cast<std::int64_t>(played), audio.sample_rate,
                                            static_cast<std::int64_t>(scale), AV_ROUND_NEAR_INF);
        audio.samples = std::min(audio.samples, samples);
    }
}

}  // namespace

MovieFacts movie_facts(const std::filesystem::path& movie) {
    try {
        const auto file = std::make_shared<MovieFile>(movie);
        MovieFacts facts;
        read_pictures(facts, file);
        read_sound(facts, file);
        const std::optional<MovAtom> header = header_if_sound(*file);
        facts.colr = colr_of(header);
        facts.clean_aperture = clap_of(header);
        apply_edits(facts, header);
        return facts;
    } catch (const Error& error) {
        throw error.within({.file = movie.string(), .shot = {}, .frame = {}});
    }
}

std::optional<Timecode> start_timecode(const std::filesystem::path& movie, const Rate& rate) {
    try {
        const Demuxer demuxer(std::make_shared<MovieFile>(movie), Limits{}, Demuxer::Purpose::Sound);
        if (!has_pictures(demuxer)) return std::nullopt;
        return movie_timecode(demuxer, rate);
    } catch (const Error& error) {
        throw error.within({.file = movie.string(), .shot = {}, .frame = {}});
    }
}

std::optional<CleanAperture> clean_aperture(const std::filesystem::path& movie) {
    try {
        MovieFile file(movie);
        return clap_of(header_if_sound(file));
    } catch (const Error& error) {
        throw error.within({.file = movie.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace wetgate::media
