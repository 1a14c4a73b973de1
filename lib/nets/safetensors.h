#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace wetgate::nets {

/// One tensor, row-major, whatever its type in the file was.
struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
};

/// What a .safetensors file holds (https://github.com/huggingface/safetensors, "Format").
struct Tensors {
    std::map<std::string, Tensor> by_name;
    std::map<std::string, std::string> metadata;
};

enum class Storage { Float32, Float16 };

/// Reads a file's bytes. F32 and F16; other types are refused. So is whatever the format forbids or a network
/// has no use for: headers over 4 MiB, names that repeat or hold other than printable ASCII, sizes that are
/// not those of the shape, tensors that overlap or leave gaps, bytes behind the last one, values that are NaN
/// or infinite. Error{Model}; `name` is the file in the message.
Tensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

/// The bytes of a file of weights, at most 2 GiB; Error{Model} when it is missing or larger.
std::string read_weights(const std::filesystem::path& file);

/// parse_safetensors() of read_weights().
Tensors read_safetensors(const std::filesystem::path& file);

/// The bytes of a file: tensors by name, without gaps. Float16 rounds to nearest; Error{Usage} for a value
/// that does not fit.
std::string serialize_safetensors(const Tensors& tensors, Storage storage);

}  // namespace wetgate::nets
