#include "media/worked.h"

#include <doctest/doctest.h>
#include <half.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "media/movie_test_support.h"
#include "media/worked_internal.h"
#include "media/ycbcr.h"

namespace wetgate::media {
namespace {

constexpr int width = 38, height = 22;

template <class Sample>
HostFrame rgb_frame(SampleType type, int bits, const std::vector<Sample>& samples, int w, int h) {
    HostFrame frame;
    frame.parts.emplace_back();
    frame.parts[0].window = {3, 4, 3 + w, 4 + h};
    for (const char* name : {"R", "G", "B"}) {
        Plane plane = make_plane(name, type, w, h);
        std::memcpy(plane.data->data(), samples.data(), samples.size() * sizeof(Sample));
        frame.parts[0].planes.push_back(plane);
    }
    frame.worked = {PixelModel::Rgb, 0, {0, 1, 2}};
    frame.color.bits = bits;
    return frame;
}

// A frame of pseudo-random codes: every value from 0 to the largest, legal or not.
HostFrame video_frame(int bits, ChromaFormat chroma, bool full_range, float chroma_x, float chroma_y) {
    HostFrame frame;
    frame.parts.emplace_back();
    frame.parts[0].window = {0, 0, width, height};
    frame.color = tests::bt709_10bit();
    frame.color.bits = bits;
    frame.color.full_range = full_range;
    frame.color.chroma_x = chroma_x;
    frame.color.chroma_y = chroma_y;
    std::uint32_t state = 12345;
    const SampleType type = bits > 8 ? SampleType::U16 : SampleType::U8;
    for (const char* name : {"Y", "Cb", "Cr"}) {
        const bool is_luma = name[0] == 'Y';
        const int sx = is_luma ? 1 : chroma.x, sy = is_luma ? 1 : chroma.y;
        Plane plane = make_plane(name, type, (width + sx - 1) / sx, (height + sy - 1) / sy, sx, sy);
        const std::size_t count = plane.data->size() / size_of(type);
        for (std::size_t i = 0; i < count; ++i) {
            state = state * 1664525U + 1013904223U;
            const std::uint32_t code = state >> (32 - bits);
            if (bits > 8) {
                plane.samples<std::uint16_t>()[i] = static_cast<std::uint16_t>(code);
            } else {
                plane.samples<std::uint8_t>()[i] = static_cast<std::uint8_t>(code);
            }
        }
        frame.parts[0].planes.push_back(plane);
    }
    frame.worked = {PixelModel::YCbCr, 0, {0, 1, 2}};
    return frame;
}

int code_at(const Plane& plane, int x, int y) {
    const auto at = static_cast<std::size_t>(y * plane.width + x);
    return plane.type == SampleType::U8 ? plane.samples<std::uint8_t>()[at]
                                        : plane.samples<std::uint16_t>()[at];
}

std::vector<float> touch_all(const HostFrame& frame) {
    return std::vector<float>(frame.window().area(), 1.0F);
}

TEST_CASE("every half reads exactly and comes back with its own bits, NaN and infinities too") {
    std::vector<std::uint16_t> bits(65536);
    std::iota(bits.begin(), bits.end(), std::uint16_t{0});
    HostFrame frame = rgb_frame(SampleType::Half, 0, bits, 256, 256);
    const FloatImage image = read_worked(frame);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        half expected;
        expected.setBits(bits[i]);
        const float value = expected;
        const bool same = std::isnan(value) ? std::isnan(image.channel(0)[i])
                                            : std::memcmp(&value, &image.channel(0)[i], sizeof value) == 0;
        if (!same) FAIL("half " << bits[i]);
    }
    const HostFrame before = frame;
    write_worked(frame, image, touch_all(frame));
    CHECK(tests::hash_of(frame) == tests::hash_of(before));
}

TEST_CASE("floats become halves as Imath makes them") {
    std::vector<float> values;
    std::uint32_t bits = 0;
    for (int i = 0; i < 400000; ++i) {
        bits = bits * 1664525U + 1013904223U;
        // Mostly near the half's range, where rounding, denormals and ties are.
        const std::uint32_t pattern =
            i % 4 == 0 ? bits : (bits & 0x80001fffU) | (0x33000000U + (bits >> 4 & 0x147fe000U));
        float value = 0;
        std::memcpy(&value, &pattern, sizeof value);
        if (std::isnan(value) || std::abs(value) <= 65504.0F || std::isinf(value)) values.push_back(value);
    }
    std::vector<std::uint16_t> halves(values.size());
    floats_to_halves(values.data(), halves.data(), values.size());
    CHECK(values.size() > 250000);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (halves[i] != half(values[i]).bits()) FAIL("value " << values[i]);
    }
}

