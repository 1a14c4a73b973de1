#include "media/mov_atoms.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "core/error.h"

namespace wetgate::media {
namespace {

constexpr std::int64_t largest_header = std::int64_t{256} << 20;
constexpr int deepest = 16;
constexpr int most_atoms = 65536;
constexpr std::size_t picture_fields = 78;  // of a sample description of pictures

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorKind::Input, "the movie's header is damaged: " + what);
}

std::uint64_t big_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
    if (at > bytes.size() || count > bytes.size() - at) damaged("an atom is too short");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint64_t>(bytes[at + i]);
    return value;
}

bool holds_atoms(std::string_view type) {
    constexpr std::string_view containers[] = {"moov", "trak", "mdia", "minf", "stbl", "edts"};
    return std::find(std::begin(containers), std::end(containers), type) != std::end(containers);
}

class Parser {
public:
    std::vector<MovAtom> atoms(std::span<const std::byte> bytes, int depth) {
        std::vector<MovAtom> found;
        while (!bytes.empty()) {
            if (bytes.size() < 8 || ++count_ > most_atoms || depth > deepest) damaged("atoms do not fit");
            std::uint64_t size = big_endian(bytes, 0, 4);
            std::size_t head = 8;
            if (size == 1) {
                size = big_endian(bytes, 8, 8);
                head = 16;
            }
            if (size < head || size > bytes.size()) damaged("an atom is larger than what holds it");
            const auto* letters = reinterpret_cast<const char*>(bytes.data()) + 4;
            found.push_back(atom(std::string(letters, 4),
                                 bytes.subspan(head, static_cast<std::size_t>(size) - head), depth));
            bytes = bytes.subspan(static_cast<std::size_t>(size));
        }
        return found;
    }

    MovAtom atom(std::string type, std::span<const std::byte> body, int depth) {
        MovAtom made{std::move(type), {}, {}};
        std::size_t fields = body.size();
        if (holds_atoms(made.type)) fields = 0;
        if (made.type == "stsd") fields = 8;
        if (fields > body.size()) damaged("'" + made.type + "' is too short");
        made.fields.assign(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(fields));
        made.children = atoms(body.subspan(fields), depth + 1);
        return made;
    }

    // Only now is it known of what the description is.
    void open_picture_description(MovAtom& track) {
        MovAtom* description = sample_description(track);
        if (handler_of(track) != "vide" || description == nullptr) return;
        if (description->fields.size() < picture_fields) damaged("a picture's description is too short");
        const std::span<const std::byte> all = description->fields;
        // QuickTime may end the list with a zero word.
        std::span<const std::byte> extensions = all.subspan(picture_fields);
        if (extensions.size() >= 4 && big_endian(extensions, extensions.size() - 4, 4) == 0 &&
            extensions.size() % 4 == 0) {
            try {
                description->children = atoms(extensions, deepest - 1);
            } catch (const Error&) {
                description->children = atoms(extensions.first(extensions.size() - 4), deepest - 1);
            }
        } else {
            description->children = atoms(extensions, deepest - 1);
        }
        description->fields.resize(picture_fields);
    }

private:
    int count_ = 0;
};

void append_number(std::vector<std::byte>& bytes, std::uint64_t value, std::size_t count) {
    for (std::size_t i = count; i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
}

void append_atom(std::vector<std::byte>& bytes, const MovAtom& atom) {
    append_number(bytes, atom.size(), 4);
    for (const char letter : atom.type) bytes.push_back(static_cast<std::byte>(letter));
    bytes.insert(bytes.end(), atom.fields.begin(), atom.fields.end());
    for (const MovAtom& child : atom.children) append_atom(bytes, child);
}

const MovAtom* at_path(const MovAtom& atom, std::initializer_list<std::string_view> path) {
    const MovAtom* at = &atom;
    for (const std::string_view step : path) {
        if (at != nullptr) at = at->find(step);
    }
    return at;
}

}  // namespace

const MovAtom* MovAtom::find(std::string_view child) const {
    const auto found = std::find_if(children.begin(), children.end(),
                                    [&](const MovAtom& each) { return each.type == child; });
    return found == children.end() ? nullptr : &*found;
}

MovAtom* MovAtom::find(std::string_view child) {
    return const_cast<MovAtom*>(std::as_const(*this).find(child));
}

std::uint64_t MovAtom::number(std::size_t at, std::size_t bytes) const {
    return big_endian(fields, at, bytes);
}

void MovAtom::set_number(std::size_t at, std::size_t bytes, std::uint64_t value) {
    if (at + bytes > fields.size()) damaged("an atom is too short");
    for (std::size_t i = 0; i < bytes; ++i)
        fields[at + i] = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)) & 0xFFU);
}

std::size_t MovAtom::size() const {
    std::size_t bytes = 8 + fields.size();
    for (const MovAtom& child : children) bytes += child.size();
    return bytes;
}

MovAtom parse_movie_header(std::span<const std::byte> bytes) {
    Parser parser;
    std::vector<MovAtom> found = parser.atoms(bytes, 0);
    if (found.size() != 1 || found.front().type != "moov") damaged("there is no 'moov'");
    for (MovAtom& track : found.front().children) {
        if (track.type == "trak") parser.open_picture_description(track);
    }
    return std::move(found.front());
}

std::vector<std::byte> to_bytes(const MovAtom& atom) {
    std::vector<std::byte> bytes;
    bytes.reserve(atom.size());
    append_atom(bytes, atom);
    return bytes;
}

std::optional<MovAtom> read_movie_header(MovieFile& file) {
    std::int64_t at = 0;
    for (int i = 0; i < most_atoms && at + 8 <= file.size(); ++i) {
        std::array<std::byte, 16> head{};
        const std::int64_t got = file.read_at(at, reinterpret_cast<std::uint8_t*>(head.data()), 16);
        if (got < 8) return std::nullopt;
        std::uint64_t size = big_endian(head, 0, 4);
        if (size == 1 && got == 16) size = big_endian(head, 8, 8);
        const auto left = static_cast<std::uint64_t>(file.size() - at);
        if (size == 0) size = left;
        if (size < 8 || size > left) return std::nullopt;
        if (std::string_view(reinterpret_cast<const char*>(head.data()) + 4, 4) == "moov") {
            if (size > static_cast<std::uint64_t>(largest_header)) damaged("it is larger than 256 MiB");
            std::vector<std::byte> bytes(static_cast<std::size_t>(size));
            file.read_at(at, reinterpret_cast<std::uint8_t*>(bytes.data()), static_cast<std::int64_t>(size));
            return parse_movie_header(bytes);
        }
        at += static_cast<std::int64_t>(size);
    }
    return std::nullopt;
}

std::string handler_of(const MovAtom& track) {
    const MovAtom* handler = at_path(track, {"mdia", "hdlr"});
    if (handler == nullptr || handler->fields.size() < 12) return {};
    return {reinterpret_cast<const char*>(handler->fields.data()) + 8, 4};
}

const MovAtom* sample_description(const MovAtom& track) {
    const MovAtom* table = at_path(track, {"mdia", "minf", "stbl", "stsd"});
    return table == nullptr || table->children.empty() ? nullptr : &table->children.front();
}

MovAtom* sample_description(MovAtom& track) {
    return const_cast<MovAtom*>(sample_description(std::as_const(track)));
}

}  // namespace wetgate::media
