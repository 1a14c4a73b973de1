#include "color/cdl.h"

#include <OpenColorIO/OpenColorIO.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/escape.h"

namespace OCIO = OCIO_NAMESPACE;

namespace wetgate::color {
namespace {

constexpr std::int64_t max_cdl_bytes = std::int64_t{4} << 20;

Error bad_cdl(const std::filesystem::path& file, const std::string& why) {
    return Error(ErrorKind::Input, why, {.file = file.string(), .shot = {}, .frame = {}});
}

void check_values(const Cdl& cdl, const std::filesystem::path& file) {
    for (std::size_t c = 0; c < 3; ++c) {
        const char channel = "RGB"[c];
        if (!(std::isfinite(cdl.slope[c]) && cdl.slope[c] >= 0)) {
            throw bad_cdl(file,
                          fmt::format("the CDL's {} slope {} is not a number >= 0", channel, cdl.slope[c]));
        }
        if (!std::isfinite(cdl.offset[c])) {
            throw bad_cdl(
                file, fmt::format("the CDL's {} offset {} is not a finite number", channel, cdl.offset[c]));
        }
        if (!(std::isfinite(cdl.power[c]) && cdl.power[c] > 0)) {
            throw bad_cdl(file,
                          fmt::format("the CDL's {} power {} is not a number > 0", channel, cdl.power[c]));
        }
    }
    if (!(std::isfinite(cdl.saturation) && cdl.saturation >= 0)) {
        throw bad_cdl(file, fmt::format("the CDL's saturation {} is not a number >= 0", cdl.saturation));
    }
}

std::string triple(const std::array<double, 3>& values) {
    return fmt::format("{} {} {}", values[0], values[1],
                       values[2]);  // shortest text that reads back as the same doubles
}

}  // namespace

Cdl read_cdl(const std::filesystem::path& file) {
    const std::string text = read_text(file, max_cdl_bytes);
    // OCIO's parser would expand entities; no CDL has any. In UTF-16 they would go unseen here.
    if (text.find('\0') != std::string::npos)
        throw bad_cdl(file, "this is no CDL in UTF-8: save it as UTF-8");
    if (text.find("<!DOCTYPE") != std::string::npos || text.find("<!ENTITY") != std::string::npos) {
        throw bad_cdl(file, "a CDL with a document type declaration is refused: remove the <!DOCTYPE ...>");
    }
    Cdl cdl;
    try {
        const OCIO::CDLTransformRcPtr read =
            OCIO::CDLTransform::CreateFromFile(std::filesystem::absolute(file).string().c_str(), "");
        read->getSlope(cdl.slope.data());
        read->getOffset(cdl.offset.data());
        read->getPower(cdl.power.data());
        cdl.saturation = read->getSat();
        cdl.id = read->getID();
        cdl.description = read->getFirstSOPDescription();
    } catch (const OCIO::Exception& problem) {
        throw bad_cdl(file, fmt::format("this is no ASC CDL that OCIO can read (.cc, .ccc or .cdl): {}",
                                        problem.what()));
    }
    check_values(cdl, file);
    return cdl;
}

std::string to_cc_xml(const Cdl& cdl) {
    const std::string description =
        cdl.description.empty()
            ? std::string()
            : fmt::format("        <Description>{}</Description>\n", escaped(cdl.description));
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ColorCorrection id=\"{}\">\n"
        "    <SOPNode>\n"
        "{}"
        "        <Slope>{}</Slope>\n"
        "        <Offset>{}</Offset>\n"
        "        <Power>{}</Power>\n"
        "    </SOPNode>\n"
        "    <SatNode>\n"
        "        <Saturation>{}</Saturation>\n"
        "    </SatNode>\n"
        "</ColorCorrection>\n",
        escaped(cdl.id), description, triple(cdl.slope), triple(cdl.offset), triple(cdl.power),
        cdl.saturation);
}

}  // namespace wetgate::color
