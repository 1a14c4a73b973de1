#include "compute/runtime.h"

#include <doctest/doctest.h>

#include "compute/cuda.h"
#include "core/error.h"

namespace wetgate::compute {

TEST_CASE("the runtime pins the instruction set and says so in its fingerprint") {
    const Runtime runtime({.device = "cpu", .precision = "fp16", .threads = 1});
    CHECK(runtime.device().is_cpu());
    CHECK(runtime.fingerprint().at("aten_isa") == "avx2");
    CHECK(runtime.fingerprint().at("onednn_isa") == "AVX2");
    CHECK(runtime.fingerprint().at("threads") == 1);
    CHECK(runtime.fingerprint().at("precision") == "fp32");  // fp16 is for CUDA alone
}

TEST_CASE("a CUDA device that is not there is an error of its own kind") {
    const std::string name = "cuda:" + std::to_string(cuda_device_count());
    try {
        const Runtime runtime({.device = name, .precision = "fp16", .threads = 1});
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::NoDevice);
        CHECK(exit_code(error.kind()) == 13);
    }
}

TEST_CASE("a device name that is none is a usage error") {
    for (const char* name : {"gpu", "cuda:", "cuda:x", "cuda:-1", ""}) {
        CAPTURE(name);
        try {
            const Runtime runtime({.device = name, .precision = "fp16", .threads = 1});
            FAIL("no error");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Usage);
        }
    }
}

}  // namespace wetgate::compute
