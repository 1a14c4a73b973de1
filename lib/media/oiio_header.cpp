#include "media/oiio_header.h"

#include <algorithm>

#include "media/oiio_still.h"

namespace wetgate::media {
namespace {

constexpr std::size_t most_attributes = 1U << 16;
constexpr int most_values = 1 << 26;

OIIO::TypeDesc unpack_type(WireReader& in) {
    using OIIO::TypeDesc;
    TypeDesc type;
    type.basetype = in.value<unsigned char>(TypeDesc::UINT8, TypeDesc::STRING);
    type.aggregate = in.value<unsigned char>();
    type.vecsemantics = in.value<unsigned char>(TypeDesc::NOSEMANTICS, TypeDesc::BOX);
    type.arraylen = in.value<int>(0, most_values);
    constexpr unsigned char aggregates[] = {TypeDesc::SCALAR, TypeDesc::VEC2,     TypeDesc::VEC3,
                                            TypeDesc::VEC4,   TypeDesc::MATRIX33, TypeDesc::MATRIX44};
    if (std::find(std::begin(aggregates), std::end(aggregates), type.aggregate) == std::end(aggregates))
        throw WireFault("an attribute of a type that there is not");
    return type;
}

}  // namespace

void OiioHeader::pack(WireWriter& out) const {
    out.count(attributes.size());
    for (const OIIO::ParamValue& each : attributes) {
        const OIIO::TypeDesc type = each.type();
        out.text(each.name().string());
        out.value(type.basetype);
        out.value(type.aggregate);
        out.value(type.vecsemantics);
        out.value(type.arraylen);
        out.value(each.nvalues());
        if (type.basetype == OIIO::TypeDesc::STRING) {
            const auto* texts = static_cast<const OIIO::ustring*>(each.data());
            for (std::size_t i = 0; i < type.basevalues() * static_cast<std::size_t>(each.nvalues()); ++i)
                out.text(texts[i].string());
        } else {
            out.bytes(
                {static_cast<const std::byte*>(each.data()), static_cast<std::size_t>(each.datasize())});
        }
    }
}

std::shared_ptr<StillHeader> unpack_oiio_header(WireReader& in) {
    auto header = std::make_shared<OiioHeader>();
    for (std::size_t left = in.count(most_attributes); left > 0; --left) {
        const std::string name = in.text();
        const OIIO::TypeDesc type = unpack_type(in);
        const int values = in.value<int>(0, most_values);
        if (type.basetype == OIIO::TypeDesc::STRING) {
            std::vector<OIIO::ustring> texts;
            for (std::size_t i = 0; i < type.basevalues() * static_cast<std::size_t>(values); ++i)
                texts.emplace_back(in.text());
            header->attributes.emplace_back(OIIO::ustring(name), type, values, texts.data());
        } else {
            const std::span<const std::byte> bytes = in.bytes();
            if (bytes.size() != type.size() * static_cast<std::size_t>(values))
                throw WireFault("an attribute's value does not fill its type");
            header->attributes.emplace_back(OIIO::ustring(name), type, values, bytes.data());
        }
    }
    return header;
}

}  // namespace wetgate::media
