// OpenTimelineIO.
#include "conform/otio.h"

#include "fuzz/cut_list_checks.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    wetgate::conform::CutList list;
    const auto read = [&] { list = wetgate::conform::read_otio(fuzz::text_of(data, size), "cut.otio", {}); };
    if (fuzz::takes({wetgate::ErrorKind::Input, wetgate::ErrorKind::Usage}, read)) fuzz::check_cut_list(list);
    return 0;
}
