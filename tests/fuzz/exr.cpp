// An EXR down to its pixels. What is read can be written, and is the same when it is read again.
#include "media/exr.h"

#include <cstring>

#include "fuzz/input.h"

namespace {

using wetgate::HostFrame;

constexpr std::size_t most_written_bytes = std::size_t{4} << 20;

bool same_pixels(const HostFrame& a, const HostFrame& b) {
    if (a.parts.size() != b.parts.size()) return false;
    for (std::size_t p = 0; p < a.parts.size(); ++p) {
        if (a.parts[p].planes.size() != b.parts[p].planes.size()) return false;
        for (std::size_t i = 0; i < a.parts[p].planes.size(); ++i) {
            const wetgate::Buffer &left = *a.parts[p].planes[i].data, &right = *b.parts[p].planes[i].data;
            if (left.size() != right.size() || std::memcmp(left.data(), right.data(), left.size()) != 0)
                return false;
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace media = wetgate::media;
    media::set_exr_threads(0);
    HostFrame frame;
    {
        const fuzz::InputFile file("input.exr", fuzz::bytes_of(data, size));
        if (!fuzz::takes({wetgate::ErrorKind::Input},
                         [&] { frame = media::read_exr(file.path(), 1001, {}); }))
            return 0;
    }
    if (frame.bytes() > most_written_bytes) return 0;
    media::ExrWriteOptions options;
    if (media::exr_compression(frame) == "pxr24") options.compression = "zip";  // it rounds floats
    const std::vector<std::byte> written = media::encode_exr(frame, options);
    const fuzz::InputFile again("again.exr", written);
    fuzz::require(same_pixels(media::read_exr(again.path(), 1001, {}), frame),
                  "a picture is the same when it is written and read again");
    return 0;
}
