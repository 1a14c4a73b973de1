#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "media/exr_frame.h"
#include "media/worked.h"
#include "media/worked_internal.h"
#include "media/ycbcr.h"
#include "media/ycbcr_chroma.h"

namespace wetgate::media {
namespace {

SampleType code_type(int bits) {
    return bits <= 8 ? SampleType::U8 : SampleType::U16;
}

void check_bits(int bits, int lowest) {
    if (bits < lowest || bits > 16) {
        throw Error(ErrorKind::Internal, "a picture of " + std::to_string(bits) + " bits cannot be made");
    }
}

void check_alpha(const std::optional<std::vector<float>>& alpha, const Box& window) {
    if (alpha && alpha->size() != window.area()) {
        throw Error(ErrorKind::Internal, "the alpha to write does not have the picture's window");
    }
}

/// A frame with one part over `window` and what `like` says of place and time.
HostFrame frame_like(const HostFrame& like, const Box& window) {
    HostFrame frame;
    frame.number = like.number;
    frame.display_window = like.display_window;
    frame.pixel_aspect = like.pixel_aspect;
    frame.timecode = like.timecode;
    frame.parts.emplace_back();
    frame.parts.back().window = window;
    return frame;
}

void store_codes(Plane& plane, const float* codes, LegalCodes legal, std::size_t at, std::size_t count) {
    if (plane.type == SampleType::U8) {
        auto* out = plane.samples<std::uint8_t>() + at;
        for (std::size_t i = 0; i < count; ++i)
            out[i] = static_cast<std::uint8_t>(nearest_code(codes[i], legal));
    } else {
        auto* out = plane.samples<std::uint16_t>() + at;
        for (std::size_t i = 0; i < count; ++i)
            out[i] = static_cast<std::uint16_t>(nearest_code(codes[i], legal));
    }
}

/// Values in [0, 1] (alpha, integer RGB) as codes of `bits`.
void store_values(Plane& plane, const float* values, int bits) {
    const std::size_t count = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    switch (plane.type) {
        case SampleType::Half:
            floats_to_halves(values, plane.samples<std::uint16_t>(), count);
            return;
        case SampleType::F32:
            std::memcpy(plane.data->data(), values, count * sizeof(float));
            return;
        case SampleType::U32:
            throw Error(ErrorKind::Internal, "a picture of 32-bit integers cannot be made");
        case SampleType::U8:
        case SampleType::U16:
            break;
    }
    const int max_code = (1 << bits) - 1;
    const auto width = static_cast<std::size_t>(plane.width);
    std::vector<float> codes(width);
    for (std::size_t at = 0; at < count; at += width) {
        for (std::size_t x = 0; x < width; ++x) codes[x] = values[at + x] * static_cast<float>(max_code);
        store_codes(plane, codes.data(), {0, max_code}, at, width);
    }
}

std::vector<float> codes_of(const Plane& plane) {
    std::vector<float> codes(static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height));
    samples_to_floats(plane, 1, codes.data());
    return codes;
}

/// A plane of floats from one chroma format to another: each axis through full resolution, and only if it
/// differs.
struct FloatPlane {
    int width, height;
    std::vector<float> samples;
};

FloatPlane resampled_across(const FloatPlane& in, const ChromaAxis& from, const ChromaAxis& to) {
    FloatPlane out{to.chroma_size(), in.height, {}};
    out.samples.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
    std::vector<float> wide(static_cast<std::size_t>(from.luma_size()));
    for (std::size_t y = 0; y < static_cast<std::size_t>(in.height); ++y) {
        from.upsample(in.samples.data() + y * static_cast<std::size_t>(in.width), wide.data());
        to.downsample(wide.data(), out.samples.data() + y * static_cast<std::size_t>(out.width));
    }
    return out;
}

FloatPlane resampled_down(const FloatPlane& in, const ChromaAxis& from, const ChromaAxis& to) {
    FloatPlane out{in.width, to.chroma_size(), {}};
    const auto width = static_cast<std::size_t>(in.width);
    out.samples.assign(width * static_cast<std::size_t>(out.height), 0.0F);
    for (int y = 0; y < from.luma_size(); ++y) {
        const ChromaAxis::Tap tap = from.tap(y);
        const float* first = in.samples.data() + static_cast<std::size_t>(tap.first) * width;
        const float* second = in.samples.data() + static_cast<std::size_t>(tap.second) * width;
        const ChromaAxis::Shares shares = to.shares(y);
        for (int s = 0; s < shares.count; ++s) {
            float* sum = out.samples.data() + static_cast<std::size_t>(shares.share[s].index) * width;
            const float a = tap.first_weight * shares.share[s].weight;
            const float b = tap.second_weight * shares.share[s].weight;
            for (std::size_t x = 0; x < width; ++x) sum[x] += a * first[x] + b * second[x];
        }
    }
    return out;
}

/// New codes = offset_out + (old - offset_in) * scale_out / scale_in, as one multiplication and one addition.
struct CodeScale {
    double factor = 1, shift = 0;
    void apply(std::vector<float>& codes) const {
        if (factor == 1 && shift == 0) return;
        for (float& code : codes) code = static_cast<float>(static_cast<double>(code) * factor + shift);
    }
};

}  // namespace

