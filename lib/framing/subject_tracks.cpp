#include "framing/subject_tracks.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace wetgate::framing {
namespace {

constexpr double longest_gap_s = 0.5;
constexpr double least_seen_s = 0.25;
constexpr double least_density = 1.0 / 3;
constexpr double calm_s = 1.0 / 3;
constexpr double most_jump = 0.8;  // of the larger side, from one sight to the next

struct Sight {
    int frame;
    Area area;
    double confidence;
    std::optional<double> mouth;
};

struct Thread {
    SubjectKind kind;
    std::vector<Sight> sights;
};

/// How far apart two areas lie, in sizes of the larger one; infinite for areas of quite different size.
double apart(const Area& a, const Area& b) {
    const double width = std::max(a.width(), b.width());
    const double height = std::max(a.height(), b.height());
    if (width > 3 * std::min(a.width(), b.width()) || height > 3 * std::min(a.height(), b.height()))
        return std::numeric_limits<double>::infinity();
    return std::max(std::abs(a.middle_x() - b.middle_x()) / width,
                    std::abs(a.middle_y() - b.middle_y()) / height);
}

Area between(const Area& a, const Area& b, double t) {
    return {a.left + t * (b.left - a.left), a.top + t * (b.top - a.top), a.right + t * (b.right - a.right),
            a.bottom + t * (b.bottom - a.bottom)};
}

SubjectTrack track_of(const Thread& thread, double rate) {
    SubjectTrack track;
    track.kind = thread.kind;
    track.first = thread.sights.front().frame;
    track.seen = static_cast<int>(thread.sights.size());
    std::vector<Area> raw;
    for (std::size_t i = 0; i < thread.sights.size(); ++i) {
        const Sight& sight = thread.sights[i];
        track.confidence += sight.confidence / static_cast<double>(track.seen);
        if (sight.mouth) {
            track.mouth += *sight.mouth;
            ++track.mouth_seen;
        }
        if (i > 0) {
            const Sight& last = thread.sights[i - 1];
            const int gap = sight.frame - last.frame;
            for (int k = 1; k < gap; ++k)
                raw.push_back(between(last.area, sight.area, static_cast<double>(k) / gap));
        }
        raw.push_back(sight.area);
    }
    if (track.mouth_seen > 0) track.mouth /= track.mouth_seen;
    const auto count = static_cast<std::ptrdiff_t>(raw.size());
    const auto half = static_cast<std::ptrdiff_t>(std::lround(0.5 * calm_s * rate));
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        // Narrower towards the ends, so that the mean stays one of as much before as after.
        const std::ptrdiff_t reach = std::min({half, i, count - 1 - i});
        Area mean{0, 0, 0, 0};
        const double share = 1.0 / static_cast<double>(2 * reach + 1);
        for (std::ptrdiff_t k = i - reach; k <= i + reach; ++k) {
            const Area& area = raw[static_cast<std::size_t>(k)];
            mean.left += share * area.left;
            mean.top += share * area.top;
            mean.right += share * area.right;
            mean.bottom += share * area.bottom;
        }
        track.areas.push_back(mean);
    }
    return track;
}

}  // namespace

std::vector<SubjectTrack> follow_subjects(std::span<const std::optional<FrameEvidence>> scene, double rate) {
    const double longest_gap = std::max(1.0, longest_gap_s * rate);
    std::vector<Thread> threads;
    std::vector<std::size_t> live;
    for (std::size_t i = 0; i < scene.size(); ++i) {
        const int frame = static_cast<int>(i);
        std::erase_if(live,
                      [&](std::size_t at) { return frame - threads[at].sights.back().frame > longest_gap; });
        if (!scene[i]) continue;
        for (const Subject& subject : scene[i]->subjects) {
            std::optional<std::size_t> nearest;
            double least = most_jump;
            for (const std::size_t at : live) {
                const Sight& last = threads[at].sights.back();
                if (threads[at].kind != subject.kind || last.frame == frame) continue;
                const double distance = apart(last.area, subject.area);
                if (distance < least) {
                    least = distance;
                    nearest = at;
                }
            }
            if (!nearest) {
                nearest = threads.size();
                live.push_back(threads.size());
                threads.push_back({subject.kind, {}});
            }
            threads[*nearest].sights.push_back({frame, subject.area, subject.confidence, subject.mouth});
        }
    }
    const double least_seen = std::min(least_seen_s * rate, 0.5 * static_cast<double>(scene.size()));
    std::vector<SubjectTrack> tracks;
    for (const Thread& thread : threads) {
        const double spans = thread.sights.back().frame - thread.sights.front().frame + 1;
        const auto seen = static_cast<double>(thread.sights.size());
        if (seen >= least_seen && seen >= least_density * spans) tracks.push_back(track_of(thread, rate));
    }
    return tracks;
}

}  // namespace wetgate::framing
