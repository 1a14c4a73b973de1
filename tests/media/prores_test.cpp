#include <doctest/doctest.h>

#include <array>
#include <thread>

#include "media/movie_test_support.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

using tests::test_options;

constexpr int width = 160, height = 96;
const ProResProfile all_profiles[] = {ProResProfile::Proxy, ProResProfile::Lt,    ProResProfile::Standard,
                                      ProResProfile::Hq,    ProResProfile::P4444, ProResProfile::P4444Xq};

int byte_at(const std::vector<std::byte>& packet, std::size_t at) {
    return std::to_integer<int>(packet.at(at));
}

TEST_CASE("profile names are those of jobs and nothing else") {
    CHECK(parse_prores_profile("422hq") == ProResProfile::Hq);
    CHECK(parse_prores_profile("4444xq") == ProResProfile::P4444Xq);
    CHECK(parse_prores_profile("proxy") == ProResProfile::Proxy);
    CHECK_FALSE(parse_prores_profile("HQ").has_value());
    CHECK_FALSE(parse_prores_profile("").has_value());
}

TEST_CASE("every profile of both encoders decodes to the picture that went in") {
    const tests::TempFolder folder;
    for (const char* encoder : {"prores_aw", "prores_ks"}) {
        for (const ProResProfile profile : all_profiles) {
            CAPTURE(encoder);
            CAPTURE(static_cast<int>(profile));
            MovOptions options;
            options.video = test_options(width, height, profile);
            options.video.encoder = encoder;
            const auto path = folder / "profile.mov";
            tests::write_test_movie(path, options, tests::test_packets(options.video, 2));
            const auto source = tests::open_movie(path);
            CHECK(source->info().range.size() == 2);
            CHECK(packet_copy_allowed(source->info(), options.video));
            const HostFrame in = tests::test_frame(width, height, 1, tests::chroma_of(profile));
            const HostFrame out = to_video_frame(source->read(1), tests::chroma_of(profile), 10);
            double error = 0;
            for (std::size_t i = 0; i < width * height; ++i) {
                const double off = static_cast<double>(in.parts[0].planes[0].samples<std::uint16_t>()[i]) -
                                   out.parts[0].planes[0].samples<std::uint16_t>()[i];
                error += off * off;
            }
            // RMS in 10-bit codes, on a smooth picture; Proxy keeps a fifth of HQ's bits.
            CHECK(std::sqrt(error / (width * height)) < (profile == ProResProfile::Proxy ? 8.0 : 4.0));
        }
    }
}

TEST_CASE(
    "an odd width goes through 4444 by prores_ks to its last column, and is refused where it would not") {
    const tests::TempFolder folder;
    constexpr int odd = width + 1;
    MovOptions options;
    options.video = test_options(odd, height, ProResProfile::P4444);
    CHECK_THROWS_AS((void)make_prores_encoder(options.video), Error);  // prores_aw
    options.video.encoder = "prores_ks";
    tests::write_test_movie(folder / "odd.mov", options, tests::test_packets(options.video, 2));
    const HostFrame in = tests::test_frame(odd, height, 1, {1, 1});
    const HostFrame out = to_video_frame(tests::open_movie(folder / "odd.mov")->read(1), {1, 1}, 10);
    for (std::size_t plane = 0; plane < 3; ++plane) {
        for (std::size_t i = odd - 1; i < odd * height; i += odd) {
            CHECK(std::abs(in.parts[0].planes[plane].samples<std::uint16_t>()[i] -
                           out.parts[0].planes[plane].samples<std::uint16_t>()[i]) < 32);
        }
    }
    options.video.profile = ProResProfile::Hq;
    CHECK_THROWS_AS((void)make_prores_encoder(options.video), Error);
}

TEST_CASE("alpha goes through 4444 and comes back, and 422 refuses it") {
    const tests::TempFolder folder;
    for (const char* encoder : {"prores_aw", "prores_ks"}) {
        MovOptions options;
        options.video = test_options(width, height, ProResProfile::P4444);
        options.video.encoder = encoder;
        options.video.alpha = true;
        const auto path = folder / "alpha.mov";
        tests::write_test_movie(path, options, tests::test_packets(options.video, 1));
        const auto source = tests::open_movie(path);
        CHECK(source->info().has_alpha);
        const auto alpha = read_alpha(source->read(0));
        REQUIRE(alpha.has_value());
        for (std::size_t i = 0; i < alpha->size(); ++i) {
            if (std::abs((*alpha)[i] - static_cast<float>(i % 1024) / 1023.0F) > 0.002F)
                FAIL("alpha sample " << i);
        }
        CHECK(packet_copy_allowed(source->info(), options.video));
        ProResOptions plain = options.video;
        plain.alpha = false;
        CHECK_FALSE(packet_copy_allowed(source->info(), plain));
    }
    ProResOptions wrong = test_options(width, height, ProResProfile::Hq);
    wrong.alpha = true;
    CHECK_THROWS_AS(make_prores_encoder(wrong), Error);
}

