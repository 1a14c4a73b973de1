// In place of exr_deflate.cpp where there is no libdeflate.
#include "core/error.h"
#include "media/exr_deflate.h"

namespace wetgate::media::exr {

bool can_deflate(const WritePlan&) {
    return false;
}

std::vector<std::byte> deflated(const WritePlan&) {
    throw Error(ErrorKind::Internal, "this build has no libdeflate");
}

}  // namespace wetgate::media::exr
