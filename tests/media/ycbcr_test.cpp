#include "media/ycbcr.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "media/ycbcr_chroma.h"

namespace wetgate::media {
namespace {

TEST_CASE("white, black and the primaries of BT.709 decode to their closed forms") {
    const YCbCrCoder coder(1, 10, false);
    // Limited-range codes of white, black and full red: Y' = Kr, Cb = -Kr / (2 (1 - Kb)), Cr = 0.5.
    const std::vector<std::uint16_t> luma{940, 64};
    const std::vector<float> neutral{512, 512};
    std::vector<float> r(2), g(2), b(2);
    coder.decode_row(luma.data(), neutral.data(), neutral.data(), r.data(), g.data(), b.data(), 2);
    CHECK(r[0] == 1.0F);
    CHECK(g[0] == 1.0F);
    CHECK(b[0] == 1.0F);
    CHECK(r[1] == 0.0F);
    const float one = 1, zero = 0;
    float y = 0, cb = 0, cr = 0;
    coder.encode_row(&one, &zero, &zero, &y, &cb, &cr, 1);
    CHECK(y == doctest::Approx(64 + 876 * 0.2126));
    CHECK(cb == doctest::Approx(512 - 896 * 0.2126 / (2 * (1 - 0.0722))));
    CHECK(cr == doctest::Approx(512 + 448));
}

TEST_CASE("codes above white and below black are not clipped by decoding") {
    const YCbCrCoder coder(1, 10, false);
    const std::uint16_t luma[] = {1019, 4};
    const float neutral[] = {512, 512};
    float r[2], g[2], b[2];
    coder.decode_row(luma, neutral, neutral, r, g, b, 2);
    CHECK(r[0] == doctest::Approx((1019 - 64) / 876.0));
    CHECK(b[1] == doctest::Approx(-60 / 876.0));
}

// Every luma code with a lattice of chroma, and every chroma code with a lattice of luma.
template <class Sample>
std::int64_t broken_round_trips(int matrix, int bits, bool full_range) {
    const YCbCrCoder coder(matrix, bits, full_range);
    const int codes = 1 << bits;
    const LegalCodes all{0, codes - 1};
    const auto count = static_cast<std::size_t>(codes);
    std::vector<Sample> luma(count);
    std::vector<float> u(count), v(count), r(count), g(count), b(count), y2(count), u2(count), v2(count);
    std::int64_t broken = 0;
    const auto check = [&] {
        coder.decode_row(luma.data(), u.data(), v.data(), r.data(), g.data(), b.data(), codes);
        coder.encode_row(r.data(), g.data(), b.data(), y2.data(), u2.data(), v2.data(), codes);
        for (std::size_t i = 0; i < count; ++i) {
            const bool same = nearest_code(y2[i], all) == luma[i] &&
                              static_cast<float>(nearest_code(u2[i], all)) == u[i] &&
                              static_cast<float>(nearest_code(v2[i], all)) == v[i];
            if (!same) ++broken;
        }
    };
    const int step = codes / 16 - 1;
    for (int p = 0; p < codes; p += step) {
        for (int q = 0; q < codes; q += step) {
            for (int axis = 0; axis < 3; ++axis) {
                for (int i = 0; i < codes; ++i) {
                    const auto at = static_cast<std::size_t>(i);
                    luma[at] = static_cast<Sample>(axis == 0 ? i : p);
                    u[at] = static_cast<float>(axis == 1 ? i : (axis == 0 ? p : q));
                    v[at] = static_cast<float>(axis == 2 ? i : q);
                }
                check();
            }
        }
    }
    return broken;
}

TEST_CASE("every code on each axis comes back from R'G'B' as it was") {
    for (const int matrix : {1, 4, 5, 6, 7, 9}) {
        for (const bool full_range : {false, true}) {
            CAPTURE(matrix);
            CAPTURE(full_range);
            CHECK(broken_round_trips<std::uint8_t>(matrix, 8, full_range) == 0);
            CHECK(broken_round_trips<std::uint16_t>(matrix, 10, full_range) == 0);
        }
    }
    CHECK(broken_round_trips<std::uint16_t>(9, 12, false) == 0);
}

TEST_CASE("a matrix that is not decoded is refused by its number") {
    CHECK_THROWS_WITH_AS(luma_weights(14), doctest::Contains("14"), Error);
    CHECK_THROWS_AS(luma_weights(2), Error);
    CHECK_THROWS_AS(YCbCrCoder(1, 7, false), Error);
}

TEST_CASE("code ranges are those of H.273") {
    const CodeRange limited = code_range(10, false);
    CHECK(limited.luma_offset == 64);
    CHECK(limited.luma_scale == 876);
    CHECK(limited.chroma_offset == 512);
    CHECK(limited.chroma_scale == 896);
    const CodeRange full = code_range(8, true);
    CHECK(full.luma_scale == 255);
    CHECK(full.chroma_offset == 128);
    CHECK(legal_codes(10, false).first == 1);
    CHECK(legal_codes(10, false).last == 1022);
    CHECK(legal_codes(10, true).last == 1023);
}

TEST_CASE("a chroma sample on a luma position is taken as it is, between two it is their mean") {
    const ChromaAxis axis(7, 2, 0.0F);
    CHECK(axis.chroma_size() == 4);
    const float chroma[] = {10, 20, 40, 80};
    float luma[7];
    axis.upsample(chroma, luma);
    const float expected[] = {10, 15, 20, 30, 40, 60, 80};
    for (int x = 0; x < 7; ++x) CHECK(luma[x] == expected[x]);
}

TEST_CASE("centred chroma is a quarter and three quarters of its neighbours, and holds at the edges") {
    const ChromaAxis axis(8, 2, 0.5F);
    const float chroma[] = {0, 4, 8, 12};
    float luma[8];
    axis.upsample(chroma, luma);
    const float expected[] = {0, 1, 3, 5, 7, 9, 11, 12};
    for (int x = 0; x < 8; ++x) CHECK(luma[x] == expected[x]);
}

TEST_CASE("cosited chroma is made by [1 2 1]/4, centred chroma by the mean of its block") {
    const float luma[] = {0, 0, 0, 0, 4, 0, 0, 0};
    float chroma[4];
    ChromaAxis(8, 2, 0.0F).downsample(luma, chroma);
    CHECK(chroma[1] == 0);
    CHECK(chroma[2] == 2);
    CHECK(chroma[3] == 0);
    const float odd[] = {0, 0, 0, 4, 0, 0, 0, 0};
    ChromaAxis(8, 2, 0.0F).downsample(odd, chroma);
    CHECK(chroma[1] == 1);
    CHECK(chroma[2] == 1);
    ChromaAxis(8, 2, 0.5F).downsample(odd, chroma);
    CHECK(chroma[1] == 2);
    CHECK(chroma[2] == 0);
}

TEST_CASE("a flat picture keeps its chroma exactly or to rounding through every format and siting") {
    for (const int step : {1, 2, 4}) {
        for (const float siting : {0.0F, 0.5F, 1.0F, 1.5F}) {
            for (const int size : {1, 2, 3, 5, 16, 33}) {
                const ChromaAxis axis(size, step, siting);
                std::vector<float> luma(static_cast<std::size_t>(size), 300.0F);
                std::vector<float> chroma(static_cast<std::size_t>(axis.chroma_size()));
                axis.downsample(luma.data(), chroma.data());
                for (const float value : chroma) CHECK(value == doctest::Approx(300.0F).epsilon(1e-6));
                axis.upsample(chroma.data(), luma.data());
                for (const float value : luma) CHECK(value == doctest::Approx(300.0F).epsilon(1e-6));
            }
        }
    }
}

TEST_CASE("shares() gives each luma position the weights that downsample() uses") {
    for (const int step : {1, 2, 4}) {
        for (const float siting : {0.0F, 0.5F, 1.5F}) {
            const ChromaAxis axis(13, step, siting);
            for (int x = 0; x < 13; ++x) {
                std::vector<float> impulse(13, 0.0F), chroma(static_cast<std::size_t>(axis.chroma_size()));
                impulse[static_cast<std::size_t>(x)] = 1;
                axis.downsample(impulse.data(), chroma.data());
                const ChromaAxis::Shares shares = axis.shares(x);
                for (int s = 0; s < shares.count; ++s) {
                    float& value = chroma[static_cast<std::size_t>(shares.share[s].index)];
                    CHECK(value == doctest::Approx(shares.share[s].weight));
                    value = 0;
                }
                for (const float rest : chroma) CHECK(rest == 0);
            }
        }
    }
}

}  // namespace
}  // namespace wetgate::media