TEST_CASE("a touched half is rounded to nearest even and large finite values stop at 65504") {
    HostFrame frame = rgb_frame<std::uint16_t>(SampleType::Half, 0, std::vector<std::uint16_t>(6, 0), 6, 1);
    FloatImage image = read_worked(frame);
    const float infinity = std::numeric_limits<float>::infinity();
    const float values[] = {2049.0F, 2051.0F, 1e9F, -1e9F, infinity, std::numeric_limits<float>::quiet_NaN()};
    std::copy_n(values, 6, image.channel(0));
    write_worked(frame, image, touch_all(frame));
    const auto* bits = frame.parts[0].planes[0].samples<std::uint16_t>();
    const auto value = [&](int i) {
        half h;
        h.setBits(bits[i]);
        return static_cast<float>(h);
    };
    CHECK(value(0) == 2048.0F);
    CHECK(value(1) == 2052.0F);
    CHECK(value(2) == 65504.0F);
    CHECK(value(3) == -65504.0F);
    CHECK(value(4) == infinity);
    CHECK(std::isnan(value(5)));
}

TEST_CASE("integer and float samples come back as they were and clip only where written") {
    std::vector<std::uint16_t> codes(1024);
    std::iota(codes.begin(), codes.end(), std::uint16_t{0});
    HostFrame ten = rgb_frame(SampleType::U16, 10, codes, 32, 32);
    const HostFrame ten_before = ten;
    FloatImage image = read_worked(ten);
    CHECK(image.channel(1)[1023] == 1.0F);
    write_worked(ten, image, touch_all(ten));
    CHECK(tests::hash_of(ten) == tests::hash_of(ten_before));
    image.channel(0)[0] = 7.0F;
    image.channel(0)[1] = -7.0F;
    image.channel(0)[2] = 0.5F;
    write_worked(ten, image, touch_all(ten));
    CHECK(code_at(ten.parts[0].planes[0], 0, 0) == 1023);
    CHECK(code_at(ten.parts[0].planes[0], 1, 0) == 0);
    CHECK(code_at(ten.parts[0].planes[0], 2, 0) == 512);  // 511.5 rounds up

    HostFrame wide = rgb_frame<std::uint32_t>(SampleType::U32, 0, {4294967295U, 16777217U, 3U, 0U}, 4, 1);
    const HostFrame wide_before = wide;
    write_worked(wide, read_worked(wide), touch_all(wide));
    CHECK(tests::hash_of(wide) == tests::hash_of(wide_before));

    HostFrame real = rgb_frame<float>(SampleType::F32, 0, {-1.5F, 1e30F, 0.0F, -0.0F}, 4, 1);
    const HostFrame real_before = real;
    write_worked(real, read_worked(real), touch_all(real));
    CHECK(tests::hash_of(real) == tests::hash_of(real_before));
}

