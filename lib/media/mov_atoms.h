#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/movie_file.h"

namespace wetgate::media {

/// An atom of a QuickTime movie header: its own fields, then the atoms in it.
struct MovAtom {
    std::string type;  ///< four letters
    std::vector<std::byte> fields;
    std::vector<MovAtom> children;

    MovAtom* find(std::string_view child);
    const MovAtom* find(std::string_view child) const;
    /// A number of 1, 2, 4 or 8 bytes of `fields`. Error{Input} past their end.
    std::uint64_t number(std::size_t at, std::size_t bytes) const;
    void set_number(std::size_t at, std::size_t bytes, std::uint64_t value);
    /// With the header of 8 bytes.
    std::size_t size() const;
};

/// The movie's header ('moov') as a tree: containers that hold only atoms, and the sample descriptions of
/// pictures with what stands behind their 78 bytes; everything else stays bytes. nullopt when the file has
/// none. Error{Input} for atoms that do not fit, more than 65536 of them, or a header of more than 256 MiB.
std::optional<MovAtom> read_movie_header(MovieFile& file);
/// The same of the bytes of one 'moov' atom.
MovAtom parse_movie_header(std::span<const std::byte> bytes);
std::vector<std::byte> to_bytes(const MovAtom& atom);

/// 'vide', 'soun', 'tmcd' ... of a 'trak'; empty where it does not say.
std::string handler_of(const MovAtom& track);
/// The first sample description of a track; nullptr when there is none.
MovAtom* sample_description(MovAtom& track);
const MovAtom* sample_description(const MovAtom& track);

}  // namespace wetgate::media
