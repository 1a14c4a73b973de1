// Coded frames as merge finds them in the work folder, muxed into a movie: refused, or as many frames as
// there were. The input: 16-bit lengths, each with its packet behind it.
#include <algorithm>
#include <vector>

#include "core/atomic_file.h"
#include "fuzz/input.h"
#include "media/movie.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace media = wetgate::media;
    std::vector<std::vector<std::byte>> packets;
    auto rest = fuzz::bytes_of(data, size);
    while (rest.size() >= 2 && packets.size() < 16) {
        const std::size_t wanted =
            std::to_integer<std::size_t>(rest[0]) << 8 | std::to_integer<std::size_t>(rest[1]);
        rest = rest.subspan(2);
        const auto packet = rest.first(std::min(wanted, rest.size()));
        packets.emplace_back(packet.begin(), packet.end());
        rest = rest.subspan(packet.size());
    }
    if (packets.empty()) return 0;
    media::MovOptions options;
    options.video.width = 64;
    options.video.height = 48;
    options.video.rate = {24, 1};
    const fuzz::InputFile place("made.mov", {});
    wetgate::AtomicFile out(place.path());
    const auto mux = [&] {
        media::write_mov(out, options, std::ssize(packets),
                         [&](std::int64_t i) { return packets.at(static_cast<std::size_t>(i)); });
        out.commit();
    };
    if (!fuzz::takes({wetgate::ErrorKind::Input}, mux)) return 0;
    media::SourceRequest request;
    request.display_name = "made.mov";
    request.path_of = [&](int) { return place.path(); };
    try {
        const auto source = media::open_movie_source(request, wetgate::silent_log());
        fuzz::require(source->info().range.size() == static_cast<int>(packets.size()),
                      "a movie has as many frames as were put into it");
    } catch (const wetgate::Error& error) {  // frames that say what they are and are not
        fuzz::require(error.kind() == wetgate::ErrorKind::Input, "a movie of ours is opened or refused");
    }
    return 0;
}
