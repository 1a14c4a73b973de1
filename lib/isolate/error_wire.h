#pragma once
#include <vector>

#include "core/error.h"
#include "media/wire.h"

namespace wetgate::isolate {

inline std::vector<std::byte> packed(const Error& error) {
    media::WireWriter out;
    out.value(error.kind());
    out.text(error.message());
    out.text(error.context().file);
    out.optional(error.context().frame, [&out](int frame) { out.value(frame); });
    return out.written();
}

/// WireFault for what no error of a source can be.
inline Error unpacked_error(media::WireReader& in) {
    const auto kind = in.choice(ErrorKind::Cancelled);
    constexpr std::size_t most_text = 1 << 16;
    const std::string message = in.text(most_text);
    ErrorContext context;
    context.file = in.text(most_text);
    context.frame = in.optional([&in] { return in.value<int>(); });
    in.end();
    return {kind, message, context};
}

}  // namespace wetgate::isolate
