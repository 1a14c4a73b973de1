#include "framing/drawing.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/error.h"

namespace wetgate::framing {
namespace {

constexpr Ink ground{10, 20, 30}, ink{200, 100, 50};

Ink at(const Drawing& drawing, int x, int y) {
    const std::size_t i = 3 * static_cast<std::size_t>(y * drawing.width() + x);
    const std::vector<std::uint8_t>& bytes = drawing.picture().pixels;
    return {bytes[i + 2], bytes[i + 1], bytes[i]};
}

/// Edges of lines are smoothed.
bool is_inked(const Ink& seen) {
    return seen[0] > 150 && seen[1] > 70;
}

TEST_CASE("places of a drawing are edges: a line between 2 and 3 is in the row that covers them") {
    Drawing drawing(12, 6, ground);
    const std::vector<Point> places{{1.5, 2.5}, {9.5, 2.5}};
    drawing.lines(places, ink);
    for (int x = 2; x < 9; ++x) CHECK(is_inked(at(drawing, x, 2)));
    CHECK(at(drawing, 5, 0) == ground);
    CHECK(at(drawing, 5, 5) == ground);
}

TEST_CASE("lines are broken where a place is no number, and far places do no harm") {
    Drawing drawing(8, 8, ground);
    const std::vector<Point> places{{0.5, 0.5}, {std::nan(""), 4}, {7.5, 7.5}};
    drawing.lines(places, ink);
    CHECK(at(drawing, 4, 4) == ground);
    const std::vector<Point> far{{-1e300, 4.5}, {1e300, 4.5}};
    drawing.lines(far, ink);
    CHECK(is_inked(at(drawing, 4, 4)));
}

TEST_CASE("text has its own ground, and bytes that are no ASCII cannot spoil it") {
    Drawing drawing(200, 40, ground);
    const int width = drawing.text({5, 30}, "frame 1001", ink, 12);
    CHECK(width > 50);
    CHECK(at(drawing, 4, 29) == Ink{16, 16, 16});
    Drawing other(200, 40, ground);
    CHECK(other.text({5, 30}, "\xC3\xA9\xFF\n", ink, 12) ==
          Drawing(200, 40, ground).text({5, 30}, "???", ink, 12));
}

TEST_CASE("a picture is pasted at its width, and cut off at the edge") {
    Drawing stamp(4, 2, ink);
    Drawing drawing(10, 10, ground);
    drawing.paste(stamp.picture(), 7, 9, 8);
    CHECK(at(drawing, 6, 9) == ground);
    CHECK(at(drawing, 7, 9) == ink);
    CHECK(at(drawing, 9, 9) == ink);
    CHECK(at(drawing, 9, 8) == ground);
    drawing.paste(stamp.picture(), 100, 100, 8);
}

TEST_CASE("a drawing without pixels is refused") {
    CHECK_THROWS_AS(Drawing(0, 4, ground), Error);
    CHECK_THROWS_AS(Drawing(ColorPicture{4, 4, {}}), Error);
}

}  // namespace
}  // namespace wetgate::framing
