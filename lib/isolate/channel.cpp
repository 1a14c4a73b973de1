#include "isolate/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "media/wire.h"

namespace wetgate::isolate {

Descriptor::~Descriptor() {
    if (is_open()) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        if (is_open()) ::close(number_);
        number_ = other.release();
    }
    return *this;
}

int Descriptor::release() {
    return std::exchange(number_, -1);
}

int Patience::wait(int descriptor, short events) {
    using namespace std::chrono_literals;
    using Clock = std::chrono::steady_clock;
    for (;;) {
        const std::chrono::milliseconds slice = std::clamp(left_, 0ms, std::chrono::milliseconds(1s));
        pollfd state{descriptor, events, 0};
        const auto start = Clock::now();
        const int found = ::poll(&state, 1, static_cast<int>(slice.count()));
        if (found > 0) return 1;
        if (found < 0 && errno != EINTR) return -1;
        if (left_ != std::chrono::milliseconds::max()) {
            const auto spent = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - start);
            left_ -= std::min(spent, 2 * slice);  // the rest of it this process was not running
        }
        if (left_ <= 0ms) return 0;
    }
}

bool Channel::wait(short events, Patience& patience) {
    const int found = patience.wait(socket_.number(), events);
    if (found <= 0) end_ = found == 0 ? End::Late : End::Closed;
    return found > 0;
}

bool Channel::read(std::byte* to, std::size_t size, Patience& patience) {
    while (size > 0) {
        if (!wait(POLLIN, patience)) return false;
        const ssize_t got = ::recv(socket_.number(), to, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            end_ = End::Closed;
            return false;
        }
        to += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool Channel::write(std::span<const std::byte> bytes, Patience& patience) {
    while (!bytes.empty()) {
        if (!wait(POLLOUT, patience)) return false;
        const ssize_t put = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (put < 0) {
            end_ = End::Closed;
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
}

bool Channel::send(MessageKind kind, std::span<const std::byte> body, Patience& patience) {
    media::WireWriter head;
    head.value(kind);
    head.count(body.size());
    return write(head.written(), patience) && write(body, patience);
}

std::optional<Message> Channel::receive(Patience& patience, std::size_t most_bytes) {
    std::byte head[1 + sizeof(std::uint64_t)];
    if (!read(head, sizeof head, patience)) return std::nullopt;
    media::WireReader reader(head);
    Message message;
    message.kind = reader.choice(MessageKind::Log);
    std::size_t left = reader.count(most_bytes);
    constexpr std::size_t step = std::size_t{1} << 20;
    while (left > 0) {
        const std::size_t size = std::min(left, std::max(step, message.body.size()));
        const std::size_t at = message.body.size();
        message.body.resize(at + size);
        if (!read(message.body.data() + at, size, patience)) return std::nullopt;
        left -= size;
    }
    return message;
}

}  // namespace wetgate::isolate
