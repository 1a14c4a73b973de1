#include "passes/wire_track.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/error.h"

namespace wetgate::passes::wire {
namespace {

using nlohmann::json;

constexpr std::size_t most_points = 1000;
constexpr std::size_t most_wires = 1000;
constexpr std::size_t most_frames = 1'000'000;
constexpr double most_place = 1e6;
constexpr int most_missed = 3;        // frames in a row
constexpr double least_seen = 0.5;    // of the frames from the first to the last
constexpr double whole_share = 0.93;  // of the longest: a line that is seen from end to end
constexpr double soft_px = 1.5;       // beyond half of the width: the edge of a wire out of focus

double distance_to(const Point& point, const Path& path) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i < path.size(); ++i)
        least = std::min(least, wire::distance_to(point, path[i - 1], path[i]));
    return least;
}

/// Across: the median, so that an end that is not seen does not count.
double apart(const Path& one, const Path& other) {
    std::vector<double> distances;
    for (const Point& point : one) {
        if (std::isfinite(point[0]) && std::isfinite(point[1]))
            distances.push_back(distance_to(point, other));
    }
    return distances.empty() ? std::numeric_limits<double>::infinity() : median(std::move(distances));
}

Path carried(const Path& path, const motion::Homography& way) {
    Path moved;
    for (const Point& point : path) moved.push_back(way.at(point[0], point[1]));
    return moved;
}

Path between(const Path& first, const Path& second, double share) {
    Path path;
    for (std::size_t i = 0; i < first.size(); ++i) {
        path.push_back({first[i][0] + share * (second[i][0] - first[i][0]),
                        first[i][1] + share * (second[i][1] - first[i][1])});
    }
    return path;
}

json json_of(const Path& path) {
    json points = json::array();
    for (const Point& point : path)
        points.push_back({std::round(point[0] * 100) / 100, std::round(point[1] * 100) / 100});
    return points;
}

Path path_of(const ArtefactReader& points) {
    Path path;
    for (std::size_t i = 0; i < points.size(most_points); ++i) {
        const ArtefactReader point = points.item(i);
        if (point.size(2) != 2) point.refuse("is no pair of x and y");
        path.push_back(
            {point.item(0).number(-most_place, most_place), point.item(1).number(-most_place, most_place)});
    }
    if (path.size() < 2) points.refuse("a wire needs two points");
    return path;
}

using Track = std::map<int, Line>;

std::vector<Line> lines_of(const ArtefactReader& list) {
    std::vector<Line> lines;
    for (std::size_t i = 0; i < list.size(most_wires); ++i) {
        const ArtefactReader entry = list.item(i);
        Line& line = lines.emplace_back();
        line.path = path_of(entry.member("points"));
        line.width_px = entry.member("width_px").number(0, most_place);
        line.contrast = entry.member("contrast").number(-100, 100);
        line.uneven = entry.member("uneven").number(0, most_place);
        line.ragged = entry.member("ragged").number(0, most_place);
        line.soft = entry.member("soft").number(0, most_place);
        line.sure = entry.member("sure").number(0, 1);
    }
    return lines;
}

/// The two ends in the order of `like`.
void turn_like(Path& path, const Path& like) {
    const auto off = [&](const Point& first, const Point& last) {
        return std::hypot(first[0] - like.front()[0], first[1] - like.front()[1]) +
               std::hypot(last[0] - like.back()[0], last[1] - like.back()[1]);
    };
    if (off(path.back(), path.front()) < off(path.front(), path.back()))
        std::reverse(path.begin(), path.end());
}

