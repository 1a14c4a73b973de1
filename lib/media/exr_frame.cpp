#include "media/exr_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/error.h"

namespace wetgate::media::exr {
namespace {

constexpr std::array<const char*, 3> rgb_names = {"R", "G", "B"};
constexpr std::array<const char*, 3> luma_chroma_names = {"Y", "RY", "BY"};

int plane_named(const ImagePart& part, const std::string& name) {
    for (std::size_t i = 0; i < part.planes.size(); ++i) {
        const Plane& plane = part.planes[i];
        if (plane.name == name && (plane.type == SampleType::Half || plane.type == SampleType::F32)) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

bool is_full_resolution(const ImagePart& part, int plane) {
    const Plane& found = part.planes[static_cast<std::size_t>(plane)];
    return found.x_sampling == 1 && found.y_sampling == 1;
}

std::optional<WorkedPlanes> rgb_planes(const ImagePart& part, const std::string& prefix, bool all) {
    WorkedPlanes worked{PixelModel::Rgb, 0, {-1, -1, -1}};
    int found = 0;
    for (std::size_t c = 0; c < rgb_names.size(); ++c) {
        const int plane = plane_named(part, prefix + rgb_names[c]);
        if (plane < 0 || !is_full_resolution(part, plane)) continue;
        worked.plane[c] = plane;
        ++found;
    }
    if (found == 0 || (all && found < 3)) return std::nullopt;
    return worked;
}

std::optional<WorkedPlanes> luma_chroma_planes(const ImagePart& part, const std::string& prefix) {
    WorkedPlanes worked{PixelModel::LumaChroma, 0, {-1, -1, -1}};
    for (std::size_t c = 0; c < luma_chroma_names.size(); ++c) {
        worked.plane[c] = plane_named(part, prefix + luma_chroma_names[c]);
        if (worked.plane[c] < 0) return std::nullopt;
    }
    if (!is_full_resolution(part, worked.plane[0])) return std::nullopt;
    return worked;
}

std::optional<WorkedPlanes> luminance_plane(const ImagePart& part, const std::string& prefix) {
    const int plane = plane_named(part, prefix + "Y");
    if (plane < 0 || !is_full_resolution(part, plane)) return std::nullopt;
    return WorkedPlanes{PixelModel::Luminance, 0, {plane, -1, -1}};
}

std::optional<WorkedPlanes> any_model(const ImagePart& part, const std::string& prefix) {
    if (auto worked = rgb_planes(part, prefix, false)) return worked;
    if (auto worked = luma_chroma_planes(part, prefix)) return worked;
    return luminance_plane(part, prefix);
}

// "left." of "left.R"; empty for "R".
std::string prefix_of(const std::string& channel) {
    const std::size_t dot = channel.rfind('.');
    return dot == std::string::npos ? std::string() : channel.substr(0, dot + 1);
}

std::vector<std::string> prefixes_of(const ImagePart& part) {
    std::vector<std::string> prefixes;
    for (const Plane& plane : part.planes) {
        const std::string prefix = prefix_of(plane.name);
        if (!prefix.empty() && std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end())
            prefixes.push_back(prefix);
    }
    return prefixes;
}

// The view whose channels have no prefix: the first of the `multiView` attribute ("Storing Multi-View Images
// in OpenEXR").
std::string default_view(const std::vector<RawAttribute>& attributes) {
    const RawAttribute* views = find_attribute(attributes, "multiView");
    if (views == nullptr || views->type != "stringvector" || views->value.size() < 4) return {};
    const auto length = value_at<std::uint32_t>(views->value, 0);
    return {reinterpret_cast<const char*>(views->value.data()) + 4, length};
}

struct Candidate {
    std::size_t index;  // into HostFrame::parts, level 0
    const ImagePart* part;
};

std::vector<Candidate> candidates_of(const ExrHeader& header, const std::vector<ImagePart>& parts,
                                     const SourceRequest& request) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const ImagePart& part = parts[i];
        if (part.level_x != 0 || part.level_y != 0) continue;
        const bool wanted =
            !request.part || header.layouts[static_cast<std::size_t>(part.part)].name == *request.part;
        if (wanted) candidates.push_back({i, &part});
    }
    if (!candidates.empty()) return candidates;
    int index = -1;
    const auto [end, problem] =
        std::from_chars(request.part->data(), request.part->data() + request.part->size(), index);
    if (problem == std::errc() && end == request.part->data() + request.part->size()) {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (parts[i].part == index && parts[i].level_x == 0 && parts[i].level_y == 0)
                return {{i, &parts[i]}};
        }
    }
    std::string known;
    for (std::size_t i = 0; i < header.layouts.size(); ++i)
        known += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i, header.layouts[i].name);
    throw Error(ErrorKind::Usage, fmt::format("has no part '{}'; its parts are: {}", *request.part, known));
}

WorkedPlanes in_part(WorkedPlanes worked, const Candidate& candidate) {
    worked.part_index = static_cast<int>(candidate.index);
    return worked;
}

