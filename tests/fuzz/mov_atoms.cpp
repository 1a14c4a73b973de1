// The movie header of our own: parsed into a tree and written again.
#include "media/mov_atoms.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace media = wetgate::media;
    media::MovAtom header;
    const auto read = [&] { header = media::parse_movie_header(fuzz::bytes_of(data, size)); };
    if (!fuzz::takes({wetgate::ErrorKind::Input}, read)) return 0;
    const std::vector<std::byte> written = media::to_bytes(header);
    fuzz::require(written.size() == header.size() && written.size() <= size,
                  "a tree has the size that it says");
    fuzz::require(media::to_bytes(media::parse_movie_header(written)) == written,
                  "a tree is the same when it is written and read again");
    for (const media::MovAtom& track : header.children) {
        if (track.type != "trak") continue;
        (void)media::handler_of(track);
        (void)media::sample_description(track);
    }
    return 0;
}