HostFrame make_rgb_frame(const HostFrame& like, const FloatImage& rgb, SampleType type, int bits,
                         const std::optional<std::vector<float>>& alpha) {
    const Box window = rgb.window;
    check_alpha(alpha, window);
    const bool integer = type == SampleType::U8 || type == SampleType::U16;
    if (integer) check_bits(bits, 1);
    if (type == SampleType::U8) check_bits(bits * 2, 2);  // at most 8
    HostFrame frame = frame_like(like, window);
    frame.worked = {PixelModel::Rgb, 0, {0, 1, 2}};
    frame.color.matrix = 0;
    frame.color.full_range = true;
    frame.color.bits = integer ? bits : 0;
    const char* names[] = {"R", "G", "B", "A"};
    for (int c = 0; c < (alpha ? 4 : 3); ++c) {
        Plane plane = make_plane(names[c], type, window.width(), window.height());
        store_values(plane, c == 3 ? alpha->data() : rgb.channel(c), bits);
        frame.parts[0].planes.push_back(std::move(plane));
    }
    return frame;
}

HostFrame make_replaced_frame(const HostFrame& like, const FloatImage& rgb,
                              const std::optional<std::vector<float>>& alpha, const Box& display_window,
                              std::optional<SampleType> type) {
    const Plane* worked = worked_plane(like, 0);
    const bool coded = like.worked.model == PixelModel::YCbCr || worked == nullptr;
    if (!type) type = coded ? SampleType::F32 : worked->type;
    HostFrame frame = make_rgb_frame(like, rgb, *type, like.color.bits, alpha);
    frame.display_window = display_window;
    frame.color = like.color;
    if (*type == SampleType::F32) frame.color.bits = 0;
    for (std::size_t c = 0; c < 3 && like.worked.model == PixelModel::Rgb; ++c) {
        if (const Plane* plane = worked_plane(like, static_cast<int>(c)))
            frame.parts[0].planes[c].name = plane->name;
    }
    // Other formats' headers repeat the picture's size.
    if (like.parts.size() == 1 && dynamic_cast<const exr::ExrHeader*>(like.header.get()) != nullptr)
        frame.header = like.header;
    return frame;
}

HostFrame make_enlarged_frame(const HostFrame& like, const FloatImage& rgb, int scale) {
    std::optional<std::vector<float>> alpha = read_alpha(like);
    if (alpha) {
        const Box small = like.window();
        std::vector<float> large(rgb.window.area());
        for (std::size_t i = 0; i < large.size(); ++i) {
            const auto x = static_cast<int>(i % static_cast<std::size_t>(rgb.window.width())) / scale;
            const auto y = static_cast<int>(i / static_cast<std::size_t>(rgb.window.width())) / scale;
            large[i] = (*alpha)[static_cast<std::size_t>(y) * static_cast<std::size_t>(small.width()) +
                                static_cast<std::size_t>(x)];
        }
        alpha = std::move(large);
    }
    return make_replaced_frame(like, rgb, alpha, times(like.display_window, scale));
}