std::vector<Track> tracks_of(const std::vector<std::vector<Line>>& all, int first_frame, const Scenes& scenes,
                             double most_step_px) {
    std::vector<Track> tracks;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const int frame = first_frame + static_cast<int>(i);
        struct Pair {
            double apart;
            std::size_t track, line;
        };
        std::vector<Pair> pairs;
        for (std::size_t t = 0; t < tracks.size(); ++t) {
            const auto& [last, before] = *tracks[t].rbegin();
            if (frame - last > most_missed + 1 || !scenes.joined(last, frame)) continue;
            for (std::size_t l = 0; l < all[i].size(); ++l) {
                const Line& line = all[i][l];
                const double ratio = line.width_px / std::max(before.width_px, 0.1);
                if (line.contrast * before.contrast < 0 || ratio < 0.5 || ratio > 2) continue;
                // The shorter lies on the longer: a part of a wire is linked to the whole.
                const double distance =
                    std::min(apart(line.path, before.path), apart(before.path, line.path)) / (frame - last);
                if (distance < most_step_px) pairs.push_back({distance, t, l});
            }
        }
        std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            return std::tie(a.apart, a.track, a.line) < std::tie(b.apart, b.track, b.line);
        });
        std::vector<bool> line_taken(all[i].size(), false), track_taken(tracks.size(), false);
        for (const Pair& pair : pairs) {
            if (line_taken[pair.line] || track_taken[pair.track]) continue;
            line_taken[pair.line] = track_taken[pair.track] = true;
            Line line = all[i][pair.line];
            turn_like(line.path, tracks[pair.track].rbegin()->second.path);
            tracks[pair.track].emplace(frame, std::move(line));
        }
        for (std::size_t l = 0; l < all[i].size(); ++l) {
            if (!line_taken[l]) tracks.push_back({{frame, all[i][l]}});
        }
    }
    return tracks;
}

double length_of(const Line& line) {
    return std::hypot(line.path.back()[0] - line.path.front()[0], line.path.back()[1] - line.path.front()[1]);
}

/// How far `path` is moved along `across` to lie where `seen` does: the median.
double offset_to(const Path& path, const Path& seen, const Point& across) {
    std::vector<double> offsets;
    for (const Point& point : seen) {
        double least = std::numeric_limits<double>::infinity();
        double offset = 0;
        for (std::size_t i = 1; i < path.size(); ++i) {
            const double off = wire::distance_to(point, path[i - 1], path[i]);
            if (off >= least) continue;
            least = off;
            const double side =
                (point[0] - path[i - 1][0]) * across[0] + (point[1] - path[i - 1][1]) * across[1];
            const double along =
                (path[i][0] - path[i - 1][0]) * across[0] + (path[i][1] - path[i - 1][1]) * across[1];
            const double stretch = std::hypot(path[i][0] - path[i - 1][0], path[i][1] - path[i - 1][1]);
            const double part = std::hypot(point[0] - path[i - 1][0], point[1] - path[i - 1][1]);
            offset = side - (stretch > 0 ? along * std::min(1.0, part / stretch) : 0.0);
        }
        offsets.push_back(offset);
    }
    return median(std::move(offsets));
}

/// Where a wire crosses what is as dark as it, a part of it is seen: there its shape is that of the frames
/// that show it from end to end, moved to where the part is.
void complete(Track& track) {
    double longest = 0;
    for (const auto& [frame, line] : track) longest = std::max(longest, length_of(line));
    Track whole;
    for (const auto& [frame, line] : track) {
        if (length_of(line) >= whole_share * longest) whole.emplace(frame, line);
    }
    for (auto& [frame, line] : track) {
        if (whole.count(frame) != 0) continue;
        const auto after = whole.upper_bound(frame);
        Path path = after == whole.end() ? std::prev(after)->second.path : after->second.path;
        if (after != whole.end() && after != whole.begin()) {
            const auto& before = *std::prev(after);
            path = between(before.second.path, after->second.path,
                           static_cast<double>(frame - before.first) / (after->first - before.first));
        }
        const double length =
            std::max(1e-6, std::hypot(path.back()[0] - path.front()[0], path.back()[1] - path.front()[1]));
        const Point across{-(path.back()[1] - path.front()[1]) / length,
                           (path.back()[0] - path.front()[0]) / length};
        const double offset = offset_to(path, line.path, across);
        for (Point& point : path) point = {point[0] + offset * across[0], point[1] + offset * across[1]};
        line.path = std::move(path);
    }
}

