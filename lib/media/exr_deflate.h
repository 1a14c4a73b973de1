#pragma once
#include <cstddef>
#include <vector>

#include "media/exr_write_header.h"

namespace wetgate::media::exr {

/// True for plans of scan lines alone, all packed with ZIP or ZIPS: most files, and those that deflated() can
/// make.
bool can_deflate(const WritePlan& plan);

/// The whole file, coded without OpenEXR: its readers read it as one of their own. libdeflate packs about as
/// small as the zlib that OpenEXR 3.1 goes by, in less than half of the time, and that time is most of what
/// writing an EXR costs. A pure function of the plan (and libdeflate's version). Errors: std::bad_alloc.
std::vector<std::byte> deflated(const WritePlan& plan);

}  // namespace wetgate::media::exr
