#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "qc/difference_summary.h"

namespace wetgate::qc {
namespace {

HostFrame grey(float value, int width = 32, int height = 24) {
    HostFrame frame;
    ImagePart part;
    part.window = {0, 0, width, height};
    part.planes.push_back(make_plane("Y", SampleType::F32, width, height));
    for (int i = 0; i < width * height; ++i) part.planes[0].samples<float>()[i] = value;
    frame.parts.push_back(part);
    frame.worked = {PixelModel::Luminance, 0, {0, -1, -1}};
    return frame;
}

}  // namespace

TEST_CASE("identical frames are at 100 dB, SSIM 1, and say so") {
    const FrameDifference same = difference(grey(0.5F), grey(0.5F));
    CHECK(same.identical());
    CHECK(same.channels[0].psnr_db == 100.0);
    CHECK(same.channels[0].ssim == 1.0);
}

TEST_CASE("a constant offset of 0.1 is 20 dB") {
    const FrameDifference off = difference(grey(0.5F), grey(0.6F));
    CHECK(off.channels[0].psnr_db == doctest::Approx(20.0).epsilon(1e-5));
    CHECK(off.max_abs() == doctest::Approx(0.1).epsilon(1e-5));
    CHECK(off.channels[0].differing == 32 * 24);
    // Of two flat pictures only the luminance term is left: (2ab + C1) / (a^2 + b^2 + C1).
    CHECK(off.channels[0].ssim ==
          doctest::Approx((2 * 0.5 * 0.6 + 1e-4) / (0.25 + 0.36 + 1e-4)).epsilon(1e-5));
}

TEST_CASE("NaN against NaN of other bits differs but is no distance; NaN against a number is infinite") {
    HostFrame a = grey(0.5F);
    HostFrame b = grey(0.5F);
    a.parts[0].planes[0].samples<float>()[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isinf(difference(a, b).max_abs()));
    b.parts[0].planes[0].samples<float>()[3] = -std::numeric_limits<float>::quiet_NaN();
    CHECK(difference(a, b).max_abs() == 0.0);
    CHECK(!difference(a, b).identical());
}

TEST_CASE("other windows and channels are named, not compared") {
    HostFrame b = grey(0.5F);
    b.parts[0].planes[0].name = "Z";
    const FrameDifference other = difference(grey(0.5F), b);
    CHECK(other.structure.size() == 2);
    CHECK(!other.identical());
    CHECK(std::isinf(other.max_abs()));
}

TEST_CASE("figures of a region are those of its samples alone, in picture coordinates") {
    HostFrame a = grey(0.5F);
    HostFrame b = grey(0.5F);
    for (HostFrame* frame : {&a, &b}) frame->parts[0].window = {100, 50, 132, 74};
    // A block of 4 x 2 pixels at (110, 60) is 0.25 brighter in the second.
    for (int y = 10; y < 12; ++y) {
        for (int x = 10; x < 14; ++x) b.parts[0].planes[0].samples<float>()[y * 32 + x] = 0.75F;
    }
    const FrameDifference d = difference(a, b,
                                         {Region("block", {110, 60, 114, 62}),
                                          Region("half", {110, 60, 118, 62}), Region("off", {0, 0, 9, 9})});
    REQUIRE(d.regions.size() == 3);
    CHECK(d.regions[0].region == "block");
    CHECK(d.regions[0].channels[0].samples == 8);
    CHECK(d.regions[0].channels[0].differing == 8);
    CHECK(d.regions[0].channels[0].rmse() == 0.25);
    CHECK(d.regions[1].channels[0].samples == 16);
    CHECK(d.regions[1].channels[0].differing == 8);
    CHECK(d.regions[1].channels[0].mse == 0.0625 / 2);
    CHECK(d.regions[1].channels[0].psnr_db == doctest::Approx(-10 * std::log10(0.03125)));
    CHECK(d.regions[2].channels[0].samples == 0);
    CHECK(d.channels[0].samples == 32 * 24);
    CHECK(d.channels[0].mse == doctest::Approx(8 * 0.0625 / (32 * 24)));
    // SSIM windows far from the block see no difference.
    CHECK(difference(a, b, {Region("far", {124, 66, 132, 74})}).regions[0].channels[0].ssim == 1.0);
    CHECK(d.regions[0].channels[0].ssim < d.channels[0].ssim);
}

TEST_CASE("a subsampled plane counts in a region by the pixel of each sample") {
    HostFrame a = grey(0.5F);
    a.parts[0].planes.push_back(make_plane("Cb", SampleType::F32, 16, 24, 2, 1));
    for (int i = 0; i < 16 * 24; ++i) a.parts[0].planes[1].samples<float>()[i] = 0;
    const FrameDifference d = difference(a, a, {Region("left", {0, 0, 9, 2})});
    CHECK(d.regions[0].channels[0].samples == 18);
    CHECK(d.regions[0].channels[1].samples == 10);  // pixels 0 2 4 6 8 of two rows
}

TEST_CASE("a matte makes the regions inside, outside and edge") {
    // 7 x 5 pixels, one of which is set: its ring of 1 is 3 x 3.
    std::vector<float> matte(35, 0.0F);
    matte[2 * 7 + 3] = 0.25F;
    const std::vector<Region> regions = matte_regions(matte, {10, 20, 17, 25}, 1);
    REQUIRE(regions.size() == 3);
    int inside = 0, outside = 0, edge = 0;
    for (int y = 20; y < 25; ++y) {
        for (int x = 10; x < 17; ++x) {
            inside += regions[0].contains(x, y) ? 1 : 0;
            outside += regions[1].contains(x, y) ? 1 : 0;
            edge += regions[2].contains(x, y) ? 1 : 0;
        }
    }
    CHECK(inside == 1);
    CHECK(outside == 34);
    CHECK(edge == 9);
    CHECK(regions[0].contains(13, 22));
    CHECK(regions[2].contains(12, 21));
    CHECK(!regions[2].contains(11, 22));
    CHECK(!regions[1].contains(9, 22));
    // All set, or none: there is no border.
    CHECK(!matte_regions(std::vector<float>(35, 1.0F), {0, 0, 7, 5}, 3)[2].contains(3, 2));
}

TEST_CASE("the summary has the mean and the worst frame of each region and channel") {
    std::vector<ComparedFrame> frames;
    for (int n = 0; n < 3; ++n) {
        HostFrame a = grey(0.5F), b = grey(n == 1 ? 1.0F : 0.75F);
        a.number = 1001 + n;
        frames.push_back(
            {difference(a, b, {Region("box", {0, 0, 4, 4})}), {{"box", {1.0 + n, 2.0 + n, 3.0 + n, 9}}}});
    }
    const std::vector<SummaryLine> lines = summary_of(frames);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].region.empty());
    CHECK(lines[0].frames == 3);
    CHECK(lines[0].mean == doctest::Approx(1.0 / 3));  // 0.25, 0.5, 0.25
    CHECK(lines[0].worst == 0.5);
    CHECK(lines[0].worst_frame == 1002);
    CHECK(lines[0].least_psnr_db == doctest::Approx(-20 * std::log10(0.5)));
    CHECK(lines[1].region == "box");
    CHECK(lines[1].max_frame == 1002);
    CHECK(lines[2].channel == "dE-ITP");
    CHECK(lines[2].mean == 2.0);
    CHECK(lines[2].worst_frame == 1003);
    CHECK(lines[2].max_abs == 5.0);
    const std::string csv = to_csv(frames);
    CHECK(csv.find("1002,\"\",\"Y\",768,768,0.5,0.5,") != std::string::npos);
    CHECK(csv.find("1003,\"box\",\"dE-ITP\",9,,5,,,,3,4\n") != std::string::npos);
}

}  // namespace wetgate::qc
