// Preloaded into the decoder process (LD_PRELOAD), brings it down inside the decoding of one frame, as a
// fault of a codec would: at zlib's uncompress() for an EXR whose name has $PLANTED_FILE in it, at
// avcodec_send_packet() for the packet of a movie with the number $PLANTED_PACKET. $PLANTED_FAULT is segv,
// exit, hang or memory.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace {

thread_local bool is_marked_file = false;

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool is_decoder() {
    return std::strcmp(program_invocation_short_name, "wetgate-decoder") == 0;
}

void strike() {
    const std::string fault = setting("PLANTED_FAULT");
    if (fault == "segv") ::raise(SIGSEGV);
    if (fault == "exit") ::_exit(7);
    while (fault == "hang") ::pause();
    if (fault == "memory") {
        constexpr std::size_t block = std::size_t{256} << 20;
        while (std::malloc(block) != nullptr) {
        }
        throw std::bad_alloc();
    }
}

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : mode_t{0};
    va_end(list);
    const std::string mark = setting("PLANTED_FILE");
    if (!mark.empty()) is_marked_file = std::strstr(path, mark.c_str()) != nullptr;
    return next<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}

extern "C" int uncompress(unsigned char* to, unsigned long* to_size, const unsigned char* from,
                          unsigned long size) {
    if (is_marked_file && is_decoder()) strike();
    return next<int (*)(unsigned char*, unsigned long*, const unsigned char*, unsigned long)>("uncompress")(
        to, to_size, from, size);
}

extern "C" int avcodec_send_packet(AVCodecContext* context, const AVPacket* packet) {
    const std::string mark = setting("PLANTED_PACKET");
    if (packet != nullptr && is_decoder() && std::to_string(packet->pts) == mark) strike();
    return next<int (*)(AVCodecContext*, const AVPacket*)>("avcodec_send_packet")(context, packet);
}
