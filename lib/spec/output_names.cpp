#include "spec/output_names.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace wetgate::spec {
namespace {

constexpr std::size_t longest_path = 256;

bool is_name_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
}

const std::string& value_of(std::string_view token, const PathTokens& tokens) {
    if (token == "show") return tokens.show;
    if (token == "shot") return tokens.shot;
    if (token == "version") return tokens.version;
    if (token == "output") return tokens.output;
    throw Error(ErrorKind::Usage, "{" + std::string(token.substr(0, 40)) +
                                      "} is no token; there are {show}, {shot}, {version} and {output}");
}

}  // namespace

std::string with_tokens(std::string_view text, const PathTokens& tokens) {
    std::string result;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos || !is_word(text.substr(open + 1, close - open - 1))) {
            const std::size_t plain = open == std::string_view::npos ? text.size() : open + 1;
            result += text.substr(0, plain);
            text.remove_prefix(plain);
            continue;
        }
        const std::string token(text.substr(open + 1, close - open - 1));
        const std::string& value = value_of(token, tokens);
        const bool usable = !value.empty() && value != "." && value != ".." &&
                            std::all_of(value.begin(), value.end(), is_name_letter);
        if (!usable) {
            throw Error(ErrorKind::Usage,
                        "{" + token + "} " +
                            (value.empty() ? "has no text; give the job a `" + token + "`"
                                           : "is \"" + value.substr(0, 40) +
                                                 "\" and cannot be part of a name; use letters, digits, "
                                                 "'.', '_' and '-'"));
        }
        result += text.substr(0, open);
        result += value;
        text.remove_prefix(close + 1);
    }
    return result;
}

int number_in_name(const OutputSpec& output, int frame, int delivered_first) {
    return output.first_frame ? *output.first_frame + (frame - delivered_first) : frame;
}

std::filesystem::path checksum_file(const OutputSpec& output) {
    const PathPattern& pattern = output.path.pattern;
    std::string name = pattern.prefix();
    if (pattern.is_sequence()) {
        while (!name.empty() && (name.back() == '.' || name.back() == '_' || name.back() == '-'))
            name.pop_back();
        const std::string& end = pattern.suffix();
        name += name.empty() && end.starts_with('.') ? "sequence" + end : end;
    }
    return pattern.folder() / (name + "." + output.checksums);
}

std::vector<std::string> naming_faults(const OutputSpec& output, int last_number) {
    const PathPattern written = PathPattern::parse(output.path.text);
    const std::string path = (written.folder() / written.path(last_number).filename()).string();
    std::vector<std::string> faults;
    std::string strange;
    for (const char c : path) {
        if (is_name_letter(c) || c == '/') continue;
        const bool shown = c >= ' ' && c < 127;
        const std::string letter = shown ? std::string(1, c) : "a letter beyond ASCII";
        if (strange.find(letter) == std::string::npos)
            strange += (strange.empty() ? "" : ", ") + (shown ? "'" + letter + "'" : letter);
    }
    if (!strange.empty()) {
        faults.push_back("its name has " + strange +
                         "; delivered files are named with a-z, A-Z, 0-9, '.', '_' and '-' only");
    }
    if (path.size() > longest_path) {
        faults.push_back("its path is " + std::to_string(path.size()) + " bytes long; the limit is " +
                         std::to_string(longest_path));
    }
    return faults;
}

}  // namespace wetgate::spec