TrackFacts facts_of(const Track& track, const remove::CameraTrack& camera) {
    const auto median_of = [&](const auto& value) {
        std::vector<double> values;
        for (const auto& [frame, line] : track) values.push_back(value(line));
        return median(std::move(values));
    };
    TrackFacts facts;
    facts.seen = track.size();
    facts.frames = static_cast<std::size_t>(track.rbegin()->first - track.begin()->first + 1);
    facts.length_px = median_of(length_of);
    facts.slender = median_of([](const Line& line) { return length_of(line) / line.width_px; });
    facts.uneven = median_of([](const Line& line) { return line.uneven; });
    facts.ragged = median_of([](const Line& line) { return line.ragged; });
    facts.soft = median_of([](const Line& line) { return line.soft; });
    facts.contrast = median_of([](const Line& line) { return std::abs(line.contrast); });
    for (auto now = track.begin(); std::next(now) != track.end(); ++now) {
        const auto next = std::next(now);
        const auto way = camera.way(now->first, next->first, 0, 0);
        if (!way) continue;
        const Path predicted = carried(now->second.path, *way);
        facts.carried_px += apart(predicted, now->second.path);
        facts.off_px += apart(predicted, next->second.path);
        facts.moved_px += apart(now->second.path, next->second.path);
    }
    return facts;
}

}  // namespace

Wires key_wires(const json& keys, const std::string& pointer, double width_px) {
    Wires wires;
    for (const json& key : keys) {
        Place place;
        for (const json& point : key.at("points"))
            place.path.push_back({point.at(0).get<double>(), point.at(1).get<double>()});
        place.width_px = key.value("width_px", width_px);
        auto& frames = wires[key.value("wire", "wire")];
        if (!frames.empty() && frames.begin()->second.path.size() != place.path.size()) {
            throw Error(ErrorKind::Usage,
                        pointer +
                            "/keys: a wire's key frames need the same number of points, in one order; give "
                            "other wires names of their own (\"wire\")");
        }
        frames[key.at("frame").get<int>()] = std::move(place);
    }
    return wires;
}

Place rough_at(const std::map<int, Place>& keys, int frame) {
    const auto after = keys.lower_bound(frame);
    if (after == keys.begin()) return after->second;
    const auto before = std::prev(after);
    if (after == keys.end()) return before->second;
    const double share = static_cast<double>(frame - before->first) / (after->first - before->first);
    return {between(before->second.path, after->second.path, share),
            before->second.width_px + share * (after->second.width_px - before->second.width_px), 1};
}

json to_json(const std::vector<Line>& lines, int x0, int y0) {
    json list = json::array();
    for (const Line& line : lines) {
        Path path = line.path;
        for (Point& point : path) point = {point[0] + x0, point[1] + y0};
        list.push_back({{"points", json_of(path)},
                        {"width_px", rounded(line.width_px)},
                        {"contrast", rounded(line.contrast)},
                        {"uneven", rounded(line.uneven)},
                        {"ragged", rounded(line.ragged)},
                        {"soft", rounded(line.soft)},
                        {"sure", rounded(line.sure)}});
    }
    return list;
}

