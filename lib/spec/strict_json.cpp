#include "spec/strict_json.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <unordered_map>
#include <vector>

#include "core/atomic_file.h"
#include "spec/rules.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// An input iterator that tells how far the parser has read: the SAX interface itself gives no places.
class Reader {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Reader(const char* at, const char** seen) : at_(at), seen_(seen) {}
    reference operator*() const { return *at_; }
    Reader& operator++() {
        ++at_;
        *seen_ = at_;
        return *this;
    }
    Reader operator++(int) {
        Reader before = *this;
        ++*this;
        return before;
    }
    bool operator==(const Reader& other) const { return at_ == other.at_; }
    bool operator!=(const Reader& other) const { return at_ != other.at_; }

private:
    const char* at_;
    const char** seen_;
};

/// Follows the parser through containers: knows the pointer of the value that comes next.
class Trail {
public:
    void enter(bool is_object) { levels_.push_back({is_object, 0, {}}); }
    void leave() { levels_.pop_back(); }
    void key(std::string name) { levels_.back().key = std::move(name); }
    void value_done() {
        if (!levels_.empty() && !levels_.back().is_object) ++levels_.back().index;
    }
    std::size_t depth() const { return levels_.size(); }
    const std::string& current_key() const { return levels_.back().key; }
    std::string pointer() const {
        std::string text;
        for (const Level& level : levels_) {
            text = level.is_object ? join_pointer(text, level.key) : join_pointer(text, level.index);
        }
        return text;
    }
    /// Pointer of the innermost container.
    std::string container() const {
        std::string text = pointer();
        return levels_.empty() ? text : text.substr(0, text.rfind('/'));
    }

private:
    struct Level {
        bool is_object;
        std::size_t index;
        std::string key;
    };
    std::vector<Level> levels_;
};

/// Builds the document and stops at the first thing that is not strict JSON.
class Builder : public nlohmann::json_sax<json> {
public:
    explicit Builder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(std::int64_t value) override { return add(value); }
    bool number_unsigned(std::uint64_t value) override {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            return refuse("the integer " + std::to_string(value) + " does not fit into 64 bits");
        }
        return add(static_cast<std::int64_t>(value));
    }
    bool number_float(double value, const std::string& text) override {
        // The lexer turns integers past 2^64 into doubles; as text they are still integers.
        if (text.find_first_of(".eE") == std::string::npos) {
            return refuse("the integer " + text.substr(0, 40) + " does not fit into 64 bits");
        }
        return add(value);
    }
    bool string(std::string& value) override {
        if (value.find('\0') != std::string::npos)
            return refuse("a text must not hold the character \\u0000");
        return add(std::move(value));
    }
    bool binary(json::binary_t&) override { return refuse("binary values are no JSON"); }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool key(std::string& name) override {
        trail_.key(name);
        if (name.find('\0') != std::string::npos) return refuse("a key must not hold the character \\u0000");
        if (open_.back()->contains(name)) return refuse("the key is there twice; remove one of them");
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        syntax_error_ = true;
        message_ = error.what();
        return false;
    }

    json take() { return std::move(root_); }
    const std::string& message() const { return message_; }
    bool is_syntax_error() const { return syntax_error_; }
    std::string pointer() const { return syntax_error_ ? trail_.container() : trail_.pointer(); }

private:
    bool refuse(std::string message) {
        message_ = std::move(message);
        return false;
    }
    json* place(json value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        json& member = parent[trail_.current_key()];
        member = std::move(value);
        return &member;
    }
    bool count() {
        return ++values_ <= limits_.values ||
               refuse("more than " + std::to_string(limits_.values) + " values; split the file");
    }
    bool add(json value) {
        if (!count()) return false;
        place(std::move(value));
        trail_.value_done();
        return true;
    }
    bool open(json container) {
        if (!count()) return false;
        if (trail_.depth() >= limits_.depth)
            return refuse("nested deeper than " + std::to_string(limits_.depth) + " levels");
        const bool is_object = container.is_object();
        open_.push_back(place(std::move(container)));
        trail_.enter(is_object);
        return true;
    }
    bool close() {
        open_.pop_back();
        trail_.leave();
        trail_.value_done();
        return true;
    }

    const JsonLimits& limits_;
    json root_;
    std::vector<json*> open_;  // a container's address is stable while it is the newest member of its parent
    Trail trail_;
    std::size_t values_ = 0;
    std::string message_;
    bool syntax_error_ = false;
};
/// Notes the lines of wanted pointers; the text is known to be good.
class Locator : public nlohmann::json_sax<json> {
public:
    Locator(std::unordered_map<std::string, std::size_t>& lines, const char* begin, const char* const& seen)
        : lines_(lines), counted_(begin), seen_(seen) {}

    bool null() override { return scalar(); }
    bool boolean(bool) override { return scalar(); }
    bool number_integer(std::int64_t) override { return scalar(); }
    bool number_unsigned(std::uint64_t) override { return scalar(); }
    bool number_float(double, const std::string&) override { return scalar(); }
    bool string(std::string&) override { return scalar(); }
    bool binary(json::binary_t&) override { return false; }
    bool start_object(std::size_t) override { return enter(true); }
    bool start_array(std::size_t) override { return enter(false); }
    bool key(std::string& name) override {
        trail_.key(name);
        note();  // the line of `"key":` rather than that of its value
        return true;
    }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

private:
    void note() {
        const auto found = lines_.find(trail_.pointer());
        if (found == lines_.end() || found->second != 0) return;
        line_ += static_cast<std::size_t>(std::count(counted_, seen_, '\n'));
        counted_ = seen_;
        found->second = line_;
    }
    bool scalar() {
        note();
        trail_.value_done();
        return true;
    }
    bool enter(bool is_object) {
        note();
        trail_.enter(is_object);
        return true;
    }
    bool leave() {
        trail_.leave();
        trail_.value_done();
        return true;
    }

