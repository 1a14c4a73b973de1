// Names and messages on their way into pages, XML, CSV and terminals.
#include "core/escape.h"

#include <algorithm>

#include "fuzz/input.h"

namespace {

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0x80 ? 1 : (lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4));
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || length > text.size() - at) return false;
        for (std::size_t i = 1; i < length; ++i) {
            if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
        }
        at += length;
    }
    return true;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const std::string_view text = fuzz::text_of(data, size);
    fuzz::outcome() = {fuzz::Verdict::Accepted, wetgate::ErrorKind::Internal};
    const std::string markup = wetgate::escaped(text);
    fuzz::require(markup.find_first_of("<>\"'") == std::string::npos, "markup in a name is no markup");
    fuzz::require(is_utf8(markup) && !has_control(markup), "markup is UTF-8 without control characters");
    for (std::size_t at = markup.find('&'); at != std::string::npos; at = markup.find('&', at + 1)) {
        const std::size_t end = markup.find(';', at);
        fuzz::require(end != std::string::npos && end - at <= 5, "every ampersand begins an entity");
    }
    const std::string line = wetgate::one_line(text);
    fuzz::require(is_utf8(line) && !has_control(line), "a line is UTF-8 without control characters");
    fuzz::require(wetgate::one_line(line) == line, "a clean line stays as it is");
    fuzz::require(line.find("\xC2\x9B") == std::string::npos, "no C1 control reaches a terminal");
    const std::string lines = wetgate::printable_lines(text);
    for (std::size_t at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 1))
        fuzz::require(lines.compare(at, 3, "\n  ") == 0, "a further line cannot pass for a line of its own");
    return 0;
}
