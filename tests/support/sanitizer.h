#pragma once

namespace wetgate::tests {

/// Whether this is built with AddressSanitizer, whose shadow memory leaves no room for a limit on the address
/// space.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool has_address_sanitizer = true;
#elif defined(__has_feature)
constexpr bool has_address_sanitizer = __has_feature(address_sanitizer);
#else
constexpr bool has_address_sanitizer = false;
#endif

}  // namespace wetgate::tests
