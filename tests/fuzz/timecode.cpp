// Timecode and rates: "RATE TIMECODE".
#include "core/timecode.h"

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const std::string_view text = fuzz::text_of(data, size);
    const std::size_t blank = text.find(' ');
    const auto rate = wetgate::parse_rate(text.substr(0, blank));
    if (!rate || blank == std::string_view::npos) return 0;
    fuzz::require(rate->num > 0 && rate->den > 0 && rate->fps() <= 1000, "a rate is in (0, 1000]");
    fuzz::require(wetgate::parse_rate(wetgate::to_string(*rate)) == rate,
                  "a rate can be printed and read again");
    const auto timecode = wetgate::parse_timecode(text.substr(blank + 1), *rate);
    if (!timecode) return 0;
    fuzz::outcome() = {fuzz::Verdict::Accepted, wetgate::ErrorKind::Internal};
    fuzz::require(wetgate::parse_timecode(wetgate::to_string(*timecode), *rate) == timecode,
                  "a time address can be printed and read again");
    fuzz::require(wetgate::advanced(wetgate::advanced(*timecode, 1001), -1001) == *timecode,
                  "forward and back again is the same address");
    return 0;
}
