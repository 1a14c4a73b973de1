// A decoder that a file took over: it opens well and then answers what $LIE says.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "isolate/channel.h"
#include "isolate/serve.h"
#include "media/frame_wire.h"

using namespace std::chrono_literals;
using wetgate::isolate::Channel;
using wetgate::isolate::MessageKind;
using wetgate::media::WireWriter;

namespace {

constexpr int width = 4, height = 2;

wetgate::HostFrame frame_of(int samples) {
    wetgate::HostFrame frame;
    wetgate::ImagePart part;
    part.window = {0, 0, width, height};
    part.planes = {{"Y", wetgate::SampleType::U8, 1, 1, samples, height, nullptr}};
    frame.parts = {part};
    frame.worked = {wetgate::PixelModel::Luminance, 0, {0, -1, -1}};
    frame.color.bits = 8;
    frame.display_window = part.window;
    return frame;
}

class Liar {
public:
    void run() {
        WireWriter nothing;
        nothing.text("");
        send(MessageKind::Ready, nothing.written());
        for (;;) {
            const auto message = channel_.receive(endless_, SIZE_MAX);
            if (!message) return;
            if (message->kind == MessageKind::Open) open();
            if (message->kind == MessageKind::Read)
                lie(wetgate::media::WireReader(message->body).value<int>());
        }
    }

private:
    void send(MessageKind kind, std::span<const std::byte> body) { channel_.send(kind, body, endless_); }

    void open() {
        wetgate::media::SourceInfo info;
        info.range = {0, 10};
        info.width = lie_ == "info" ? -1 : width;
        info.height = height;
        WireWriter out;
        pack_info(info, out);
        send(MessageKind::Opened, out.written());
    }

    void answer(int number, const wetgate::HostFrame& frame) {
        WireWriter out;
        out.value(number);
        pack_frame(frame, out);
        send(MessageKind::Frame, out.written());
    }

    static void die() {
        ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make an exit of it
        ::raise(SIGSEGV);
    }

    void lie(int number) {
        if (lie_ == "die once" && number == 3 && served_ > 0) die();
        if (lie_ == "segv" && number == 3) die();
        if (lie_ == "kill" && number == 3) ::raise(SIGKILL);
        if (lie_ == "exit" && number == 3) ::_exit(3);
        while (lie_ == "hang" && number == 3) ::pause();
        if (lie_ == "another frame") return answer(number + 1, frame_of(width));
        if (lie_ == "wide plane") return answer(number, frame_of(1 << 20));
        if (lie_ == "negative plane") return answer(number, frame_of(-width));
        if (lie_ == "no samples") return answer(number, frame_of(width));
        if (lie_ == "garbage") {
            std::vector<std::byte> bytes(1000);
            for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 % 251);
            return send(MessageKind::Frame, bytes);
        }
        if (lie_ == "unknown kind") return send(static_cast<MessageKind>(200), {});
        if (lie_ == "unasked") return send(MessageKind::Coded, {});
        WireWriter room;
        room.count(lie_ == "much room" ? SIZE_MAX / 2 : width * height);
        while (lie_ == "talk") {
            WireWriter line;
            line.value(wetgate::LogLevel::Info);
            line.text("and");
            send(MessageKind::Log, line.written());
        }
        send(MessageKind::Room, room.written());
        channel_.receive(endless_, SIZE_MAX);
        ++served_;
        answer(number, frame_of(width));
    }

    const std::string lie_ = std::getenv("LIE") == nullptr ? "" : std::getenv("LIE");
    Channel channel_{wetgate::isolate::Descriptor(wetgate::isolate::decoder_socket)};
    wetgate::isolate::Patience endless_ = wetgate::isolate::Patience::endless();
    int served_ = 0;
};

}  // namespace

int main() {
    Liar().run();
}
