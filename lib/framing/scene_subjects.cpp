#include "framing/scene_subjects.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "framing/followed_faces.h"
#include "framing/subject_tracks.h"

namespace wetgate::framing {
namespace {

constexpr double body_reach = 2.0;    // to either side, in widths of the face: with the arms
constexpr double least_mouth = 0.02;  // motion of a mouth that speaks: less is noise
constexpr double clearer = 1.3;       // than the next mouth
constexpr double least_told_s = 0.5;

double kind_weight(SubjectKind kind) {
    switch (kind) {
        case SubjectKind::Face:
            return 3;
        case SubjectKind::Moving:
            return 0.5;
        case SubjectKind::Standout:
            return 1;
    }
    return 0;
}

/// Head to hip, of a person whose face this is.
Area body_of(const Area& face) {
    const double width = face.width();
    const double height = face.height();
    return {std::max(0.0, face.middle_x() - body_reach * width), std::max(0.0, face.top - 0.3 * height),
            std::min(1.0, face.middle_x() + body_reach * width), std::min(1.0, face.bottom + 3 * height)};
}

SceneSubject weighed(const SubjectTrack& track, std::size_t frames) {
    SceneSubject subject;
    subject.name = name_of(track.kind);
    subject.first = track.first;
    subject.areas = track.areas;
    subject.is_face = track.kind == SubjectKind::Face;
    subject.mouth = track.mouth;
    subject.mouth_seen = track.mouth_seen;
    // A larger face counts for more, but one in the background is still a face. Detectors take much for half
    // a face: one that is not sure counts for less than its share.
    const double by_size = subject.is_face ? std::sqrt(std::clamp(subject.size() / 0.12, 0.5, 1.5))
                                           : std::min(1.0, subject.size() / 0.15);
    const double certain = subject.is_face ? track.confidence * track.confidence : track.confidence;
    const double present =
        static_cast<double>(track.areas.size()) / static_cast<double>(std::max<std::size_t>(frames, 1));
    subject.weight = kind_weight(track.kind) * certain * by_size * (0.2 + 0.8 * present);
    subject.notable = subject.weight;
    if (subject.is_face) {
        for (const Area& area : track.areas) subject.bodies.push_back(body_of(area));
    }
    return subject;
}

}  // namespace

double SceneSubject::size() const {
    double size = 0;
    for (const Area& area : areas)
        size += std::sqrt(area.width() * area.height()) / static_cast<double>(areas.size());
    return size;
}

std::vector<SceneSubject> scene_subjects(std::span<const std::optional<FrameEvidence>> scene,
                                         std::span<const motion::GrayImage> looks, double rate) {
    std::vector<SubjectTrack> tracks = follow_subjects(scene, rate);
    if (!looks.empty()) tracks = with_followed_faces(std::move(tracks), looks, rate);
    std::vector<SceneSubject> subjects;
    for (const SubjectTrack& track : tracks) subjects.push_back(weighed(track, scene.size()));
    std::stable_sort(subjects.begin(), subjects.end(), [](const SceneSubject& a, const SceneSubject& b) {
        return a.weight * static_cast<double>(a.areas.size()) >
               b.weight * static_cast<double>(b.areas.size());
    });
    return subjects;
}

Fit fit_together(const SceneSubject& a, const SceneSubject& b, double width, double height) {
    const auto fit = [&](const Area& one, const Area& other) {
        return std::max(one.right, other.right) - std::min(one.left, other.left) <= width &&
               std::max(one.bottom, other.bottom) - std::min(one.top, other.top) <= height;
    };
    int both = 0;
    int heads = 0;
    int whole = 0;
    for (std::size_t i = 0; i < a.areas.size(); ++i) {
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(i) + a.first - b.first;
        if (offset < 0 || offset >= static_cast<std::ptrdiff_t>(b.areas.size())) continue;
        const auto at = static_cast<std::size_t>(offset);
        ++both;
        if (fit(a.areas[i], b.areas[at])) ++heads;
        if (fit(a.bodies.empty() ? a.areas[i] : a.bodies[i], b.bodies.empty() ? b.areas[at] : b.bodies[at]))
            ++whole;
    }
    if (2 * whole >= both) return Fit::Whole;
    return 2 * heads >= both ? Fit::Heads : Fit::Not;
}

Chosen chosen_by(Policy policy, std::span<const SceneSubject> subjects, double width, double height,
                 double rate) {
    const SceneSubject& chief = subjects.front();
    if (policy == Policy::Weight) return {0, "the subject of most weight"};
    std::vector<std::size_t> contenders = {0};
    for (std::size_t i = 1; i < subjects.size(); ++i) {
        if (subjects[i].name == chief.name && subjects[i].notable >= notable_weight * chief.notable &&
            fit_together(chief, subjects[i], width, height) != Fit::Whole)
            contenders.push_back(i);
    }
    const auto best = [&](const auto& value) {
        return *std::max_element(contenders.begin(), contenders.end(), [&](std::size_t a, std::size_t b) {
            return value(subjects[a]) < value(subjects[b]);
        });
    };
    if (policy == Policy::Larger)
        return {best([](const SceneSubject& of) { return of.size(); }), "the largest"};
    const auto speech = [&](const SceneSubject& of) {
        return of.mouth_seen >= least_told_s * rate ? of.mouth : 0.0;
    };
    const std::size_t speaker = best(speech);
    const double most = speech(subjects[speaker]);
    const bool is_clear =
        most >= least_mouth && std::all_of(contenders.begin(), contenders.end(), [&](auto i) {
            return i == speaker || most >= clearer * speech(subjects[i]);
        });
    if (!is_clear) return {0, "the subject of most weight (no mouth moves clearly more)"};
    return {speaker, "the one whose mouth moves most"};
}

}  // namespace wetgate::framing
