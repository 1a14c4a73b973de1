#include "nets/safetensors.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <random>

#include "core/atomic_file.h"
#include "core/error.h"
#include "nets/tiny_model.h"
#include "support/temp_folder.h"

namespace wetgate::tests {
namespace {

using nets::Storage;
using nets::Tensors;

Tensors parse(const std::string& bytes) {
    return nets::parse_safetensors(std::as_bytes(std::span(bytes)), "a.safetensors");
}

/// A file with this header and `data` bytes of zeros.
std::string file_of(const std::string& header, std::size_t data) {
    const std::uint64_t size = header.size();
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + header + std::string(data, '\0');
}

std::string refusal(const std::string& bytes) {
    try {
        parse(bytes);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Model);
        CHECK(error.context().file == "a.safetensors");
        return error.message();
    }
    return "";
}

std::string entry(const std::string& name, const std::string& shape, std::size_t begin, std::size_t end,
                  const std::string& type = "F32") {
    return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace

TEST_CASE("what is written is read again, bit for bit") {
    Tensors tensors = tiny_srnet_weights(0.3F);
    tensors.metadata = {{"made by", "a test"}};
    const Tensors again = parse(nets::serialize_safetensors(tensors, Storage::Float32));
    CHECK(again.metadata == tensors.metadata);
    REQUIRE(again.by_name.size() == tensors.by_name.size());
    for (const auto& [name, tensor] : tensors.by_name) {
        CHECK(again.by_name.at(name).shape == tensor.shape);
        CHECK(again.by_name.at(name).values == tensor.values);
    }
}

TEST_CASE("half storage keeps 11 bits and halves the file") {
    Tensors tensors;
    tensors.by_name["a"] = {{2, 2}, {1.0F, -0.5F, 1.0F / 3, 65504.0F}};
    const Tensors again = parse(nets::serialize_safetensors(tensors, Storage::Float16));
    CHECK(again.by_name.at("a").values[3] == 65504.0F);
    CHECK(again.by_name.at("a").values[2] == doctest::Approx(1.0 / 3).epsilon(1.0 / 2048));
    tensors.by_name["a"].values[3] = 1e6F;
    CHECK_THROWS_AS(nets::serialize_safetensors(tensors, Storage::Float16), Error);
}

TEST_CASE("the first tensor is aligned, as the format asks of writers") {
    Tensors tensors;
    for (std::size_t length = 1; length < 12; ++length) {
        tensors.metadata["k"] = std::string(length, 'x');
        std::uint64_t size = 0;
        std::memcpy(&size, nets::serialize_safetensors(tensors, Storage::Float32).data(), sizeof size);
        CHECK(size % 8 == 0);
    }
}

TEST_CASE("what the format forbids is refused with its reason") {
    CHECK(refusal("") != "");
    CHECK(refusal(file_of("{}", 4)).find("bytes follow") != std::string::npos);
    CHECK(refusal(file_of(" {}", 0)).find("begin with '{'") != std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[2]", 0, 4) + "}", 8)).find("not those of its shape") !=
          std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[1]", 4, 8) + "}", 8)).find("gap") != std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[2]", 0, 8) + "," + entry("b", "[1]", 4, 8) + "}", 8))
              .find("overlaps") != std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[1]", 0, 4) + "," + entry("a", "[1]", 4, 8) + "}", 8)) != "");
    CHECK(refusal(file_of("{" + entry("a", "[4]", 0, 4, "I8") + "}", 4)).find("other than F32") !=
          std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[-1]", 0, 4) + "}", 4)).find("no whole number") !=
          std::string::npos);
    CHECK(refusal(file_of("{" + entry("", "[1]", 0, 4) + "}", 4)).find("name") != std::string::npos);
    CHECK(refusal(file_of(R"({"__metadata__":{"a":1}})", 0)).find("texts") != std::string::npos);
    CHECK(refusal(file_of("{" + entry("a", "[1]", 0, 4) + "}", 3)) != "");
    // Sizes whose product overflows 64 bits.
    CHECK(refusal(file_of("{" + entry("a", "[4294967296,4294967296,4294967296]", 0, 0) + "}", 0)) != "");
    // A header that claims to be longer than memory.
    CHECK(refusal(std::string(8, '\xFF') + "{}").find("4 MiB") != std::string::npos);
}

TEST_CASE("values that are not finite are refused") {
    Tensors tensors;
    tensors.by_name["a"] = {{1}, {1.0F}};
    std::string bytes = nets::serialize_safetensors(tensors, Storage::Float32);
    const float bad = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(bytes.data() + bytes.size() - sizeof bad, &bad, sizeof bad);
    CHECK(refusal(bytes).find("NaN") != std::string::npos);
    tensors.by_name["a"].values[0] = bad;
    CHECK_THROWS_AS(nets::serialize_safetensors(tensors, Storage::Float32), Error);
}

TEST_CASE("damaged files are read or refused, never more") {
    Tensors tensors;
    tensors.by_name["a"] = {{2, 3}, {1, 2, 3, 4, 5, 6}};
    tensors.by_name["b"] = {{1}, {7}};
    tensors.metadata = {{"k", "v"}};
    const std::string whole = nets::serialize_safetensors(tensors, Storage::Float32);
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK(refusal(whole.substr(0, length)) != "");
    std::mt19937 engine(11);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = whole;
        for (unsigned edits = 1 + engine() % 4; edits > 0; --edits)
            bytes[engine() % bytes.size()] = static_cast<char>(engine() % 256);
        refused += refusal(bytes).empty() ? 0 : 1;
    }
    CHECK(refused > 10000);  // most bytes are header
    CHECK(refused < 20000);  // and some edits only change a value
}

TEST_CASE("a missing file is a missing model") {
    const TempFolder folder;
    try {
        nets::read_safetensors(folder / "none.safetensors");
        FAIL("read");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Model);
    }
    write_atomic(folder / "a.safetensors",
                 nets::serialize_safetensors(tiny_srnet_weights(1), Storage::Float32));
    CHECK(nets::read_safetensors(folder / "a.safetensors").by_name.size() == 10);
}

}  // namespace wetgate::tests