    std::unordered_map<std::string, std::size_t>& lines_;
    const char* counted_;
    const char* const& seen_;
    std::size_t line_ = 1;
    Trail trail_;
};

std::string_view without_mark(std::string_view text) {
    return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

/// What nlohmann/json says, without its exception's name and its own (byte-wise) place.
std::string plain_reason(std::string message) {
    for (const std::string_view mark : {"] ", ": "}) {
        if (const auto at = message.find(mark); at != std::string::npos) message.erase(0, at + mark.size());
    }
    std::replace_if(
        message.begin(), message.end(),
        [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, ' ');
    return message.substr(0, 300);
}

/// What to do about the usual slips.
std::string hint(std::string_view read, std::string_view rest) {
    const auto last_word = [&](std::string_view word) {
        return read.ends_with(word) || rest.starts_with(word);
    };
    std::size_t end = read.size() - 1;  // the character that the parser stumbled over
    const char stumbled = read[end];
    while (end > 0 && std::isspace(static_cast<unsigned char>(read[end - 1])) != 0) --end;
    const char before = end > 0 ? read[end - 1] : ' ';
    if ((stumbled == '}' || stumbled == ']') && before == ',')
        return "remove the comma before '" + std::string(1, stumbled) + "'";
    if (stumbled == '/' || stumbled == '#') return R"(JSON has no comments; use a "note" key)";
    if (stumbled == '\'') return "texts and keys need double quotes";
    if (last_word("N") || last_word("I")) return "JSON has no NaN and no Infinity";
    if (stumbled == '"' && before != ',' && before != '{' && before != '[' && before != ':')
        return "a comma is missing before this text";
    return {};
}

}  // namespace

json parse_strict_json(std::string_view text, const std::string& name, const JsonLimits& limits) {
    const auto refuse = [&](const std::string& message) -> Error {
        return {ErrorKind::Usage, message, ErrorContext{name, {}, {}}};
    };
    if (text.size() > limits.bytes) {
        throw refuse("larger than " + std::to_string(limits.bytes >> 20) + " MiB; split it");
    }
    text = without_mark(text);
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        throw refuse("line 1, column 1: this is UTF-16; save the file as UTF-8");
    }
    if (text.starts_with(byte_order_mark)) {  // the parser below would skip one more
        throw refuse("line 1, column 1: a second byte order mark; save the file as UTF-8 without one");
    }
    if (std::all_of(text.begin(), text.end(),
                    [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; })) {
        throw refuse("line 1, column 1: the file is empty; expected a JSON document");
    }
    Builder builder(limits);
    const char* seen = text.data();
    const Reader begin(text.data(), &seen), end(text.data() + text.size(), &seen);
    if (json::sax_parse(begin, end, &builder)) return builder.take();

    const std::string_view read =
        text.substr(0, std::max<std::size_t>(1, static_cast<std::size_t>(seen - text.data())));
    const auto line = 1 + std::count(read.begin(), read.end() - 1, '\n');
    const auto line_start = read.substr(0, read.size() - 1).rfind('\n');
    const std::size_t column =
        line_start == std::string_view::npos ? read.size() : read.size() - line_start - 1;
    std::string message = "line " + std::to_string(line) + ", column " + std::to_string(column);
    if (const std::string pointer = builder.pointer(); !pointer.empty()) message += " (" + pointer + ")";
    message += ": " + (builder.is_syntax_error() ? plain_reason(builder.message()) : builder.message());
    if (builder.is_syntax_error()) {
        const std::string advice = hint(read, text.substr(read.size()));
        if (!advice.empty()) message += "; " + advice;
    }
    throw refuse(message);
}

json read_strict_json(const std::filesystem::path& file, const JsonLimits& limits) {
    return parse_strict_json(read_text(file, static_cast<std::int64_t>(limits.bytes)), file.string(), limits);
}

bool nested_deeper_than(std::string_view text, std::size_t limit) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            if (c == '\\') ++at;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > limit) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

void locate_problems(std::string_view text, std::span<Problem> problems) {
    const auto parent = [](const std::string& pointer) { return pointer.substr(0, pointer.rfind('/')); };
    std::unordered_map<std::string, std::size_t> lines;
    for (const Problem& problem : problems) {
        for (std::string at = problem.pointer; !at.empty(); at = parent(at)) lines.emplace(at, 0);
    }
    text = without_mark(text);
    const char* seen = text.data();
    Locator locator(lines, text.data(), seen);
    const Reader begin(text.data(), &seen), end(text.data() + text.size(), &seen);
    json::sax_parse(begin, end, &locator);
    for (Problem& problem : problems) {
        problem.line = 1;
        for (std::string at = problem.pointer; !at.empty(); at = parent(at)) {
            if (lines[at] == 0) continue;
            problem.line = lines[at];
            break;
        }
    }
}

}  // namespace wetgate::spec
