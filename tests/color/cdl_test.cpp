#include "color/cdl.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "core/error.h"
#include "support/temp_folder.h"

using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::color::Cdl;
using wetgate::color::read_cdl;
using wetgate::color::to_cc_xml;
using wetgate::tests::TempFolder;

namespace {

std::string correction(const std::string& id, const std::string& slope,
                       const std::string& saturation = "0.9") {
    return "<ColorCorrection id=\"" + id + "\"><SOPNode><Description>warm</Description><Slope>" + slope +
           "</Slope><Offset>0.01 0 -0.02</Offset><Power>1 0.95 1</Power></SOPNode><SatNode><Saturation>" +
           saturation + "</Saturation></SatNode></ColorCorrection>";
}

std::filesystem::path written(const TempFolder& folder, const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
}

std::string refusal(const std::filesystem::path& file) {
    try {
        read_cdl(file);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        return error.what();
    }
    FAIL_CHECK("not refused: " << file);
    return "";
}

}  // namespace

TEST_CASE("a CDL reads the same from .cc, .ccc and .cdl, the first correction counts") {
    const TempFolder folder;
    const std::string first = correction("sh010", "1.1 1 0.9");
    const std::string second = correction("sh020", "2 2 2");
    const std::filesystem::path files[] = {
        written(folder, "a.cc", "<?xml version=\"1.0\"?>\n" + first),
        written(folder, "a.ccc",
                "<ColorCorrectionCollection xmlns=\"urn:ASC:CDL:v1.2\">" + first + second +
                    "</ColorCorrectionCollection>"),
        written(folder, "a.cdl",
                "<ColorDecisionList xmlns=\"urn:ASC:CDL:v1.01\"><ColorDecision>" + first +
                    "</ColorDecision><ColorDecision>" + second + "</ColorDecision></ColorDecisionList>")};
    for (const std::filesystem::path& file : files) {
        CAPTURE(file);
        const Cdl cdl = read_cdl(file);
        CHECK(cdl.slope == std::array<double, 3>{1.1, 1, 0.9});
        CHECK(cdl.offset == std::array<double, 3>{0.01, 0, -0.02});
        CHECK(cdl.power == std::array<double, 3>{1, 0.95, 1});
        CHECK(cdl.saturation == 0.9);
        CHECK(cdl.id == "sh010");
        CHECK(cdl.description == "warm");
    }
}

TEST_CASE("what is written is read back, every bit of every number") {
    const TempFolder folder;
    Cdl cdl;
    cdl.slope = {1.0 / 3.0, 1.1, 0.1 + 0.2};
    cdl.offset = {-1e-7, 0.123456789012345, 5};
    cdl.power = {0.5, 2.0 / 7.0, 3};
    cdl.saturation = 1.0 / 1.1;
    cdl.id = "sh <10> & \"b\"";
    cdl.description = "match to hero & co";
    CHECK(read_cdl(written(folder, "b.cc", to_cc_xml(cdl))) == cdl);
    CHECK(to_cc_xml(Cdl{}) == to_cc_xml(Cdl{}));
}

TEST_CASE("broken, hostile and senseless CDLs are refused with the file's name") {
    const TempFolder folder;
    const std::string good = correction("x", "1 1 1");
    CHECK(refusal(folder / "absent.cc").find("absent.cc") != std::string::npos);
    CHECK(refusal(written(folder, "c1.cc", good.substr(0, 90))).find("c1.cc") != std::string::npos);
    refusal(written(folder, "c2.cc", correction("x", "1 1")));
    refusal(written(folder, "c3.cc", correction("x", "1 one 1")));
    refusal(written(folder, "c4.cc", correction("x", "1 1 1 1")));
    refusal(written(folder, "c5.cc", correction("x", "-1 1 1")));
    refusal(written(folder, "c6.cc", correction("x", "nan 1 1")));
    refusal(written(folder, "c7.cc", correction("x", "1 1 1", "-0.5")));
    refusal(written(folder, "c8.cc", "plain text"));
    refusal(written(folder, "c9.ccc", "<ColorCorrectionCollection></ColorCorrectionCollection>"));
    refusal(written(folder, "d1.cc", "<!DOCTYPE a [<!ENTITY b \"c\">]>" + good));
    std::string wide = "\xFF\xFE";  // UTF-16: its document type declaration would not be seen
    for (const char c : "<!DOCTYPE a [<!ENTITY b \"c\">]>" + good) wide += std::string(1, c) + '\0';
    CHECK(refusal(written(folder, "d0.cc", wide)).find("UTF-8") != std::string::npos);
    refusal(written(folder, "d2.cc", ""));
    refusal(written(folder, "d3.cc", "<EmptyRoot/>"));
    CHECK(refusal(written(folder, "d4.cc", std::string(5 << 20, ' ') + good)).find("d4.cc") !=
          std::string::npos);
}