TEST_CASE("copies of a frame keep their samples when one of them is written to") {
    HostFrame frame = rgb_frame<float>(SampleType::F32, 0, {1, 2, 3, 4}, 4, 1);
    const HostFrame copy = frame;
    FloatImage image = read_worked(frame);
    image.channel(0)[2] = 9;
    std::vector<float> touch(4, 0.0F);
    write_worked(frame, image, touch);
    CHECK(frame.parts[0].planes[0].data == copy.parts[0].planes[0].data);  // nothing touched: not even copied
    touch[2] = 1;
    write_worked(frame, image, touch);
    CHECK(frame.parts[0].planes[0].samples<float>()[2] == 9);
    CHECK(copy.parts[0].planes[0].samples<float>()[2] == 3);
}

struct VideoCase {
    int bits;
    ChromaFormat chroma;
    bool full_range;
    float x, y;
};
const VideoCase video_cases[] = {{8, {2, 2}, false, 0, 0.5F}, {8, {2, 2}, true, 0.5F, 0.5F},
                                 {10, {2, 2}, false, 0, 0},   {10, {2, 1}, false, 0, 0},
                                 {12, {1, 1}, false, 0, 0},   {8, {4, 1}, false, 0, 0},
                                 {10, {2, 1}, true, 0.5F, 0}};

TEST_CASE("a video picture that is put back unchanged keeps every code, legal or not") {
    for (const VideoCase& c : video_cases) {
        HostFrame frame = video_frame(c.bits, c.chroma, c.full_range, c.x, c.y);
        const HostFrame before = frame;
        const FloatImage image = read_worked(frame);
        write_worked(frame, image, touch_all(frame));
        CHECK(tests::hash_of(frame) == tests::hash_of(before));
    }
}

TEST_CASE("untouched luma keeps its code and chroma changes only under touched pixels") {
    for (const VideoCase& c : video_cases) {
        HostFrame frame = video_frame(c.bits, c.chroma, c.full_range, c.x, c.y);
        const HostFrame before = frame;
        FloatImage image = read_worked(frame);
        for (std::size_t i = 0; i < 3 * image.window.area(); ++i) image.channel(0)[i] = 0.3F;
        std::vector<float> touch(image.window.area(), 0.0F);
        const int tx = 13, ty = 9;
        touch[static_cast<std::size_t>(ty * width + tx)] = 0.01F;
        write_worked(frame, image, touch);
        for (int p = 0; p < 3; ++p) {
            const Plane& now = frame.parts[0].planes[static_cast<std::size_t>(p)];
            const Plane& old = before.parts[0].planes[static_cast<std::size_t>(p)];
            int changed = 0;
            for (int y = 0; y < now.height; ++y) {
                for (int x = 0; x < now.width; ++x) {
                    if (code_at(now, x, y) == code_at(old, x, y)) continue;
                    ++changed;
                    // A footprint reaches at most a block to either side of the sample's own.
                    CHECK(std::abs(x * now.x_sampling - tx) < 2 * now.x_sampling);
                    CHECK(std::abs(y * now.y_sampling - ty) < 2 * now.y_sampling);
                }
            }
            if (p == 0) CHECK(changed == 1);
        }
    }
}

TEST_CASE("a touched full-resolution picture gets the codes of its new colour") {
    HostFrame frame = video_frame(10, {1, 1}, false, 0, 0);
    FloatImage image = read_worked(frame);
    std::fill_n(image.channel(0), image.window.area(), 1.0F);
    std::fill_n(image.channel(1), image.window.area(), 0.0F);
    std::fill_n(image.channel(2), image.window.area(), 0.0F);
    write_worked(frame, image, touch_all(frame));
    CHECK(code_at(frame.parts[0].planes[0], 5, 5) == 250);  // 64 + 876 * 0.2126
    CHECK(code_at(frame.parts[0].planes[1], 5, 5) == 409);  // 512 - 896 * 0.2126 / 1.8556
    CHECK(code_at(frame.parts[0].planes[2], 5, 5) == 960);  // 512 + 448
}

