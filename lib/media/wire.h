#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace wetgate::media {

// Note [The wire]
// How two processes of one build of wetgate tell each other of frames. The reader trusts nothing: a decoder
// that a file took over writes what it likes. So every count is held against a limit before anything is made
// for it, every enumeration against its last value, and what is left over at the end is a fault as well.

/// What a process says makes no sense.
class WireFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class WireWriter {
public:
    template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void value(T value) { raw(std::as_bytes(std::span(&value, 1))); }
    void count(std::size_t count) { value(static_cast<std::uint64_t>(count)); }
    void bytes(std::span<const std::byte> bytes) {
        count(bytes.size());
        raw(bytes);
    }
    void text(std::string_view text) { bytes(std::as_bytes(std::span(text.data(), text.size()))); }
    /// A flag, then what `write` writes of the value where there is one.
    template <class Optional, class Write>
    void optional(const Optional& value, const Write& write) {
        this->value(value.has_value());
        if (value) write(*value);
    }

    const std::vector<std::byte>& written() const { return bytes_; }

private:
    void raw(std::span<const std::byte> bytes) {
        if (bytes.empty()) return;
        const std::size_t at = bytes_.size();
        bytes_.resize(at + bytes.size());
        std::memcpy(bytes_.data() + at, bytes.data(), bytes.size());
    }

    std::vector<std::byte> bytes_;
};

/// Reads what a WireWriter wrote; every function throws WireFault where the bytes are not that.
class WireReader {
public:
    explicit WireReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <class T>
    requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) T value() {
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }
    /// A number in [least, most].
    template <class T>
    T value(T least, T most) {
        const T value = this->value<T>();
        if (!(value >= least && value <= most)) throw WireFault("a number is out of its range");
        return value;
    }
    bool flag() { return value<std::uint8_t>(0, 1) != 0; }
    /// An enumeration whose values are 0 to `last`.
    template <class Enum>
    Enum choice(Enum last) {
        using Number = std::underlying_type_t<Enum>;
        return static_cast<Enum>(value<Number>(Number{0}, static_cast<Number>(last)));
    }
    /// A number of things, at most `most`.
    std::size_t count(std::size_t most) {
        const auto count = value<std::uint64_t>();
        if (count > most) throw WireFault("a count is above its limit");
        return static_cast<std::size_t>(count);
    }
    /// Valid as long as what is read from.
    std::span<const std::byte> bytes() { return take(count(bytes_.size())); }
    std::string text(std::size_t most = SIZE_MAX) {
        const std::span<const std::byte> text = take(count(std::min(most, bytes_.size())));
        return {reinterpret_cast<const char*>(text.data()), text.size()};
    }
    /// What `read` reads, where the writer had a value.
    template <class Read>
    auto optional(const Read& read) -> std::optional<decltype(read())> {
        if (!flag()) return std::nullopt;
        return read();
    }
    void end() const {
        if (!bytes_.empty()) throw WireFault("bytes are left over");
    }

private:
    std::span<const std::byte> take(std::size_t size) {
        if (size > bytes_.size()) throw WireFault("it ends too early");
        const auto taken = bytes_.first(size);
        bytes_ = bytes_.subspan(size);
        return taken;
    }

    std::span<const std::byte> bytes_;
};

}  // namespace wetgate::media
