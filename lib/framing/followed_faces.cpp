#include "framing/followed_faces.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "framing/follow.h"

namespace wetgate::framing {
namespace {

constexpr std::size_t most_followed = 4;
constexpr double least_seen_s = 0.5;
constexpr double least_confidence = 0.5;
constexpr double same_person = 0.2;  // of both areas

Area head_and_shoulders(const Area& face) {
    return {std::max(0.0, face.left - 0.5 * face.width()), std::max(0.0, face.top - 0.3 * face.height()),
            std::min(1.0, face.right + 0.5 * face.width()), std::min(1.0, face.bottom + face.height())};
}

/// Where the face lies in what was followed, as it did at the start.
Area face_in(const Area& followed, const Area& start, const Area& face) {
    const auto along = [](double from, double to, double start_from, double start_to, double at) {
        return std::clamp(from + (to - from) * (at - start_from) / (start_to - start_from), 0.0, 1.0);
    };
    return {along(followed.left, followed.right, start.left, start.right, face.left),
            along(followed.top, followed.bottom, start.top, start.bottom, face.top),
            along(followed.left, followed.right, start.left, start.right, face.right),
            along(followed.top, followed.bottom, start.top, start.bottom, face.bottom)};
}

int last_of(const SubjectTrack& track) {
    return track.first + static_cast<int>(track.areas.size()) - 1;
}

/// The track of another face that is at `area` on a frame; `tracks.size()` where there is none.
std::size_t other_at(const std::vector<SubjectTrack>& tracks, std::size_t own, int frame, const Area& area) {
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        const SubjectTrack& track = tracks[i];
        if (i == own || track.kind != SubjectKind::Face || track.areas.empty()) continue;
        if (frame < track.first || frame > last_of(track)) continue;
        if (overlap(track.areas[static_cast<std::size_t>(frame - track.first)], area) > same_person) return i;
    }
    return tracks.size();
}

/// `other`, met at `frame`, becomes the end of `track`.
void join(SubjectTrack& track, SubjectTrack& other, int frame) {
    track.confidence = (track.confidence * track.seen + other.confidence * other.seen) /
                       std::max(1, track.seen + other.seen);
    track.seen += other.seen;
    track.mouth = (track.mouth * track.mouth_seen + other.mouth * other.mouth_seen) /
                  std::max(1, track.mouth_seen + other.mouth_seen);
    track.mouth_seen += other.mouth_seen;
    track.areas.insert(track.areas.end(), other.areas.begin() + (frame - other.first), other.areas.end());
    other.areas.clear();
}

void follow_on(std::vector<SubjectTrack>& tracks, std::size_t own, std::span<const motion::GrayImage> looks,
               double rate) {
    const int end = static_cast<int>(looks.size()) - 1;
    SubjectTrack& track = tracks[own];
    for (bool has_met = true; has_met && last_of(track) < end;) {
        has_met = false;
        const Area face = track.areas.back();
        const Area start = head_and_shoulders(face);
        const int from = last_of(track);
        const std::vector<Area> followed =
            follow(looks, static_cast<std::size_t>(from), static_cast<std::size_t>(end), start, rate);
        for (std::size_t k = 1; k < followed.size() && !has_met; ++k) {
            const Area area = face_in(followed[k], start, face);
            const int frame = from + static_cast<int>(k);
            const std::size_t other = other_at(tracks, own, frame, area);
            has_met = other < tracks.size();
            if (has_met) {
                join(track, tracks[other], frame);
            } else {
                track.areas.push_back(area);
            }
        }
    }
}

void follow_back(std::vector<SubjectTrack>& tracks, std::size_t own, std::span<const motion::GrayImage> looks,
                 double rate) {
    SubjectTrack& track = tracks[own];
    if (track.first == 0) return;
    const Area face = track.areas.front();
    const Area start = head_and_shoulders(face);
    const std::vector<Area> followed = follow(looks, static_cast<std::size_t>(track.first), 0, start, rate);
    std::vector<Area> before;
    for (std::size_t k = 1; k < followed.size(); ++k) {
        const Area area = face_in(followed[k], start, face);
        if (other_at(tracks, own, track.first - static_cast<int>(k), area) < tracks.size()) break;
        before.push_back(area);
    }
    track.first -= static_cast<int>(before.size());
    track.areas.insert(track.areas.begin(), before.rbegin(), before.rend());
}

}  // namespace

std::vector<SubjectTrack> with_followed_faces(std::vector<SubjectTrack> tracks,
                                              std::span<const motion::GrayImage> looks, double rate) {
    std::vector<std::size_t> faces;
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        const SubjectTrack& track = tracks[i];
        if (track.kind == SubjectKind::Face && track.seen >= least_seen_s * rate &&
            track.confidence >= least_confidence)
            faces.push_back(i);
    }
    const auto weight = [&](std::size_t i) { return tracks[i].confidence * tracks[i].seen; };
    std::stable_sort(faces.begin(), faces.end(),
                     [&](std::size_t a, std::size_t b) { return weight(a) > weight(b); });
    faces.resize(std::min(faces.size(), most_followed));
    for (const std::size_t own : faces) {
        if (tracks[own].areas.empty()) continue;  // part of another by now
        follow_on(tracks, own, looks, rate);
        follow_back(tracks, own, looks, rate);
    }
    std::erase_if(tracks, [](const SubjectTrack& track) { return track.areas.empty(); });
    return tracks;
}

}  // namespace wetgate::framing