TEST_CASE("a frame gives the same packet in any order and from any encoder") {
    for (const char* encoder : {"prores_aw", "prores_ks"}) {
        for (const ProResProfile profile : {ProResProfile::Hq, ProResProfile::P4444Xq}) {
            ProResOptions options = test_options(width, height, profile);
            options.encoder = encoder;
            const auto expected = tests::test_packets(options, 6);
            const auto backwards = make_prores_encoder(options);
            for (int n = 5; n >= 0; --n) {
                const auto frame = tests::test_frame(width, height, n, tests::chroma_of(profile));
                CHECK(backwards->encode(frame) == expected[static_cast<std::size_t>(n)]);
            }
            std::vector<std::vector<std::byte>> parallel(6);
            {
                std::vector<std::jthread> threads;
                for (int t = 0; t < 3; ++t) {
                    threads.emplace_back([&, t] {
                        const auto own = make_prores_encoder(options);
                        for (int n = t; n < 6; n += 3) {
                            parallel[static_cast<std::size_t>(n)] =
                                own->encode(tests::test_frame(width, height, n, tests::chroma_of(profile)));
                        }
                    });
                }
            }
            CHECK(parallel == expected);
        }
    }
}

TEST_CASE("the frame header carries the colour tags and says progressive") {
    for (const char* encoder : {"prores_aw", "prores_ks"}) {
        ProResOptions options = test_options(width, height);
        options.encoder = encoder;
        options.color.primaries = 9;
        options.color.transfer = 16;
        options.color.matrix = 9;
        const auto packet = make_prores_encoder(options)->encode(tests::test_frame(width, height, 0, {2, 1}));
        // SMPTE RDD 36, 5.1.1: frame_size, 'icpf', header size, reserved/version, encoder id, width, height,
        // flags ...
        CHECK(byte_at(packet, 4) == 'i');
        CHECK(byte_at(packet, 12) == 'a');
        CHECK(byte_at(packet, 13) == 'p');
        CHECK(byte_at(packet, 14) == 'l');
        CHECK(byte_at(packet, 16) * 256 + byte_at(packet, 17) == width);
        CHECK(byte_at(packet, 18) * 256 + byte_at(packet, 19) == height);
        CHECK((byte_at(packet, 20) & 0x0c) == 0);
        CHECK(byte_at(packet, 22) == 9);
        CHECK(byte_at(packet, 23) == 16);
        CHECK(byte_at(packet, 24) == 9);
    }
}

TEST_CASE("a frame of the wrong size and impossible options are refused") {
    const auto encoder = make_prores_encoder(test_options(width, height));
    CHECK_THROWS_AS(encoder->encode(tests::test_frame(width + 2, height, 0, {2, 1})), Error);
    CHECK_THROWS_AS(encoder->encode(tests::test_frame(width, height, 0, {1, 1})), Error);
    ProResOptions options = test_options(width, height);
    options.encoder = "prores_xx";
    CHECK_THROWS_AS(make_prores_encoder(options), Error);
    options = test_options(0, height);
    CHECK_THROWS_AS(make_prores_encoder(options), Error);
}

TEST_CASE("packets are copied only between movies of one profile, size and colour") {
    SourceInfo source;
    source.format = "prores";
    source.detail = "prores 422, yuv422p10, bt709 limited, 24 fps";
    source.width = width;
    source.height = height;
    source.color = tests::bt709_10bit();
    ProResOptions options = test_options(width, height, ProResProfile::Standard);
    CHECK(packet_copy_allowed(source, options));
    CHECK_FALSE(packet_copy_allowed(source, test_options(width, height, ProResProfile::Hq)));
    CHECK_FALSE(packet_copy_allowed(source, test_options(width, height + 2, ProResProfile::Standard)));
    options.color.transfer = 16;
    CHECK_FALSE(packet_copy_allowed(source, options));
}

TEST_CASE("tags that a ProRes header lacks become those of the same function, or unspecified") {
    const auto tags = [](int primaries, int transfer, int matrix) {
        ColorInfo color;
        color.primaries = primaries;
        color.transfer = transfer;
        color.matrix = matrix;
        color = tags_for_prores(color);
        return std::array<int, 3>{color.primaries, color.transfer, color.matrix};
    };
    CHECK(tags(1, 1, 1) == std::array{1, 1, 1});
    CHECK(tags(9, 14, 9) == std::array{9, 1, 9});  // BT.2020, 10 bits
    CHECK(tags(9, 16, 9) == std::array{9, 16, 9});
    CHECK(tags(9, 18, 9) == std::array{9, 18, 9});
    CHECK(tags(5, 6, 5) == std::array{5, 1, 6});
    CHECK(tags(1, 13, 1) == std::array{1, 2, 1});  // sRGB
    CHECK(tags(22, 8, 0) == std::array{2, 2, 2});
}

}  // namespace
}  // namespace wetgate::media
