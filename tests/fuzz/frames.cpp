// Frame ranges. The first byte picks whose reading of a-b:n holds.
#include "fuzz/input.h"
#include "spec/frame_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace spec = wetgate::spec;
    if (size == 0) return 0;
    const auto syntax = static_cast<spec::FramesSyntax>(data[0] % 4);
    const std::string_view text = fuzz::text_of(data + 1, size - 1);
    wetgate::FrameRange range;
    const bool is_range =
        fuzz::takes({wetgate::ErrorKind::Usage}, [&] { range = spec::parse_frame_range(text, syntax); });
    wetgate::FrameSet frames;
    const bool is_set =
        fuzz::takes({wetgate::ErrorKind::Usage}, [&] { frames = spec::parse_frames(text, syntax); });
    fuzz::require(is_set || !is_range, "a range is a set");
    if (!is_set) return 0;
    fuzz::require(!frames.empty() && frames.size() <= spec::most_frames,
                  "a set has frames, and no more than the limit");
    fuzz::require(frames.front() >= -spec::largest_frame && frames.back() <= spec::largest_frame,
                  "numbers stay within their bounds");
    constexpr std::size_t most_compared = 20'000;  // a million frames are allowed, and slow to compare here
    if (frames.size() > most_compared) return 0;
    fuzz::require(wetgate::normalized(frames) == frames, "a set is sorted and without repeats");
    fuzz::require(spec::parse_frames(spec::print_frames(frames)) == frames,
                  "a set can be printed and read again");
    fuzz::require(!is_range || wetgate::frames_of(range) == frames,
                  "a range and a set of one text are the same frames");
    return 0;
}
