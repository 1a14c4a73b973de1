#include "media/still.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "core/system_error.h"
#include "media/dpx.h"
#include "media/still_library.h"

namespace wetgate::media {
namespace {

class Descriptor {
public:
    explicit Descriptor(const std::filesystem::path& file)
        : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void fail_reading(int error_number) {
    throw Error(read_error_kind(error_number), "cannot be read: " + describe_error(error_number));
}

// The whole file, so that what was checked is what is decoded.
std::vector<std::byte> file_bytes(const std::filesystem::path& file, const Limits& limits) {
    const Descriptor descriptor(file);
    if (descriptor.get() < 0) fail_reading(errno);
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) fail_reading(errno);
    if (!S_ISREG(status.st_mode)) refuse_still("is not a file");
    constexpr std::int64_t headroom = std::int64_t{64} << 20;  // headers and padding beside the pixels
    if (status.st_size > limits.max_decoded_bytes + headroom) {
        refuse_still(fmt::format("is {} MiB; stills of at most {} MiB are read", status.st_size >> 20,
                                 limits.max_decoded_bytes >> 20));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(descriptor.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_reading(errno);
        if (got == 0) refuse_still("became shorter while it was read");
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

HostFrame decoded(ByteSpan file, const std::string& name, const Limits& limits, const StillLibrary& library) {
    const std::optional<StillFormat> format = still_format(file);
    if (!format) refuse_still("is no DPX, Cineon, TIFF, PNG or JPEG by its first bytes");
    switch (*format) {
        case StillFormat::Dpx:
            return read_dpx(file, limits);
        case StillFormat::Cineon:
            return read_cineon(file, limits);
        case StillFormat::Tiff:
            return library(file, *format, check_tiff(file, limits), name, limits);
        case StillFormat::Png:
            return library(file, *format, check_png(file, limits), name, limits);
        case StillFormat::Jpeg:
            return library(file, *format, check_jpeg(file, limits), name, limits);
    }
    throw Error(ErrorKind::Internal, "a still format without a reader");
}

std::string described(const HostFrame& frame, StillFormat format) {
    const Plane& plane = frame.worked_part().planes.at(0);
    const std::string depth = frame.color.bits > 0 ? fmt::format("{}-bit", frame.color.bits)
                                                   : (plane.type == SampleType::Half ? "half" : "float");
    std::string channels;
    for (const Plane& each : frame.worked_part().planes) channels += each.name;
    return fmt::format("{} {} {}, {}x{}", format_name(format), depth, channels, frame.window().width(),
                       frame.window().height());
}

class StillSource final : public FrameSource {
public:
    StillSource(const SourceRequest& request, const Log& log, StillLibrary library)
        : request_(request), library_(std::move(library)) {
        if (request.is_sequence && !request.range) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: a sequence needs its range of frames", request.display_name));
        }
        const int first = request.first_frame.value_or(0);
        info_.range = request.range.value_or(FrameRange{first, first + 1});
        if (info_.range.empty())
            throw Error(ErrorKind::Usage, fmt::format("{}: its range is empty", request.display_name));
        describe(first_readable(log));
    }

    const SourceInfo& info() const override { return info_; }

    HostFrame read(int frame) override {
        if (!info_.range.contains(frame)) {
            throw Error(ErrorKind::Input,
                        fmt::format("{}: the frame is outside {} to {}", request_.display_name,
                                    info_.range.first, info_.range.end - 1),
                        {.file = {}, .shot = {}, .frame = frame});
        }
        HostFrame picture = read_still_with(file_of(frame), frame, request_.limits, library_);
        if (picture.timecode) picture.timecode->rate = info_.rate;
        return picture;
    }

    std::filesystem::path file_of(int frame) const override { return request_.path_of(frame); }
    CodedPacket packet(int) override { return {}; }

private:
    // A sequence is open when any frame of it is readable: what a missing first frame means is the job's
    // affair.
    HostFrame first_readable(const Log& log) const {
        std::optional<Error> first_problem;
        for (int frame = info_.range.first; frame < info_.range.end; ++frame) {
            try {
                return read_still_with(file_of(frame), frame, request_.limits, library_);
            } catch (const Error& problem) {
                if (problem.kind() != ErrorKind::Input) throw;
                if (!first_problem) first_problem = problem;
                log(LogLevel::Warning, fmt::format("{} describes the sequence no more: {}",
                                                   request_.display_name, problem.what()));
            }
            if (!request_.is_sequence) break;
        }
        throw *first_problem;
    }

    void describe(const HostFrame& frame) {
        const auto* header = dynamic_cast<const StillHeader*>(frame.header.get());
        info_.kind = MediaKind::Still;
        info_.format = format_name(header->format);
        info_.detail = described(frame, header->format);
        info_.rate_is_declared = request_.rate || header->rate;
        info_.rate = request_.rate ? *request_.rate : header->rate.value_or(Rate{});
        if (frame.timecode) {
            Timecode start = *frame.timecode;
            start.rate = info_.rate;
            info_.start_timecode = advanced(start, info_.range.first - frame.number);
        }
        info_.display_window = frame.display_window;
        info_.pixel_aspect = frame.pixel_aspect;
        info_.color = frame.color;
        info_.frame_bytes = frame.bytes();
        info_.width = frame.window().width();
        info_.height = frame.window().height();
        const std::vector<Plane>& planes = frame.worked_part().planes;
        info_.has_alpha =
            std::any_of(planes.begin(), planes.end(), [](const Plane& plane) { return plane.name == "A"; });
    }

    SourceRequest request_;
    StillLibrary library_;
    SourceInfo info_;
};

}  // namespace

HostFrame read_still_with(const std::filesystem::path& file, int frame, const Limits& limits,
                          const StillLibrary& library) {
    const ErrorContext here{.file = file.string(), .shot = {}, .frame = frame};
    try {
        const std::vector<std::byte> bytes = file_bytes(file, limits);
        HostFrame picture = decoded(bytes, file.filename().string(), limits, library);
        picture.number = frame;
        return picture;
    } catch (const Error& problem) {
        throw problem.within(here);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory, "not enough memory to decode this picture", here);
    } catch (const std::exception& problem) {
        throw Error(ErrorKind::Input, fmt::format("cannot be decoded: {}", problem.what()), here);
    }
}

std::unique_ptr<FrameSource> open_still_source(const SourceRequest& request, const Log& log,
                                               const StillLibrary& library) {
    return std::make_unique<StillSource>(request, log, library);
}

}  // namespace wetgate::media
