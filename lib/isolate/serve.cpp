#include "isolate/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <new>

#include "core/error.h"
#include "isolate/channel.h"
#include "isolate/error_wire.h"
#include "isolate/limits.h"
#include "isolate/sandbox.h"
#include "media/frame_wire.h"
#include "media/source.h"

namespace wetgate::isolate {
namespace {

// Note [No decoder outlives wetgate]
// A decoder that reads its socket sees that wetgate is gone; one that is busy, or hangs, does not. So it
// holds the reading end of a pipe that nobody writes to, and has the kernel kill it when the other end goes.
// (PR_SET_PDEATHSIG would do it at the end of the thread that started the decoder.)
bool tie_life_to(int pipe) {
    const pid_t self = ::getpid();
    if (::fcntl(pipe, F_SETSIG, SIGKILL) != 0 || ::fcntl(pipe, F_SETOWN, self) != 0 ||
        ::fcntl(pipe, F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
        return false;
    pollfd state{pipe, POLLIN, 0};
    return ::poll(&state, 1, 0) == 0;  // else wetgate went before that
}

/// wetgate has hung up, or says what makes no sense: nothing to do but to end.
struct HungUp {};

class Server {
public:
    explicit Server(const media::StillLibrary& library) : library_(library) {}

    void run() {
        const Message request = receive();
        media::WireReader in(request.body);
        try {
            answer(request.kind, in);
        } catch (const Error& error) {
            send(MessageKind::Failed, packed(blamed(error)));
        } catch (const std::bad_alloc&) {
            send(MessageKind::Failed,
                 packed(blamed(Error(ErrorKind::OutOfMemory, "no memory for a decoded frame"))));
        } catch (const std::exception& problem) {
            send(MessageKind::Failed, packed(Error(ErrorKind::Internal, problem.what())));
        }
    }

    void say_ready(const std::vector<std::string>& missing) {
        std::string text;
        for (const std::string& each : missing) text += (text.empty() ? "" : ", ") + each;
        media::WireWriter out;
        out.text(text);
        send(MessageKind::Ready, out.written());
    }

private:
    void answer(MessageKind kind, media::WireReader& in) {
        switch (kind) {
            case MessageKind::Open:
                return open(in);
            case MessageKind::Read:
                return read(in.value<int>());
            case MessageKind::Packet:
                return send_packet(in.value<int>());
            case MessageKind::Close:
                source_.reset();
                return;
            default:
                throw HungUp{};
        }
    }

    void open(media::WireReader& in) {
        source_.reset();
        media::SourceRequest request = media::unpack_request(in);
        request.path_of = [this](int frame) { return path_of(frame); };
        limit_memory(opening_bytes());
        const Log log = [this](LogLevel level, std::string_view text) {
            media::WireWriter line;
            line.value(level);
            line.text(text);
            send(MessageKind::Log, line.written());
        };
        source_ = media::open_source_with(request, log, library_);
        limit_memory(decoding_bytes(static_cast<std::int64_t>(source_->info().frame_bytes)));
        media::WireWriter out;
        media::pack_info(source_->info(), out);
        send(MessageKind::Opened, out.written());
    }

    void read(int number) {
        const HostFrame frame = source().read(number);
        media::WireWriter out;
        out.value(frame.number);
        media::pack_frame(frame, out);
        make_room(media::sample_bytes(frame));
        std::byte* to = map_;
        for (const ImagePart& part : frame.parts) {
            for (const Plane& plane : part.planes) {
                const std::size_t bytes = plane.row_bytes() * static_cast<std::size_t>(plane.height);
                if (bytes > 0) std::memcpy(to, plane.data->data(), bytes);
                to += bytes;
            }
        }
        send(MessageKind::Frame, out.written());
    }

    void send_packet(int number) {
        const media::CodedPacket packet = source().packet(number);
        send(MessageKind::Coded, packet.bytes);
    }

    media::FrameSource& source() {
        if (!source_) throw Error(ErrorKind::Internal, "a frame was asked of a source that is not open");
        return *source_;
    }

    std::filesystem::path path_of(int frame) {
        media::WireWriter question;
        question.value(frame);
        send(MessageKind::PathOf, question.written());
        const Message answer = receive();
        if (answer.kind != MessageKind::Path) throw HungUp{};
        media::WireReader in(answer.body);
        return in.text();
    }

    void make_room(std::size_t bytes) {
        if (bytes <= size_) return;
        media::WireWriter question;
        question.count(bytes);
        send(MessageKind::Room, question.written());
        if (receive().kind != MessageKind::RoomMade) throw HungUp{};
        struct stat status {};
        if (::fstat(decoder_memory, &status) != 0) throw HungUp{};
        if (map_ != nullptr) ::munmap(map_, size_);
        map_ = nullptr;
        size_ = 0;
        const auto size = static_cast<std::size_t>(status.st_size);
        void* map = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, decoder_memory, 0);
        if (map == MAP_FAILED) throw std::bad_alloc();
        map_ = static_cast<std::byte*>(map);
        size_ = size;
    }

    // Memory that this process may not have is asked for by the file; the machine has it.
    static Error blamed(const Error& error) {
        if (error.kind() != ErrorKind::OutOfMemory || !memory_is_limited_here()) return error;
        return {ErrorKind::Input, "cannot be decoded: it needs far more memory than a frame of this source",
                error.context()};
    }

    Message receive() {
        std::optional<Message> message = channel_.receive(endless_, SIZE_MAX);
        if (!message) throw HungUp{};
        return std::move(*message);
    }
    void send(MessageKind kind, std::span<const std::byte> body) {
        if (!channel_.send(kind, body, endless_)) throw HungUp{};
    }

    const media::StillLibrary& library_;
    Channel channel_{Descriptor(decoder_socket)};
    Patience endless_ = Patience::endless();
    std::unique_ptr<media::FrameSource> source_;
    std::byte* map_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace

int serve(const media::StillLibrary& library) {
    constexpr int not_started_by_wetgate = 2, fault = 1;
    if (!tie_life_to(decoder_life)) return not_started_by_wetgate;
    // What a scheduler sends to all processes of a job is for wetgate, which ends its decoders itself.
    for (const int signal_number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
        ::signal(signal_number, SIG_IGN);
    try {
        set_process_limits();
        Server server(library);
        server.say_ready(lock_in());
        for (;;) server.run();
    } catch (const HungUp&) {
        return 0;
    } catch (const std::exception&) {
        return fault;
    }
}

}  // namespace wetgate::isolate
