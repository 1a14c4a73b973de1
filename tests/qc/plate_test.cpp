#include "qc/plate.h"

#include <doctest/doctest.h>

#include <cstring>

namespace wetgate::qc {
namespace {

constexpr Box window{0, 0, 8, 6};

HostFrame frame_of(SampleType type) {
    HostFrame frame;
    ImagePart part;
    part.window = window;
    for (const char* name : {"R", "G", "B", "Z"}) {
        part.planes.push_back(make_plane(name, type, 8, 6));
        std::memset(part.planes.back().data->data(), 0, part.planes.back().data->size());
    }
    frame.parts.push_back(part);
    frame.worked = {PixelModel::Rgb, 0, {0, 1, 2}};
    return frame;
}

void set_half(HostFrame& frame, std::size_t plane, std::size_t index, std::uint16_t bits) {
    frame.parts[0].planes[plane].make_unique();
    frame.parts[0].planes[plane].samples<std::uint16_t>()[index] = bits;
}

}  // namespace

TEST_CASE("NaN and Inf are counted on the stored bits, in every channel") {
    HostFrame frame = frame_of(SampleType::Half);
    CHECK(count_non_finite(frame).nan == 0);
    set_half(frame, 1, 13, 0x7C00);  // +Inf
    set_half(frame, 1, 14, 0xFC00);  // -Inf
    set_half(frame, 3, 2, 0x7E01);   // NaN
    set_half(frame, 0, 0, 0x7BFF);   // 65504: finite
    set_half(frame, 0, 1, 0x8001);   // a negative denormal
    const NonFinite counts = count_non_finite(frame);
    CHECK(counts.inf == 2);
    CHECK(counts.nan == 1);
    CHECK(counts.first == "G at (5, 1)");
}

TEST_CASE("a change is inside where it was touched, outside where it was not") {
    const HostFrame before = frame_of(SampleType::Half);
    HostFrame after = before;
    std::vector<float> touch(window.area(), 0.0F);
    touch[10] = 1.0F;
    set_half(after, 0, 10, 0x3C00);
    CHECK(plate_change(before, after, touch).changed_inside == 1);
    CHECK(plate_change(before, after, touch).changed_outside == 0);
    set_half(after, 2, 11, 0x3C00);
    CHECK(plate_change(before, after, touch).changed_outside == 1);
    set_half(after, 3, 10, 0x3C00);  // depth is nobody's business
    CHECK(plate_change(before, after, touch).changed_other == 1);
}

TEST_CASE("frames that share their planes have no change") {
    const HostFrame before = frame_of(SampleType::F32);
    const PlateChange change = plate_change(before, before, std::vector<float>(window.area(), 0.0F));
    CHECK(change.changed_inside + change.changed_outside + change.changed_other == 0);
}

}  // namespace wetgate::qc
