#include "farm/text.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace wetgate::farm {
namespace {

struct Lead {
    unsigned char mask, mark;  // of the first byte
    int more;                  // bytes behind it
    char32_t least;            // a smaller one would have a shorter form
};

constexpr std::array leads{
    Lead{0x80, 0x00, 0, 0},
    Lead{0xE0, 0xC0, 1, 0x80},
    Lead{0xF0, 0xE0, 2, 0x800},
    Lead{0xF8, 0xF0, 3, 0x10000},
};

[[noreturn]] void refuse(std::string_view what, const char* why) {
    throw Error(ErrorKind::Usage, std::string(what) + " " + why);
}

}  // namespace

std::u32string code_points(std::string_view what, std::string_view text) {
    std::u32string points;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto first = static_cast<unsigned char>(text[i]);
        const Lead* lead = nullptr;
        for (const Lead& one : leads)
            if ((first & one.mask) == one.mark) lead = &one;
        if (lead == nullptr) refuse(what, "is not UTF-8");
        char32_t point = first & static_cast<unsigned char>(~lead->mask);
        for (int more = 0; more < lead->more; ++more) {
            const auto next = ++i < text.size() ? static_cast<unsigned char>(text[i]) : '\0';
            if ((next & 0xC0) != 0x80) refuse(what, "is not UTF-8");
            point = (point << 6) | (next & 0x3F);
        }
        const bool surrogate = point >= 0xD800 && point < 0xE000;
        if (point < lead->least || surrogate || point > 0x10FFFF) refuse(what, "is not UTF-8");
        points.push_back(point);
    }
    return points;
}

void check_xml_text(std::string_view what, std::string_view text) {
    for (const char32_t point : code_points(what, text)) {
        const bool space = point == '\t' || point == '\n' || point == '\r';
        if ((point < 0x20 && !space) || point == 0xFFFE || point == 0xFFFF)
            refuse(what, "holds a letter that no XML document can hold");
    }
}

std::string ascii_lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

}  // namespace wetgate::farm