HostFrame make_video_frame(const HostFrame& like, const FloatImage& rgb, const ColorInfo& color,
                           ChromaFormat chroma, const std::optional<std::vector<float>>& alpha) {
    const Box window = rgb.window;
    check_alpha(alpha, window);
    check_bits(color.bits, 8);
    HostFrame frame = frame_like(like, window);
    frame.color = color;
    if (frame.color.matrix == 2) frame.color.matrix = default_matrix(window.height());
    frame.worked = {PixelModel::YCbCr, 0, {0, 1, 2}};
    const YCbCrCoder coder(frame.color.matrix, color.bits, color.full_range);
    const LegalCodes legal = legal_codes(color.bits, color.full_range);
    const ChromaAxis across(window.width(), chroma.x, color.chroma_x);
    const ChromaAxis down(window.height(), chroma.y, color.chroma_y);
    const SampleType type = code_type(color.bits);
    const auto width = static_cast<std::size_t>(window.width());
    const auto chroma_width = static_cast<std::size_t>(across.chroma_size());

    Plane luma = make_plane("Y", type, window.width(), window.height());
    Plane planes[2] = {
        make_plane("Cb", type, across.chroma_size(), down.chroma_size(), across.step(), down.step()),
        make_plane("Cr", type, across.chroma_size(), down.chroma_size(), across.step(), down.step())};
    std::vector<float> codes[3], narrow(chroma_width);
    for (auto& row : codes) row.resize(width);
    // A chroma row collects the luma rows of its footprint; it is stored when the last of them has passed.
    const std::size_t area =
        down.step() == 1 ? 0 : chroma_width * static_cast<std::size_t>(down.chroma_size());
    std::vector<float> sums[2] = {std::vector<float>(area), std::vector<float>(area)};
    for (int y = 0; y < window.height(); ++y) {
        const std::size_t at = static_cast<std::size_t>(y) * width;
        coder.encode_row(rgb.channel(0) + at, rgb.channel(1) + at, rgb.channel(2) + at, codes[0].data(),
                         codes[1].data(), codes[2].data(), window.width());
        store_codes(luma, codes[0].data(), legal, at, width);
        const ChromaAxis::Shares shares = down.shares(y);
        for (std::size_t c = 0; c < 2; ++c) {
            // Clipped before the low-pass: one wild pixel must not spoil its neighbours' chroma.
            for (float& code : codes[c + 1]) {
                code = std::clamp(std::isnan(code) ? coder.neutral_chroma() : code,
                                  static_cast<float>(legal.first), static_cast<float>(legal.last));
            }
            across.downsample(codes[c + 1].data(), narrow.data());
            if (area == 0) {
                store_codes(planes[c], narrow.data(), legal, static_cast<std::size_t>(y) * chroma_width,
                            chroma_width);
                continue;
            }
            for (int s = 0; s < shares.count; ++s) {
                float* sum = sums[c].data() + static_cast<std::size_t>(shares.share[s].index) * chroma_width;
                for (std::size_t x = 0; x < chroma_width; ++x) sum[x] += shares.share[s].weight * narrow[x];
            }
        }
    }
    for (std::size_t c = 0; area != 0 && c < 2; ++c) store_codes(planes[c], sums[c].data(), legal, 0, area);
    frame.parts[0].planes.push_back(std::move(luma));
    frame.parts[0].planes.push_back(std::move(planes[0]));
    frame.parts[0].planes.push_back(std::move(planes[1]));
    if (alpha) {
        Plane plane = make_plane("A", type, window.width(), window.height());
        store_values(plane, alpha->data(), color.bits);
        frame.parts[0].planes.push_back(std::move(plane));
    }
    return frame;
}