Wires followed(std::span<const json> all_frames, int first_frame, const Scenes& scenes,
               const remove::CameraTrack& camera, const Rules& rules) {
    std::vector<std::vector<Line>> lines;
    for (const json& facts : all_frames) {
        const int frame = first_frame + static_cast<int>(lines.size());
        lines.emplace_back();
        if (!facts.is_object()) continue;
        const ArtefactReader reader("wire", facts, fmt::format("the measurement of frame {}", frame));
        if (reader.has("lines")) lines.back() = lines_of(reader.member("lines"));
    }
    std::vector<Track> tracks = tracks_of(lines, first_frame, scenes, rules.most_step_px);
    Wires wires;
    for (Track& track : tracks) {
        const TrackFacts facts = facts_of(track, camera);
        if (facts.seen < std::min(rules.least_frames, all_frames.size())) continue;
        if (static_cast<double>(facts.seen) < least_seen * static_cast<double>(facts.frames)) continue;
        if (!rules.keeps(facts)) continue;
        if (rules.completes) complete(track);
        auto& frames = wires[fmt::format("{}{:03}", rules.name, wires.size() + 1)];
        for (auto now = track.begin(); now != track.end(); ++now) {
            frames[now->first] = {now->second.path, now->second.width_px, now->second.sure};
            const auto next = std::next(now);
            if (next == track.end()) break;
            for (int frame = now->first + 1; frame < next->first; ++frame) {
                const double share = static_cast<double>(frame - now->first) / (next->first - now->first);
                frames[frame] = {between(now->second.path, next->second.path, share),
                                 std::max(now->second.width_px, next->second.width_px),
                                 std::min(now->second.sure, next->second.sure) / 2};
            }
        }
    }
    return wires;
}

json to_json(const Wires& wires) {
    json list = json::array();
    for (const auto& [name, frames] : wires) {
        json places = json::array();
        for (const auto& [frame, place] : frames) {
            places.push_back({{"frame", frame},
                              {"points", json_of(place.path)},
                              {"width_px", rounded(place.width_px)},
                              {"confidence", rounded(place.confidence)}});
        }
        list.push_back({{"name", name}, {"frames", places}});
    }
    return list;
}

Wires wires_of(const ArtefactReader& list) {
    Wires wires;
    for (std::size_t i = 0; i < list.size(most_wires); ++i) {
        const ArtefactReader wire = list.item(i);
        auto& frames = wires[wire.member("name").text()];
        const ArtefactReader places = wire.member("frames");
        for (std::size_t k = 0; k < places.size(most_frames); ++k) {
            const ArtefactReader place = places.item(k);
            frames[place.member("frame").integer()] = {path_of(place.member("points")),
                                                       place.member("width_px").number(0, 1e4),
                                                       place.member("confidence").number(0, 1)};
        }
    }
    return wires;
}

at::Tensor matte_of(const Wires& wires, int frame, const Box& window) {
    at::Tensor matte = at::zeros({1, window.height(), window.width()}, at::kFloat);
    auto* values = matte.data_ptr<float>();
    for (const auto& [name, frames] : wires) {
        const auto found = frames.find(frame);
        if (found == frames.end()) continue;
        const Place& place = found->second;
        const double half = place.width_px / 2 + soft_px;
        for (std::size_t i = 1; i < place.path.size(); ++i) {
            const Point& a = place.path[i - 1];
            const Point& b = place.path[i];
            const auto first = [&](double p, double q, int corner, int end) {
                return static_cast<int>(
                    std::clamp(std::floor(std::min(p, q) - half - 1), double(corner), double(end)));
            };
            const auto last = [&](double p, double q, int corner, int end) {
                return static_cast<int>(
                    std::clamp(std::ceil(std::max(p, q) + half + 2), double(corner), double(end)));
            };
            for (int y = first(a[1], b[1], window.y0, window.y1); y < last(a[1], b[1], window.y0, window.y1);
                 ++y) {
                for (int x = first(a[0], b[0], window.x0, window.x1);
                     x < last(a[0], b[0], window.x0, window.x1); ++x) {
                    const double off = wire::distance_to({double(x), double(y)}, a, b);
                    float& value =
                        values[static_cast<std::ptrdiff_t>(y - window.y0) * window.width() + (x - window.x0)];
                    value = std::max(value, static_cast<float>(std::clamp(half + 0.5 - off, 0.0, 1.0)));
                }
            }
        }
    }
    return matte;
}

}  // namespace wetgate::passes::wire
