// A movie from its first byte to its last decoded picture: the guard before libavformat, the index, the
// decoders.
#include "media/movie.h"

#include <algorithm>

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace media = wetgate::media;
    constexpr int most_frames = 12;
    const fuzz::InputFile file("input.mov", fuzz::bytes_of(data, size));
    media::SourceRequest request;
    request.display_name = "input.mov";
    request.path_of = [&](int) { return file.path(); };
    std::unique_ptr<media::FrameSource> source;
    const auto open = [&] { source = media::open_movie_source(request, wetgate::silent_log()); };
    if (!fuzz::takes({wetgate::ErrorKind::Input}, open)) return 0;
    const media::SourceInfo& info = source->info();
    fuzz::require(!info.range.empty() && info.width > 0 && info.height > 0, "a movie has frames and a size");
    fuzz::require(info.rate.num > 0 && info.rate.den > 0, "a movie has a rate");
    bool whole = true;
    for (int frame = info.range.first; frame < std::min(info.range.end, info.range.first + most_frames);
         ++frame) {
        wetgate::HostFrame picture;
        const bool read = fuzz::takes({wetgate::ErrorKind::Input}, [&] { picture = source->read(frame); });
        whole = whole && read;
        if (read) fuzz::require(picture.number == frame, "a frame has the number that was asked for");
        (void)fuzz::takes({wetgate::ErrorKind::Input}, [&] { source->packet(frame); });
    }
    fuzz::outcome() = {whole ? fuzz::Verdict::Accepted : fuzz::Verdict::Refused, wetgate::ErrorKind::Input};
    return 0;
}
