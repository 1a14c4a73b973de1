#include "nets/safetensors.h"

#include <c10/util/Half.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/strict_json.h"

namespace wetgate::nets {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie in the file");

using nlohmann::json;

constexpr std::uint64_t kMostHeaderBytes = std::uint64_t{4} << 20;
constexpr std::int64_t kMostFileBytes = std::int64_t{2} << 30;
constexpr std::size_t kMostTensors = 10'000;
constexpr std::size_t kMostDimensions = 8;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kAlignment = 8;  // of the first tensor, from the file's start

class Reader {
public:
    Reader(std::span<const std::byte> bytes, const std::string& name) : bytes_(bytes), name_(name) {}

    Tensors read() {
        const json header = parse_header();
        Tensors tensors;
        std::vector<Extent> extents;
        for (const auto& [key, entry] : header.items()) {
            if (key == "__metadata__") {
                tensors.metadata = metadata_of(entry);
                continue;
            }
            check_name(key);
            extents.push_back(extent_of(key, entry));
        }
        if (extents.size() > kMostTensors) refuse(fmt::format("it has more than {} tensors", kMostTensors));
        check_cover(extents);
        for (Extent& extent : extents) {
            Tensor tensor{std::move(extent.shape), values_of(extent)};
            tensors.by_name.emplace(std::move(extent.name), std::move(tensor));
        }
        return tensors;
    }

private:
    /// Where a tensor lies, in bytes from the header's end.
    struct Extent {
        std::string name;
        std::vector<std::int64_t> shape;
        bool half = false;
        std::uint64_t begin = 0, end = 0;
    };

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(ErrorKind::Model,
                    fmt::format("the weights cannot be used: {}; fetch the file again", why),
                    {name_, {}, {}});
    }

