#include "pipeline/movie_output.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/temp_files.h"
#include "media/movie.h"
#include "media/movie_facts.h"
#include "pipeline/movie_checks.h"
#include "pipeline/output_writer.h"
#include "pipeline/record.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t packet_limit_bytes = std::int64_t{1} << 30;

// A frame that failed keeps its place in the movie, so that every other frame keeps its number and the sound
// its sync: the nearest made frame before it (else after it) is shown, and the report lists it as missing.
FrameSet shown_in_movie(const FrameSet& made, const FrameSet& failed) {
    FrameSet shown = made;
    for (const int frame : failed) {
        const auto after = std::lower_bound(made.begin(), made.end(), frame);
        shown.insert(std::upper_bound(shown.begin(), shown.end(), frame),
                     after == made.begin() ? *after : *std::prev(after));
    }
    return shown;
}

std::string recorded_hash(const nlohmann::json& record, const std::string& output) {
    for (const nlohmann::json& written : record.at("outputs")) {
        if (written.at("name") == output) return written.at("hash").get<std::string>();
    }
    return "";
}

// The frame of the shot at which the job's audio file begins.
std::int64_t audio_begins_at(const ShotContext& shot, const spec::AudioSpec& audio) {
    const int first = shot.source_range().first;
    if (audio.first_frame) return *audio.first_frame;
    const auto shot_start = shot.timecode_of(first);
    const auto sound_start = media::start_timecode(audio.path.pattern.path(0), shot.rate());
    if (!shot_start || !sound_start) return first;
    if (shot_start->drop_frame != sound_start->drop_frame) {
        throw Error(ErrorKind::Usage,
                    "one of the audio's timecode (" + to_string(*sound_start) + ") and the shot's (" +
                        to_string(*shot_start) +
                        ") is drop-frame: say where the sound begins with audio.first_frame",
                    {.file = audio.path.text, .shot = shot.shot().name, .frame = {}});
    }
    // The nearer way round midnight.
    const std::int64_t day = advanced({0, shot.rate(), shot_start->drop_frame}, -1).frame + 1;
    const std::int64_t later = advanced(*sound_start, -shot_start->frame).frame;
    return first + (later > day / 2 ? later - day : later);
}

std::optional<media::AudioCopy> sound_of(const ShotContext& shot, const FrameSet& frames,
                                         nlohmann::json& said) {
    const auto count = static_cast<std::int64_t>(frames.size());
    const int first = frames.front();
    if (const auto& audio = shot.shot().audio) {
        const std::int64_t begins = audio_begins_at(shot, *audio);
        said["audio"] = {{"from", audio->path.text}, {"begins_at_frame", begins}};
        return media::AudioCopy{audio->path.pattern.path(0), first - begins, count};
    }
    if (!shot.info().has_audio) return std::nullopt;
    said["audio"] = {{"from", "source"}, {"begins_at_frame", shot.source_range().first}};
    return media::AudioCopy{shot.file_of(first), first - shot.source_range().first, count};
}

nlohmann::json write_whole(const ShotContext& shot, const spec::OutputSpec& output, const FrameSet& made,
                           const FrameSet& failed, const std::map<int, nlohmann::json>& records) {
    const WorkFiles files(shot);
    const FrameSet frames = shown_in_movie(made, failed);
    nlohmann::json said = {{"name", output.name}, {"frames", frames.size()}, {"held_for_failed", failed}};
    media::MovOptions options;
    options.video = prores_options(shot, output);
    options.timecode = shot.timecode_of(frames.front());
    options.reel = shot.reel();
    options.audio = sound_of(shot, frames, said);
    if (shot.info().kind == media::MediaKind::Movie && shot.scale() == 1)
        options.clean_aperture = media::clean_aperture(shot.file_of(frames.front()));
    const fs::path path = output.path.pattern.path(frames.front());
    ShotContext::make_folder(path.parent_path());
    remove_orphan_temps(path.parent_path());
    std::string hashes;
    AtomicFile file(path);
    media::write_mov(file, options, static_cast<std::int64_t>(frames.size()), [&](std::int64_t index) {
        const int frame = frames[static_cast<std::size_t>(index)];
        const fs::path packet = files.packet(output.name, frame);
        const std::string bytes = read_text(packet, packet_limit_bytes, 0);
        const std::string hash = content_hash(bytes);
        if (hash != recorded_hash(records.at(frame), output.name)) {
            throw Error(ErrorKind::Input,
                        "is not the packet that the frame's record speaks of; run the frame again",
                        {.file = packet.string(), .shot = shot.shot().name, .frame = frame});
        }
        hashes += hash;
        const auto view = std::as_bytes(std::span(bytes));
        return std::vector<std::byte>(view.begin(), view.end());
    });
    said["bytes"] = file.size();
    file.commit();
    said["file"] = path_from_job(shot.job(), path);
    said["packets"] = content_hash(hashes);
    said["profile"] = output.profile;
    said["encoder"] = options.video.encoder;
    said["bits"] = options.video.color.bits;
    // 0: the source is float.
    if (const int bits = shot.info().color.bits; bits > 0) {
        said["source_bits"] = bits;
    } else {
        said["source_bits"] = "float";
    }
    if (options.timecode) said["timecode"] = to_string(*options.timecode);
    if (!options.reel.empty()) said["reel"] = options.reel;
    if (options.clean_aperture) said["clean_aperture"] = *options.clean_aperture;
    return said;
}

}  // namespace

nlohmann::json write_movie(const ShotContext& shot, const spec::OutputSpec& output, const FrameSet& made,
                           const FrameSet& failed, const std::map<int, nlohmann::json>& records) {
    return with_retries(shot.io_retries(), [&] { return write_whole(shot, output, made, failed, records); });
}

std::vector<qc::Finding> check_written_movie(const ShotContext& shot, const nlohmann::json& said) {
    const FrameRange range = shot.delivered_range();
    ExpectedMovie expected;
    expected.shot = shot.shot().name;
    expected.range = range;
    expected.address = shot.timecode_of(range.first);
    expected.frames = said.at("frames").get<std::int64_t>();
    if (said.contains("timecode"))
        expected.start = parse_timecode(said.at("timecode").get<std::string>(), shot.rate());
    expected.reel = said.value("reel", "");
    if (said.contains("audio") && !shot.shot().audio) {
        const media::MovieFacts source =
            with_retries(shot.io_retries(), [&] { return media::movie_facts(shot.file_of(range.first)); });
        expected.audio_tracks = source.audio.size();
        for (const media::MovieFacts::Audio& track : source.audio) {
            // All of it was copied.
            if (source.frames == *expected.frames) expected.packet_hashes.push_back(track.packet_hash);
        }
    }
    const fs::path file = shot.job().folder / said.at("file").get<std::string>();
    return check_movie(with_retries(shot.io_retries(), [&] { return media::movie_facts(file); }),
                       file.filename().string(), expected);
}

}  // namespace wetgate::pipeline
