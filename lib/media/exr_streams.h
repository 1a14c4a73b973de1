#pragma once
#include <ImfIO.h>

#include <cstdint>
#include <span>
#include <vector>

namespace wetgate::media::exr {

/// What OpenEXR reads: a header and chunk table of ours, then the file's own chunks. All in memory: no I/O
/// error can happen while OpenEXR decodes.
class SplicedInput : public Imf::IStream {
public:
    SplicedInput(std::vector<std::byte> front, std::span<const std::byte> chunks)
        : IStream("the picture"), front_(std::move(front)), chunks_(chunks) {}

    bool read(char bytes[], int count) override;
    std::uint64_t tellg() override { return position_; }
    void seekg(std::uint64_t position) override { position_ = position; }

private:
    std::uint64_t size() const { return front_.size() + chunks_.size(); }

    std::vector<std::byte> front_;
    std::span<const std::byte> chunks_;
    std::uint64_t position_ = 0;
};

/// What OpenEXR writes to: bytes that grow, with seeking (the chunk table is filled in last).
class GrowingOutput : public Imf::OStream {
public:
    explicit GrowingOutput(std::size_t expected_bytes) : OStream("the picture") {
        bytes_.reserve(expected_bytes);
    }

    void write(const char bytes[], int count) override;
    std::uint64_t tellp() override { return position_; }
    void seekp(std::uint64_t position) override { position_ = position; }

    std::vector<std::byte>& bytes() { return bytes_; }

private:
    std::vector<std::byte> bytes_;
    std::uint64_t position_ = 0;
};

}  // namespace wetgate::media::exr