TEST_CASE("colours outside the code range stop at the last legal code") {
    HostFrame frame = video_frame(10, {1, 1}, false, 0, 0);
    FloatImage image = read_worked(frame);
    for (std::size_t i = 0; i < 3 * image.window.area(); ++i)
        image.channel(0)[i] = i % 2 == 0 ? 40.0F : -40.0F;
    write_worked(frame, image, touch_all(frame));
    CHECK(code_at(frame.parts[0].planes[0], 0, 0) == 1022);
    CHECK(code_at(frame.parts[0].planes[0], 1, 0) == 1);
}

TEST_CASE("a grey limited-range video picture reads black as 0 and white as 1") {
    HostFrame frame = video_frame(8, {1, 1}, false, 0, 0);
    frame.parts[0].planes.resize(1);
    frame.worked.plane[1] = frame.worked.plane[2] = -1;
    frame.parts[0].planes[0].samples<std::uint8_t>()[0] = 235;
    frame.parts[0].planes[0].samples<std::uint8_t>()[1] = 16;
    FloatImage image = read_worked(frame);
    for (int c = 0; c < 3; ++c) {
        CHECK(image.channel(c)[0] == 1.0F);
        CHECK(image.channel(c)[1] == 0.0F);
        image.channel(c)[0] = 0.5F;
    }
    write_worked(frame, image, touch_all(frame));
    CHECK(code_at(frame.parts[0].planes[0], 0, 0) == 126);  // 16 + 109.5, up
}

TEST_CASE("a luminance picture reads as grey and keeps its samples") {
    HostFrame frame = rgb_frame<float>(SampleType::F32, 0, {0.25F, 2, 3, 4}, 4, 1);
    frame.worked = {PixelModel::Luminance, 0, {0, -1, -1}};
    FloatImage image = read_worked(frame);
    CHECK(image.channel(2)[0] == 0.25F);
    const HostFrame before = frame;
    write_worked(frame, image, touch_all(frame));
    CHECK(tests::hash_of(frame) == tests::hash_of(before));
    image.channel(0)[0] = 1;
    image.channel(1)[0] = 0;
    image.channel(2)[0] = 0;
    write_worked(frame, image, touch_all(frame));
    CHECK(frame.parts[0].planes[0].samples<float>()[0] == doctest::Approx(0.2126F));
}

TEST_CASE("an absent colour reads as 0 and alpha is found by its layer") {
    HostFrame frame = rgb_frame<float>(SampleType::F32, 0, {1, 2, 3, 4}, 4, 1);
    frame.worked.plane[1] = -1;
    CHECK(read_worked(frame).channel(1)[3] == 0);
    CHECK_FALSE(read_alpha(frame).has_value());
    frame.parts[0].planes[0].name = "left.R";
    frame.parts[0].planes[2].name = "left.A";
    const auto alpha = read_alpha(frame);
    REQUIRE(alpha.has_value());
    CHECK((*alpha)[2] == 3);
}

TEST_CASE("a video frame made from a picture reads back within half a code") {
    HostFrame like;
    const FloatImage image = tests::test_picture(64, 36, 3);
    const HostFrame frame = make_video_frame(like, image, tests::bt709_10bit(), {1, 1}, std::nullopt);
    const FloatImage back = read_worked(frame);
    for (std::size_t i = 0; i < 3 * image.window.area(); ++i) {
        if (std::abs(back.channel(0)[i] - image.channel(0)[i]) > 0.0016F) FAIL("sample " << i);
    }
    CHECK(frame.worked.model == PixelModel::YCbCr);
    CHECK(frame.color.matrix == 1);
}

