// ASC CDL files; OpenColorIO and expat read them.
#include "color/cdl.h"

#include <OpenColorIO/OpenColorIO.h>

#include <cmath>

#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    namespace color = wetgate::color;
    OCIO_NAMESPACE::ClearAllCaches();  // it knows files by their names
    color::Cdl cdl;
    {
        const fuzz::InputFile file("grade.cc", fuzz::bytes_of(data, size));
        if (!fuzz::takes({wetgate::ErrorKind::Input}, [&] { cdl = color::read_cdl(file.path()); })) return 0;
    }
    for (std::size_t c = 0; c < 3; ++c) {
        fuzz::require(
            std::isfinite(cdl.slope[c]) && std::isfinite(cdl.offset[c]) && std::isfinite(cdl.power[c]),
            "a CDL's numbers are finite");
    }
    const std::string written = color::to_cc_xml(cdl);
    const fuzz::InputFile again("again.cc", std::as_bytes(std::span(written)));
    const color::Cdl read = color::read_cdl(again.path());
    fuzz::require(read.slope == cdl.slope && read.offset == cdl.offset && read.power == cdl.power &&
                      read.saturation == cdl.saturation,
                  "a CDL is the same when it is written and read again");
    return 0;
}