WorkedPlanes layer_planes(const ExrHeader& header, const std::vector<Candidate>& candidates,
                          const std::string& layer) {
    for (const Candidate& candidate : candidates) {
        if (auto worked = any_model(*candidate.part, layer + ".")) return in_part(*worked, candidate);
    }
    for (const Candidate& candidate : candidates) {
        const auto number = static_cast<std::size_t>(candidate.part->part);
        if (header.layouts[number].view != layer && default_view(header.raw.parts[number]) != layer) continue;
        if (auto worked = any_model(*candidate.part, "")) return in_part(*worked, candidate);
    }
    std::string known;
    for (const Candidate& candidate : candidates) {
        for (const std::string& prefix : prefixes_of(*candidate.part)) {
            known += (known.empty() ? "'" : ", '") + prefix.substr(0, prefix.size() - 1) + "'";
        }
        const std::string& view = header.layouts[static_cast<std::size_t>(candidate.part->part)].view;
        if (!view.empty()) known += (known.empty() ? "'" : ", '") + view + "'";
    }
    throw Error(ErrorKind::Usage,
                fmt::format("has no layer '{}' with R, G, B or Y in half or float; its layers are: {}", layer,
                            known.empty() ? "none" : known));
}

}  // namespace

const ExrHeader* exr_header_of(const HostFrame& frame) {
    return dynamic_cast<const ExrHeader*>(frame.header.get());
}

std::vector<ImagePart> parts_of(const std::vector<Layout>& layouts) {
    std::vector<ImagePart> parts;
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        for (const Level& level : levels_of(layouts[i])) {
            ImagePart& part = parts.emplace_back();
            part.part = static_cast<int>(i);
            part.level_x = level.x;
            part.level_y = level.y;
            part.window = window_of(layouts[i], level);
            for (const Channel& channel : layouts[i].channels) {
                part.planes.push_back(
                    {channel.name, channel.type, channel.x_sampling, channel.y_sampling,
                     static_cast<int>(sample_count(part.window.x0, part.window.x1, channel.x_sampling)),
                     static_cast<int>(sample_count(part.window.y0, part.window.y1, channel.y_sampling)),
                     nullptr});
            }
        }
    }
    return parts;
}

WorkedPlanes choose_planes(const ExrHeader& header, const std::vector<ImagePart>& parts,
                           const SourceRequest& request) {
    const std::vector<Candidate> candidates = candidates_of(header, parts, request);
    if (request.layer) return layer_planes(header, candidates, *request.layer);
    for (const Candidate& candidate : candidates) {
        if (auto worked = rgb_planes(*candidate.part, "", false)) return in_part(*worked, candidate);
    }
    for (const Candidate& candidate : candidates) {
        for (const std::string& prefix : prefixes_of(*candidate.part)) {
            if (auto worked = rgb_planes(*candidate.part, prefix, true)) return in_part(*worked, candidate);
        }
    }
    for (const Candidate& candidate : candidates) {
        if (auto worked = luma_chroma_planes(*candidate.part, "")) return in_part(*worked, candidate);
    }
    for (const Candidate& candidate : candidates) {
        if (auto worked = luminance_plane(*candidate.part, "")) return in_part(*worked, candidate);
    }
    return in_part({}, candidates.front());
}

int alpha_plane(const HostFrame& frame) {
    if (frame.worked.model == PixelModel::None) return -1;
    const ImagePart& part = frame.worked_part();
    for (const int plane : frame.worked.plane) {
        if (plane < 0) continue;
        const int alpha =
            plane_named(part, prefix_of(part.planes[static_cast<std::size_t>(plane)].name) + "A");
        return alpha >= 0 && is_full_resolution(part, alpha) ? alpha : -1;
    }
    return -1;
}

std::optional<Rate> declared_rate(const ExrHeader& header) {
    for (const auto& attributes : header.raw.parts) {
        const RawAttribute* rate = find_attribute(attributes, "framesPerSecond");
        if (rate == nullptr || rate->type != "rational") continue;
        const auto num = value_at<std::int32_t>(rate->value, 0);
        const auto den = value_at<std::uint32_t>(rate->value, 4);
        if (auto good = parse_rate(fmt::format("{}/{}", num, den))) return good;
    }
    return std::nullopt;
}

std::optional<Timecode> declared_timecode(const ExrHeader& header, const Rate& rate) {
    for (const auto& attributes : header.raw.parts) {
        const RawAttribute* timecode = find_attribute(attributes, "timeCode");
        if (timecode == nullptr || timecode->type != "timecode") continue;
        return from_packed_bcd(value_at<std::uint32_t>(timecode->value, 0), rate);
    }
    return std::nullopt;
}

void describe(HostFrame& frame, const Rate& rate) {
    const ExrHeader& header = *exr_header_of(frame);
    const Layout& layout = header.layouts[static_cast<std::size_t>(frame.worked_part().part)];
    frame.display_window = layout.display_window;
    frame.pixel_aspect = layout.pixel_aspect;
    frame.timecode = declared_timecode(header, rate);
}

HostFrame hollow_frame(const ScannedHeader& scanned, const SourceRequest& request) {
    auto header = std::make_shared<ExrHeader>();
    header->raw = scanned.raw;
    header->layouts = scanned.layouts;
    HostFrame frame;
    frame.header = header;
    frame.parts = parts_of(header->layouts);
    frame.worked = choose_planes(*header, frame.parts, request);
    describe(frame, request.rate.value_or(declared_rate(*header).value_or(Rate{})));
    return frame;
}

}  // namespace wetgate::media::exr
