// Weights: every byte accounted for, every value finite, and the same when written and read again.
#include "nets/safetensors.h"

#include <cmath>
#include <cstring>

#include "fuzz/input.h"

namespace {

bool same(const wetgate::nets::Tensors& a, const wetgate::nets::Tensors& b) {
    if (a.metadata != b.metadata || a.by_name.size() != b.by_name.size()) return false;
    for (const auto& [name, tensor] : a.by_name) {
        const auto other = b.by_name.find(name);
        if (other == b.by_name.end() || other->second.shape != tensor.shape) return false;
        if (other->second.values.size() != tensor.values.size()) return false;
        if (std::memcmp(other->second.values.data(), tensor.values.data(), 4 * tensor.values.size()) != 0)
            return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace nets = wetgate::nets;
    nets::Tensors tensors;
    const auto read = [&] {
        tensors = nets::parse_safetensors(fuzz::bytes_of(data, size), "fuzz.safetensors");
    };
    if (!fuzz::takes({wetgate::ErrorKind::Model}, read)) return 0;
    for (const auto& [name, tensor] : tensors.by_name) {
        std::int64_t count = 1;
        for (const std::int64_t side : tensor.shape) count *= side;
        fuzz::require(count == static_cast<std::int64_t>(tensor.values.size()),
                      "a tensor has the values of its shape");
        for (const float value : tensor.values) fuzz::require(std::isfinite(value), "weights are finite");
    }
    const std::string written = nets::serialize_safetensors(tensors, nets::Storage::Float32);
    fuzz::require(same(nets::parse_safetensors(std::as_bytes(std::span(written)), "again"), tensors),
                  "weights are the same when written and read again");
    return 0;
}
