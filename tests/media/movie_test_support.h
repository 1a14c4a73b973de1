#pragma once
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "media/movie.h"
#include "media/worked.h"

namespace wetgate::tests {

inline ColorInfo bt709_10bit() {
    ColorInfo color;
    color.primaries = color.transfer = color.matrix = 1;
    color.bits = 10;
    color.chroma_x = 0;
    color.chroma_y = 0;
    return color;
}

/// A smooth picture that differs from frame to frame: closed form in x, y and n.
inline FloatImage test_picture(int width, int height, int n) {
    FloatImage image = make_float_image({0, 0, width, height});
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                const double phase = 0.07 * x + 0.05 * y * (c + 1) + 0.9 * n;
                image.channel(c)[y * width + x] = static_cast<float>(0.5 + 0.35 * std::sin(phase));
            }
        }
    }
    return image;
}

inline HostFrame test_frame(int width, int height, int n, media::ChromaFormat chroma, bool alpha = false) {
    HostFrame like;
    like.number = n;
    like.display_window = {0, 0, width, height};
    std::optional<std::vector<float>> matte;
    if (alpha) {
        matte.emplace(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
        for (std::size_t i = 0; i < matte->size(); ++i) (*matte)[i] = static_cast<float>(i % 1024) / 1023.0F;
    }
    return media::make_video_frame(like, test_picture(width, height, n), bt709_10bit(), chroma, matte);
}

inline media::ProResOptions test_options(int width, int height,
                                         media::ProResProfile profile = media::ProResProfile::Hq) {
    media::ProResOptions options;
    options.profile = profile;
    options.color = bt709_10bit();
    options.rate = {24000, 1001};
    options.width = width;
    options.height = height;
    return options;
}

inline media::ChromaFormat chroma_of(media::ProResProfile profile) {
    return profile >= media::ProResProfile::P4444 ? media::ChromaFormat{1, 1} : media::ChromaFormat{2, 1};
}

/// Encoded test frames 0..count-1.
inline std::vector<std::vector<std::byte>> test_packets(const media::ProResOptions& options, int count) {
    const auto encoder = media::make_prores_encoder(options);
    std::vector<std::vector<std::byte>> packets;
    for (int n = 0; n < count; ++n) {
        packets.push_back(encoder->encode(
            test_frame(options.width, options.height, n, chroma_of(options.profile), options.alpha)));
    }
    return packets;
}

inline void write_test_movie(const std::filesystem::path& path, const media::MovOptions& options,
                             const std::vector<std::vector<std::byte>>& packets) {
    AtomicFile file(path);
    media::write_mov(file, options, static_cast<std::int64_t>(packets.size()),
                     [&](std::int64_t i) { return packets.at(static_cast<std::size_t>(i)); });
    file.commit();
}

inline std::unique_ptr<media::FrameSource> open_movie(const std::filesystem::path& path, int threads = 1) {
    media::SourceRequest request;
    request.display_name = path.string();
    request.path_of = [path](int) { return path; };
    request.threads = threads;
    return media::open_movie_source(request, silent_log());
}

inline std::string hash_of(const HostFrame& frame) {
    std::string all;
    for (const Plane& plane : frame.worked_part().planes) all += content_hash(plane.data->span());
    return all;
}

/// Hash of every frame, or "" where it is refused as Error{Input}.
inline std::vector<std::string> hashes_of(media::FrameSource& source) {
    std::vector<std::string> hashes;
    for (int frame = source.info().range.first; frame < source.info().range.end; ++frame) {
        try {
            hashes.push_back(hash_of(source.read(frame)));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Input || error.context().frame != frame) throw;
            hashes.emplace_back();
        }
    }
    return hashes;
}

inline std::vector<char> bytes_of(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void put_bytes(const std::filesystem::path& path, const std::vector<char>& bytes) {
    std::ofstream stream(path, std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace wetgate::tests