TEST_CASE("depth changes keep luma codes exactly, and 12 to 10 bits rounds to nearest") {
    const HostFrame eight = video_frame(8, {2, 2}, false, 0, 0.5F);
    const HostFrame ten = to_video_frame(eight, {2, 2}, 10);
    const HostFrame again = to_video_frame(ten, {2, 2}, 8);
    CHECK(tests::hash_of(again) == tests::hash_of(eight));
    CHECK(code_at(ten.parts[0].planes[0], 4, 4) == 4 * code_at(eight.parts[0].planes[0], 4, 4));

    HostFrame twelve = video_frame(12, {1, 1}, false, 0, 0);
    for (const int code : {257, 258, 259, 4095}) {
        twelve.parts[0].planes[0].samples<std::uint16_t>()[0] = static_cast<std::uint16_t>(code);
        const int expected = code == 257 ? 64 : (code == 4095 ? 1023 : 65);
        CHECK(code_at(to_video_frame(twelve, {2, 1}, 10).parts[0].planes[0], 0, 0) == expected);
    }
    const HostFrame wide = to_video_frame(ten, {2, 1}, 10);
    CHECK(wide.parts[0].planes[1].height == height);
    CHECK(wide.parts[0].planes[1].width == width / 2);
    CHECK(tests::hash_of(to_video_frame(ten, {2, 2}, 10)) == tests::hash_of(ten));
}

TEST_CASE("an RGB frame of each type holds the picture and its alpha") {
    HostFrame like;
    like.number = 12;
    like.display_window = {0, 0, 10, 10};
    const FloatImage image = tests::test_picture(8, 4, 0);
    const std::vector<float> alpha(32, 0.5F);
    for (const auto& [type, bits] : {std::pair(SampleType::U8, 8), std::pair(SampleType::U16, 10),
                                     std::pair(SampleType::Half, 0), std::pair(SampleType::F32, 0)}) {
        const HostFrame frame = make_rgb_frame(like, image, type, bits, alpha);
        CHECK(frame.number == 12);
        CHECK(frame.parts[0].planes.size() == 4);
        const FloatImage back = read_worked(frame);
        CHECK(back.channel(1)[9] == doctest::Approx(image.channel(1)[9]).epsilon(0.01));
        CHECK((*read_alpha(frame))[0] == doctest::Approx(0.5F).epsilon(0.01));
    }
    CHECK_THROWS_AS(make_rgb_frame(like, image, SampleType::U8, 8, std::vector<float>(3)), Error);
}

TEST_CASE("a frame without a picture, or a picture of another window, is refused") {
    HostFrame frame = rgb_frame<float>(SampleType::F32, 0, {1, 2, 3, 4}, 4, 1);
    const FloatImage other = make_float_image({0, 0, 4, 1});
    CHECK_THROWS_AS(write_worked(frame, other, std::vector<float>(4, 1.0F)), Error);
    frame.worked.model = PixelModel::None;
    CHECK_THROWS_AS(read_worked(frame), Error);
}

}  // namespace
TEST_CASE("a matte is the named channel, else A, else Y, else R") {
    HostFrame frame;
    ImagePart part;
    part.window = {2, 3, 4, 4};
    for (const auto& [name, value] : {std::pair{"R", 1.0F}, {"Y", 2.0F}, {"A", 3.0F}, {"roto", 4.0F}}) {
        part.planes.push_back(make_plane(name, SampleType::F32, 2, 1));
        std::fill_n(part.planes.back().samples<float>(), 2, value);
    }
    frame.parts.push_back(part);
    const FloatImage named = read_matte(frame, "roto");
    CHECK(named.window == part.window);
    CHECK(named.channel(0)[1] == 4.0F);
    CHECK(read_matte(frame, std::nullopt).channel(0)[0] == 3.0F);
    frame.parts[0].planes.erase(frame.parts[0].planes.begin() + 2);
    CHECK(read_matte(frame, std::nullopt).channel(0)[0] == 2.0F);
    frame.parts[0].planes.erase(frame.parts[0].planes.begin() + 1);
    CHECK(read_matte(frame, std::nullopt).channel(0)[0] == 1.0F);
    CHECK_THROWS_AS(read_matte(frame, "none"), Error);
}

}  // namespace wetgate::media
