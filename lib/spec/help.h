#pragma once
#include <string>

namespace wetgate::spec {

/// One line a pass: its name and the first sentence of its description. For `wetgate passes list`.
std::string passes_list();

/// What a pass does, each parameter with type, default and range, how many frames it reads, and what it
/// cannot do; plain text of 100 columns. For `wetgate passes show NAME`. Error{Usage} with the nearest name
/// for an unknown one.
std::string pass_help(const std::string& name);

}  // namespace wetgate::spec
