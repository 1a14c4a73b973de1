#include "pipeline/movie_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace wetgate::pipeline {
namespace {

class MovieFindings {
public:
    MovieFindings(const std::string& movie, const ExpectedMovie& expected)
        : movie_(movie), expected_(expected) {}

    void add(const char* check, const char* category, const char* term, double value,
             const std::string& source, const std::string& message) {
        qc::Finding finding;
        finding.check = check;
        finding.category = category;
        finding.term = term;
        finding.severity = qc::Severity::Issue;
        finding.shot = expected_.shot;
        finding.first_frame = expected_.range.first;
        finding.end_frame = expected_.range.end;
        if (expected_.address) {
            finding.timecode_in = to_string(*expected_.address);
            finding.timecode_out = to_string(advanced(*expected_.address, expected_.range.size()));
        }
        finding.value = value;
        finding.threshold_source = source;
        finding.message = movie_ + ": " + message;
        list_.push_back(std::move(finding));
    }
    std::vector<qc::Finding> take() { return std::move(list_); }

private:
    const std::string& movie_;
    const ExpectedMovie& expected_;
    std::vector<qc::Finding> list_;
};

std::string text(const media::ColorTags& tags) {
    return fmt::format("{}-{}-{}", tags.primaries, tags.transfer, tags.matrix);
}

// Colour lives in the container and in the ProRes frame header; players believe one or the other.
void check_tags(const media::MovieFacts& movie, MovieFindings& findings) {
    struct Place {
        const char* name;
        media::ColorTags tags;
    };
    std::vector<Place> places;
    if (movie.colr) places.push_back({"the colr atom", *movie.colr});
    if (movie.prores) places.push_back({"the frame header", *movie.prores});
    const ColorInfo& stream = movie.stream_tags;
    places.push_back({"the stream", {stream.primaries, stream.transfer, stream.matrix}});
    const auto is_said = [](int tag) { return tag != 0 && tag != 2; };
    const auto differs = [&](int a, int b) { return is_said(a) && is_said(b) && a != b; };
    for (std::size_t i = 1; i < places.size(); ++i) {
        const media::ColorTags &a = places[0].tags, &b = places[i].tags;
        if (!differs(a.primaries, b.primaries) && !differs(a.transfer, b.transfer) &&
            !differs(a.matrix, b.matrix))
            continue;
        findings.add(
            "color_tags", "COLOR-TRANSFORM", "Color Space", 1, "any",
            fmt::format("{} says {} (primaries-transfer-matrix), {} says {}: players will show two pictures",
                        places[0].name, text(a), places[i].name, text(b)));
    }
    const bool is_told = std::any_of(places.begin(), places.end(), [&](const Place& place) {
        return is_said(place.tags.matrix) && is_said(place.tags.primaries);
    });
    if (!is_told) {
        findings.add("color_tags", "COLOR-TRANSFORM", "Color Space", 1, "any",
                     "says nowhere what its colours are: players will guess");
    }
}

void check_audio(const media::MovieFacts& movie, const ExpectedMovie& expected, MovieFindings& findings) {
    if (expected.audio_tracks && movie.audio.size() != *expected.audio_tracks) {
        findings.add(
            "audio", "AUDIO", "Audio Missing", static_cast<double>(movie.audio.size()), "the source's",
            fmt::format("has {} sound tracks where {} are due", movie.audio.size(), *expected.audio_tracks));
    }
    const double seconds = static_cast<double>(movie.frames) / movie.rate.fps(), frame = 1 / movie.rate.fps();
    for (std::size_t i = 0; i < movie.audio.size(); ++i) {
        const media::MovieFacts::Audio& track = movie.audio[i];
        if (track.sample_rate <= 0) continue;
        const double sound = static_cast<double>(track.first_sample + track.samples) / track.sample_rate;
        if (std::abs(sound - seconds) > frame) {
            findings.add("audio", "AUDIO", "Audio Duration", sound - seconds, "a frame",
                         fmt::format("the sound of track {} ends {:.3f} s {} the picture", i + 1,
                                     std::abs(sound - seconds), sound < seconds ? "before" : "after"));
        }
        if (i < expected.packet_hashes.size() && track.packet_hash != expected.packet_hashes[i]) {
            findings.add("audio", "AUDIO", "Audio Altered", 1, "any",
                         fmt::format("the sound of track {} is not the source's, byte for byte", i + 1));
        }
    }
}

void check_start(const media::MovieFacts& movie, const ExpectedMovie& expected, MovieFindings& findings) {
    const auto add = [&](const std::string& message) {
        findings.add("movie_start", "VIDEO", "Incorrect Timecode", 1, "any", message);
    };
    if (expected.frames && movie.frames != *expected.frames)
        add(fmt::format("has {} frames where {} are due", movie.frames, *expected.frames));
    if (expected.start && !movie.start) add("has no timecode track");
    if (expected.start && movie.start && to_string(*movie.start) != to_string(*expected.start))
        add(fmt::format("starts at {} where {} is due", to_string(*movie.start), to_string(*expected.start)));
    if (!expected.reel.empty() && movie.reel != expected.reel)
        add(fmt::format("carries the reel '{}' where '{}' is due", movie.reel, expected.reel));
}

}  // namespace

std::vector<qc::Finding> check_movie(const media::MovieFacts& movie, const std::string& name,
                                     const ExpectedMovie& expected) {
    MovieFindings findings(name, expected);
    check_tags(movie, findings);
    check_audio(movie, expected, findings);
    check_start(movie, expected, findings);
    return findings.take();
}

}  // namespace wetgate::pipeline
