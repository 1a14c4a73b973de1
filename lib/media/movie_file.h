#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "media/ffmpeg.h"
#include "media/source.h"

namespace wetgate::media {

/// A movie's file, open for reading. read_at() and the ByteDevice side share the descriptor, not the
/// position.
class MovieFile : public ByteDevice {
public:
    /// Error{Input} when missing or not a regular file, Error{Temporary} for transient faults of network file
    /// systems.
    explicit MovieFile(std::filesystem::path path);
    ~MovieFile() override;
    MovieFile(const MovieFile&) = delete;
    MovieFile& operator=(const MovieFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::int64_t size() const { return size_; }
    /// Bytes read, fewer only at the end of the file. Throws Error{Temporary} or Error{Input} when the system
    /// fails.
    std::int64_t read_at(std::int64_t offset, std::uint8_t* buffer, std::int64_t size);
    /// Throws what a read inside libav met since the last call, which libav reports as some other error or as
    /// an end.
    void throw_system_error();

    int read(std::uint8_t* buffer, int size) override;
    int write(const std::uint8_t* buffer, int size) override;
    std::int64_t seek(std::int64_t offset, int whence) override;

private:
    [[noreturn]] void fail(const char* step, int error_number) const;

    std::filesystem::path path_;
    int fd_ = -1;
    std::int64_t size_ = 0, position_ = 0;
    int error_number_ = 0;
};

/// An opened container. Only known demuxers and decoders, no other files, bounded probing.
class Demuxer {
public:
    /// What the streams are opened for: the others stay discarded, and none of their decoders runs.
    enum class Purpose : std::uint8_t { Pictures, Sound };
    Demuxer(std::shared_ptr<MovieFile> file, const Limits& limits, Purpose purpose);
    ~Demuxer();
    Demuxer(const Demuxer&) = delete;
    Demuxer& operator=(const Demuxer&) = delete;

    AVFormatContext& format() const { return *context_; }
    /// First stream of pictures (no cover art). Error{Input} when there is none.
    AVStream& video() const;
    /// The next packet of any stream that is not discarded. False at the end or where the container cannot be
    /// followed.
    bool read(AVPacket& packet);
    bool is_mov() const;
    /// A bare coded stream, without times of its own.
    bool is_raw() const;

private:
    void probe_streams(const Limits& limits, Purpose purpose);

    std::shared_ptr<MovieFile> file_;
    std::unique_ptr<ByteStream> stream_;
    AVFormatContext* context_ = nullptr;
};

/// Bytes that one decoded frame of this file may take (see Limits).
std::int64_t allowed_frame_bytes(const Limits& limits, std::int64_t file_bytes);
/// The largest picture, in pixels, that a decoder may be asked for.
std::int64_t allowed_pixels(const Limits& limits, std::int64_t file_bytes);

}  // namespace wetgate::media