HostFrame to_video_frame(const HostFrame& video, ChromaFormat chroma, int bits) {
    if (video.worked.model != PixelModel::YCbCr) {
        throw Error(ErrorKind::Internal, "only a Y'CbCr frame can change its chroma format");
    }
    check_bits(bits, 8);
    const Box window = video.window();
    const Plane* source[4] = {worked_plane(video, 0), worked_plane(video, 1), worked_plane(video, 2),
                              nullptr};
    for (const Plane& plane : video.worked_part().planes) {
        if (plane.name == "A") source[3] = &plane;
    }
    if (source[0] == nullptr) throw Error(ErrorKind::Internal, "a Y'CbCr picture lacks its luma");
    const int old_bits = bits_of(video, *source[0]);
    const bool same_chroma = source[1] != nullptr && source[2] != nullptr &&
                             source[1]->x_sampling == chroma.x && source[1]->y_sampling == chroma.y;
    if (same_chroma && old_bits == bits && source[0]->type == code_type(bits))
        return video;  // planes stay shared
    const CodeRange in = code_range(old_bits, video.color.full_range);
    const CodeRange out = code_range(bits, video.color.full_range);
    const CodeScale luma_scale{out.luma_scale / in.luma_scale,
                               out.luma_offset - in.luma_offset * (out.luma_scale / in.luma_scale)};
    const CodeScale chroma_scale{out.chroma_scale / in.chroma_scale,
                                 out.chroma_offset - in.chroma_offset * (out.chroma_scale / in.chroma_scale)};
    const LegalCodes all{0, out.max_code};

    HostFrame frame = frame_like(video, window);
    frame.color = video.color;
    frame.color.bits = bits;
    frame.worked = {PixelModel::YCbCr, 0, {0, 1, 2}};
    const SampleType type = code_type(bits);
    const char* names[] = {"Y", "Cb", "Cr", "A"};
    for (int c = 0; c < 4; ++c) {
        const bool is_chroma = c == 1 || c == 2;
        if (source[c] == nullptr && !is_chroma) continue;
        if (source[c] != nullptr) check_plane(*source[c], window);
        if (!is_chroma) {
            Plane plane = make_plane(names[c], type, window.width(), window.height());
            std::vector<float> codes = codes_of(*source[c]);
            const CodeScale alpha_scale{static_cast<double>(out.max_code) / in.max_code, 0};
            (c == 0 ? luma_scale : alpha_scale).apply(codes);
            store_codes(plane, codes.data(), all, 0, codes.size());
            frame.parts[0].planes.push_back(std::move(plane));
            continue;
        }
        const ChromaAxis to_across(window.width(), chroma.x, video.color.chroma_x);
        const ChromaAxis to_down(window.height(), chroma.y, video.color.chroma_y);
        FloatPlane samples{to_across.chroma_size(), to_down.chroma_size(), {}};
        if (source[c] == nullptr) {  // a grey picture: neutral chroma
            samples.samples.assign(
                static_cast<std::size_t>(samples.width) * static_cast<std::size_t>(samples.height),
                static_cast<float>(out.chroma_offset));
        } else {
            const ChromaAxis across(window.width(), source[c]->x_sampling, video.color.chroma_x);
            const ChromaAxis down(window.height(), source[c]->y_sampling, video.color.chroma_y);
            samples = {source[c]->width, source[c]->height, codes_of(*source[c])};
            if (down.step() != to_down.step()) samples = resampled_down(samples, down, to_down);
            if (across.step() != to_across.step()) samples = resampled_across(samples, across, to_across);
            chroma_scale.apply(samples.samples);
        }
        Plane plane =
            make_plane(names[c], type, samples.width, samples.height, to_across.step(), to_down.step());
        store_codes(plane, samples.samples.data(), all, 0, samples.samples.size());
        frame.parts[0].planes.push_back(std::move(plane));
    }
    return frame;
}

}  // namespace wetgate::media
