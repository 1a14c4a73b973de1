#pragma once
#include <doctest/doctest.h>

#include <string>

#include "core/error.h"

namespace wetgate::tests {

/// The message of the Error of this kind that `action` ends with; empty where it does not end with one.
template <class Action>
std::string refusal(ErrorKind kind, const Action& action) {
    try {
        action();
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        return error.what();
    }
    return "";
}

}  // namespace wetgate::tests
