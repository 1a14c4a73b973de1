#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>

#include "cmd/stills_library.h"
#include "core/binary_folder.h"
#include "core/error.h"
#include "core/pinned_environment.h"
#include "isolate/serve.h"

// wetgate-decoder: what wetgate starts to read media in. See Note [The two sides].
namespace wetgate::cmd {
namespace {

ReadStill load_stills() {
    const std::filesystem::path library = binary_folder() / "libwetgate_stills.so";
    void* handle = ::dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
    void* entry = handle == nullptr ? nullptr : ::dlsym(handle, read_still_symbol);
    if (entry == nullptr) {
        throw Error(ErrorKind::Internal,
                    std::string("the library beside the decoder cannot be loaded: ") + ::dlerror(),
                    {.file = library.string(), .shot = {}, .frame = {}});
    }
    return reinterpret_cast<ReadStill>(entry);
}

HostFrame read_still(media::ByteSpan file, media::StillFormat format, const media::StillShape& shape,
                     const std::string& name, const media::Limits& limits) {
    static const ReadStill read = load_stills();
    HostFrame frame;
    read(frame, file, format, shape, name, limits);
    return frame;
}

}  // namespace
}  // namespace wetgate::cmd

int main(int argc, char** /*argv*/) {
    if (argc > 1) {
        std::fputs("wetgate-decoder is started by wetgate, which asks it for frames; it takes no arguments\n",
                   stderr);
        return 2;
    }
    wetgate::keep_large_blocks();
    // The libraries' static destructors free what the system takes back anyway.
    ::_exit(wetgate::isolate::serve(wetgate::cmd::read_still));
}
