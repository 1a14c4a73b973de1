#pragma once
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "core/error.h"

namespace wetgate::compute {

/// What `work` gives, with LibTorch's and the allocator's exceptions as Errors at `where`: OutOfMemory with a
/// `hint` at what to do, or Internal.
template <class Work>
auto with_torch_errors(const ErrorContext& where, const std::string& hint, const Work& work) {
    try {
        return work();
    } catch (const Error& error) {
        throw error.within(where);
    } catch (const c10::Error& error) {
        const std::string text = error.what_without_backtrace();
        const bool memory = text.find("out of memory") != std::string::npos ||
                            text.find("can't allocate") != std::string::npos;
        if (memory) throw Error(ErrorKind::OutOfMemory, text + "; " + hint, where);
        throw Error(ErrorKind::Internal, text, where);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::OutOfMemory, "the machine has no memory left; " + hint, where);
    }
}

}  // namespace wetgate::compute
