#include "compute/device_choice.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/error.h"

namespace wetgate::compute {
namespace {

TEST_CASE("CUDA_VISIBLE_DEVICES stays as it is, OpenCue's GPUs stand in where it is not there") {
    struct Row {
        std::optional<std::string> cuda_visible_devices, cue_gpu_cores, list;
    };
    const std::vector<Row> rows{
        {{}, {}, {}},
        {{}, "2", "2"},
        {{}, "2,0,13", "2,0,13"},
        {{}, "", {}},  // RQD keeps none
        {"1", "2", {}},
        {"", "2", {}},  // nobody is to see a GPU
        {"GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "2", {}},
        {"MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/2", {}, {}},
        {"NoDevFiles", {}, {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.cuda_visible_devices.value_or("unset"));
        CAPTURE(row.cue_gpu_cores.value_or("unset"));
        const auto visible = visible_devices(row.cuda_visible_devices, row.cue_gpu_cores);
        CHECK(visible.has_value() == row.list.has_value());
        if (visible && row.list) CHECK(visible->list == *row.list);
        if (visible) CHECK(visible->order == "PCI_BUS_ID");
    }
}

TEST_CASE("a list of GPUs that is none is refused, for the first GPU may be another frame's") {
    for (const char* list : {"two", "0,", ",0", "0,,1", "-1", "0 1", "0;1"}) {
        CAPTURE(list);
        CHECK_THROWS_WITH_AS(visible_devices({}, list), doctest::Contains("CUE_GPU_CORES"), Error);
        CHECK_NOTHROW(visible_devices("0", list));
    }
}

TEST_CASE("a device is counted among those that are seen") {
    struct Row {
        const char* name;
        int count;
        std::optional<int> index;
    };
    for (const Row& row : std::vector<Row>{{"cpu", 0, {}},
                                           {"cpu", 4, {}},
                                           {"auto", 0, {}},
                                           {"auto", 4, 0},
                                           {"cuda", 1, 0},
                                           {"cuda:0", 1, 0},
                                           {"cuda:3", 4, 3}}) {
        CAPTURE(row.name);
        CAPTURE(row.count);
        CHECK(choose_device(row.name, row.count) == row.index);
    }
}

TEST_CASE("a device that is not there and a name that is none are told apart") {
    const auto kind_of = [](const char* name, int count) {
        try {
            choose_device(name, count);
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::Internal;
    };
    for (const char* name : {"cuda", "cuda:0", "cuda:7"}) CHECK(kind_of(name, 0) == ErrorKind::NoDevice);
    CHECK(kind_of("cuda:4", 4) == ErrorKind::NoDevice);
    for (const char* name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:128", "CUDA"})
        CHECK(kind_of(name, 4) == ErrorKind::Usage);
}

}  // namespace
}  // namespace wetgate::compute
