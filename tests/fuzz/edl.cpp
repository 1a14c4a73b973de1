// CMX3600 edit lists. The first byte picks the rate.
#include "conform/edl.h"

#include <array>

#include "fuzz/cut_list_checks.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    constexpr std::array<wetgate::Rate, 4> rates = {{{24, 1}, {25, 1}, {30000, 1001}, {60000, 1001}}};
    if (size == 0) return 0;
    const wetgate::Rate rate = rates[data[0] % rates.size()];
    wetgate::conform::CutList list;
    const auto read = [&] {
        list = wetgate::conform::read_edl(fuzz::text_of(data + 1, size - 1), "cut.edl", rate);
    };
    if (fuzz::takes({wetgate::ErrorKind::Input, wetgate::ErrorKind::Usage}, read)) fuzz::check_cut_list(list);
    return 0;
}
