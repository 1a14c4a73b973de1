#include "passes/regions.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace wetgate::passes {

TEST_CASE("regions are joined over corners, and kept or dropped whole") {
    at::Tensor plane = at::zeros({1, 8, 10}, at::kBool);
    plane[0][1][1] = true;
    plane[0][2][2] = true;  // touches the first by a corner
    plane[0][6].narrow(0, 4, 5).fill_(true);
    const at::Tensor longer = regions_where(plane, [](const Region& region) { return region.area_px > 2; });
    CHECK(longer.sum().item<int>() == 5);
    CHECK(longer[0][6].sum().item<int>() == 5);
    const at::Tensor boxed = regions_where(plane, [](const Region& region) {
        return region.x0 == 1 && region.y0 == 1 && region.x1 == 3 && region.y1 == 3;
    });
    CHECK(boxed.sum().item<int>() == 2);
}

TEST_CASE("only regions that hold a seed grow from it") {
    at::Tensor weak = at::zeros({1, 6, 9}, at::kBool);
    weak[0][2].narrow(0, 0, 3).fill_(true);
    weak[0][2].narrow(0, 5, 3).fill_(true);
    at::Tensor strong = at::zeros({1, 6, 9}, at::kBool);
    strong[0][2][6] = true;
    strong[0][5][0] = true;  // in no region
    const at::Tensor grown = grown_from(strong, weak);
    CHECK(grown.sum().item<int>() == 3);
    CHECK(grown[0][2][5].item<bool>());
    CHECK_FALSE(grown[0][2][1].item<bool>());
}

TEST_CASE("a dilated pixel is a square of its radius") {
    at::Tensor plane = at::zeros({1, 9, 9}, at::kBool);
    plane[0][4][4] = true;
    CHECK(dilated(plane, 2).sum().item<int>() == 25);
    CHECK(at::equal(dilated(plane, 0), plane));
    const at::Tensor values = at::arange(9, at::kFloat).view({1, 1, 9});
    CHECK(dilated(values, 1)[0][0][3].item<float>() == 4.0F);
}

}  // namespace wetgate::passes
