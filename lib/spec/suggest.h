#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wetgate::spec {

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`; letters' case does not count.
/// Texts are cut at 64 bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that a person most likely meant by `name`: at most a third of its letters (and at least one,
/// two from four letters on) may differ. The first of equals; nullopt when nothing is near.
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace wetgate::spec