    json parse_header() {
        std::uint64_t size = 0;
        if (bytes_.size() < sizeof size) refuse("the file is shorter than its header");
        std::memcpy(&size, bytes_.data(), sizeof size);
        if (size > kMostHeaderBytes) refuse("its header is over 4 MiB");
        if (size > bytes_.size() - sizeof size) refuse("the file is shorter than its header");
        const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + sizeof size, size);
        if (text.empty() || text.front() != '{') refuse("its header does not begin with '{'");
        data_ = bytes_.subspan(sizeof size + size);
        try {
            return spec::parse_strict_json(text, name_, {kMostHeaderBytes, 8, 20 * kMostTensors});
        } catch (const Error& error) {
            refuse("its header is no JSON: " + error.message());
        }
    }

    void check_name(const std::string& name) const {
        const bool printable =
            std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
        if (name.empty() || name.size() > kLongestName || !printable)
            refuse("a tensor's name is empty, over 256 bytes or not printable ASCII");
    }

    std::map<std::string, std::string> metadata_of(const json& entry) const {
        if (!entry.is_object()) refuse("\"__metadata__\" is no object");
        std::map<std::string, std::string> metadata;
        for (const auto& [key, value] : entry.items()) {
            if (!value.is_string()) refuse("\"__metadata__\" holds more than texts");
            metadata[key] = value.get<std::string>();
        }
        return metadata;
    }

    std::uint64_t whole(const std::string& tensor, const json& value, const char* what) const {
        if (!value.is_number_integer() || value < 0)
            refuse(fmt::format("'{}' has a {} that is no whole number of 0 or more", tensor, what));
        return value.get<std::uint64_t>();
    }

    Extent extent_of(const std::string& name, const json& entry) const {
        const auto field = [&](const char* key) -> const json& {
            const auto found = entry.is_object() ? entry.find(key) : entry.end();
            if (!entry.is_object() || found == entry.end() || entry.size() != 3)
                refuse(fmt::format("'{}' must have dtype, shape and data_offsets, and nothing else", name));
            return *found;
        };
        Extent extent{name, {}, false, 0, 0};
        const json& type = field("dtype");
        if (type != "F32" && type != "F16")
            refuse(fmt::format("'{}' is of a type other than F32 and F16", name));
        extent.half = type == "F16";
        const json& shape = field("shape");
        if (!shape.is_array() || shape.size() > kMostDimensions)
            refuse(fmt::format("'{}' has no shape of at most {} numbers", name, kMostDimensions));
        std::uint64_t bytes = extent.half ? 2 : 4;
        for (const json& size : shape) {
            const std::uint64_t count = whole(name, size, "size");
            if (count == 0 || count > data_.size()) refuse(fmt::format("'{}' does not fit the file", name));
            bytes *= count;  // both at most 2^31: no overflow before the check below
            if (bytes > data_.size()) refuse(fmt::format("'{}' does not fit the file", name));
            extent.shape.push_back(static_cast<std::int64_t>(count));
        }
        const json& offsets = field("data_offsets");
        if (!offsets.is_array() || offsets.size() != 2)
            refuse(fmt::format("'{}' has no two data_offsets", name));
        extent.begin = whole(name, offsets[0], "data offset");
        extent.end = whole(name, offsets[1], "data offset");
        if (extent.end > data_.size() || extent.begin > extent.end || extent.end - extent.begin != bytes)
            refuse(fmt::format("'{}' has data_offsets that are not those of its shape", name));
        return extent;
    }

    /// The tensors cover the data from its first byte to its last, each byte once.
    void check_cover(std::vector<Extent>& extents) const {
        std::sort(extents.begin(), extents.end(),
                  [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
        std::uint64_t next = 0;
        for (const Extent& extent : extents) {
            if (extent.begin != next)
                refuse(fmt::format("'{}' {} the tensor before it", extent.name,
                                   extent.begin < next ? "overlaps" : "leaves a gap behind"));
            next = extent.end;
        }
        if (next != data_.size()) refuse("bytes follow its last tensor");
    }

    std::vector<float> values_of(const Extent& extent) const {
        const std::byte* from = data_.data() + extent.begin;
        const std::size_t count = (extent.end - extent.begin) / (extent.half ? 2 : 4);
        std::vector<float> values(count);
        if (extent.half) {
            for (std::size_t i = 0; i < count; ++i) {
                std::uint16_t bits = 0;
                std::memcpy(&bits, from + 2 * i, sizeof bits);
                values[i] = static_cast<float>(c10::Half(bits, c10::Half::from_bits()));
            }
        } else {
            std::memcpy(values.data(), from, 4 * count);
        }
        if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
            refuse(fmt::format("'{}' holds a value that is NaN or infinite", extent.name));
        return values;
    }

    std::span<const std::byte> bytes_;
    std::span<const std::byte> data_;  // behind the header
    const std::string& name_;
};

}  // namespace

Tensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
    return Reader(bytes, name).read();
}

std::string read_weights(const std::filesystem::path& file) {
    try {
        return read_text(file, kMostFileBytes);
    } catch (const Error& error) {
        throw Error(ErrorKind::Model, error.message(), error.context());
    }
}

Tensors read_safetensors(const std::filesystem::path& file) {
    const std::string bytes = read_weights(file);
    return parse_safetensors(std::as_bytes(std::span(bytes)), file.string());
}

std::string serialize_safetensors(const Tensors& tensors, Storage storage) {
    const std::size_t width = storage == Storage::Float16 ? 2 : 4;
    json header = json::object();
    if (!tensors.metadata.empty()) header["__metadata__"] = tensors.metadata;
    std::string data;
    for (const auto& [name, tensor] : tensors.by_name) {
        const std::size_t begin = data.size();
        for (const float value : tensor.values) {
            const auto half = static_cast<c10::Half>(value);
            const bool fits = std::isfinite(storage == Storage::Float16 ? static_cast<float>(half) : value);
            if (!fits)
                throw Error(ErrorKind::Usage, fmt::format("'{}' holds a value that does not fit", name));
            const char* from = storage == Storage::Float16 ? reinterpret_cast<const char*>(&half.x)
                                                           : reinterpret_cast<const char*>(&value);
            data.append(from, width);
        }
        header[name] = {{"dtype", storage == Storage::Float16 ? "F16" : "F32"},
                        {"shape", tensor.shape},
                        {"data_offsets", {begin, data.size()}}};
    }
    std::string text = header.dump();
    text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
    const std::uint64_t size = text.size();
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + text + data;
}

}  // namespace wetgate::nets
