#include "isolate/isolated_source.h"

#include <fmt/format.h>

#include <cstring>
#include <new>
#include <utility>

#include "core/error.h"
#include "isolate/error_wire.h"
#include "media/frame_wire.h"

namespace wetgate::isolate {
namespace {

namespace fs = std::filesystem;

constexpr int open_factor = 10;  // opening may read a whole movie's index
constexpr int most_open_deaths = 16;
constexpr int most_log_lines = 1000;  // an answer

/// The decoder is gone, or has to go.
struct Death {
    std::string why;
    bool is_from_outside = false;
    bool is_late = false;
};

class IsolatedSource final : public media::FrameSource {
public:
    IsolatedSource(const media::SourceRequest& request, Log log, std::shared_ptr<DecoderPool> pool)
        : request_(request), log_(std::move(log)), pool_(std::move(pool)) {
        decoder_ = pool_->take(log_);
        for (int deaths = 0;;) {
            try {
                open();
                return;
            } catch (const Death& death) {
                drop();
                if (!is_blamed(death)) {
                    decoder_ = pool_->start(log_);
                    continue;
                }
                // A sequence is open when any frame of it says what it is: see media::open_source().
                const fs::path file = request_.path_of(asked_for_);
                if (death.is_from_outside || !request_.is_sequence || ++deaths == most_open_deaths)
                    throw error_of(death, {file.string(), {}, {}});
                pool_->remember_death(file, asked_for_, death.why);
                log_(LogLevel::Warning, fmt::format("{}: {}", file.string(), death.why));
                decoder_ = pool_->start(log_);
            } catch (const Error&) {
                if (is_answered_) pool_->give_back(std::move(decoder_));
                throw;
            }
        }
    }

    ~IsolatedSource() override {
        try {
            if (decoder_ && is_answered_) pool_->give_back(std::move(decoder_));
        } catch (const std::bad_alloc&) {
            // The pool has one less.
        }
    }
    IsolatedSource(const IsolatedSource&) = delete;
    IsolatedSource& operator=(const IsolatedSource&) = delete;

    const media::SourceInfo& info() const override { return info_; }
    fs::path file_of(int frame) const override { return request_.path_of(frame); }

    HostFrame read(int frame) override {
        return outlived(frame,
                        [&] { return frame_of(ask(MessageKind::Read, frame, MessageKind::Frame), frame); });
    }

    media::CodedPacket packet(int frame) override {
        return outlived(frame, [&] {
            return media::CodedPacket{ask(MessageKind::Packet, frame, MessageKind::Coded).body};
        });
    }

private:
    // Does `work`, with a new decoder where the old one is dead or dies of what it saw before.
    template <class Work>
    auto outlived(int frame, const Work& work) -> decltype(work()) {
        const fs::path file = request_.path_of(frame);
        const ErrorContext here{file.string(), {}, frame};
        if (const auto why = pool_->death_of(file, frame)) throw Error(ErrorKind::Input, *why, here);
        for (;;) {
            try {
                if (!decoder_) {
                    decoder_ = pool_->start(log_);
                    open();
                }
                auto result = work();
                is_fresh_ = false;
                return result;
            } catch (const Death& death) {
                drop();
                if (!is_blamed(death)) continue;
                if (!death.is_from_outside) pool_->remember_death(file, frame, death.why);
                throw error_of(death, here);
            } catch (const Error&) {
                if (!is_answered_) drop();
                is_fresh_ = false;
                throw;
            }
        }
    }

    void drop() { decoder_.reset(); }

    static Error error_of(const Death& death, const ErrorContext& where) {
        return {death.is_from_outside ? ErrorKind::OutOfMemory : ErrorKind::Input, death.why, where};
    }

    // Not for what an earlier frame may have broken.
    bool is_blamed(const Death& death) const { return is_fresh_ || death.is_late; }

    void open() {
        is_fresh_ = decoder_->answered == 0;
        is_answered_ = false;
        media::WireWriter out;
        media::pack_request(request_, out);
        const Message opened = exchange(MessageKind::Open, out.written(), MessageKind::Opened,
                                        pool_->settings().frame_limit * open_factor);
        media::WireReader in(opened.body);
        media::SourceInfo info = sensible([&] { return media::unpack_info(in, request_); });
        if (info_.range.empty()) info_ = std::move(info);  // what was once said stays
    }

    Message ask(MessageKind kind, int frame, MessageKind answer) {
        is_answered_ = false;
        media::WireWriter out;
        out.value(frame);
        return exchange(kind, out.written(), answer, pool_->settings().frame_limit);
    }

    Message exchange(MessageKind kind, std::span<const std::byte> body, MessageKind answer,
                     std::chrono::seconds limit) {
        Patience patience(limit);
        Channel& channel = decoder_->channel();
        if (!channel.send(kind, body, patience)) throw death(limit);
        for (int lines = 0;;) {
            std::optional<Message> message = sensible([&] {
                return channel.receive(patience, static_cast<std::size_t>(request_.limits.max_decoded_bytes));
            });
            if (!message) throw death(limit);
            media::WireReader in(message->body);
            if (message->kind == answer) {
                ++decoder_->answered;
                is_answered_ = true;
                return std::move(*message);
            }
            if (message->kind == MessageKind::Failed) {
                const Error error = sensible([&] { return unpacked_error(in); });
                ++decoder_->answered;
                is_answered_ = true;
                throw error;
            }
            if (message->kind == MessageKind::Log && ++lines > most_log_lines)
                throw nonsense("it only talks");
            sensible([&] { help(message->kind, in, patience); });
        }
    }

    // What the decoder asks back, and its log.
    void help(MessageKind kind, media::WireReader& in, Patience& patience) {
        media::WireWriter out;
        if (kind == MessageKind::PathOf) {
            asked_for_ = in.value<int>();
            const fs::path file = request_.path_of(asked_for_);
            // What a decoder died of is not shown to the next: no file has an empty name.
            out.text(pool_->death_of(file, asked_for_) ? std::string() : file.string());
            decoder_->channel().send(MessageKind::Path, out.written(), patience);
        } else if (kind == MessageKind::Room) {
            decoder_->make_room(in.count(static_cast<std::size_t>(request_.limits.max_decoded_bytes)));
            decoder_->channel().send(MessageKind::RoomMade, {}, patience);
        } else if (kind == MessageKind::Log) {
            const auto level = in.choice(LogLevel::Error);
            log_(level, in.text());
        } else {
            throw media::WireFault("a message that nobody asked for");
        }
    }

    HostFrame frame_of(const Message& message, int number) {
        return sensible([&] {
            media::WireReader in(message.body);
            if (in.value<int>() != number) throw media::WireFault("another frame");
            HostFrame frame = media::unpack_frame(in, request_);
            in.end();
            frame.number = number;
            std::span<const std::byte> samples = decoder_->memory();
            if (media::sample_bytes(frame) > samples.size())
                throw media::WireFault("samples that are not there");
            for (ImagePart& part : frame.parts) {
                for (Plane& plane : part.planes) {
                    plane = make_plane(plane.name, plane.type, plane.width, plane.height, plane.x_sampling,
                                       plane.y_sampling);
                    std::memcpy(plane.data->data(), samples.data(), plane.data->size());
                    samples = samples.subspan(plane.data->size());
                }
            }
            return frame;
        });
    }

    // What throws WireFault is the decoder's fault.
    template <class Work>
    auto sensible(const Work& work) -> decltype(work()) {
        try {
            return work();
        } catch (const media::WireFault& fault) {
            throw nonsense(fault.what());
        }
    }

    static Death nonsense(const std::string& what) {
        return {"cannot be decoded: the decoder's answer makes no sense: " + what, false, false};
    }

    Death death(std::chrono::seconds limit) {
        if (decoder_->channel().end() == Channel::End::Late) {
            if (decoder_->waits_for_disk())
                throw Error(ErrorKind::Temporary,
                            fmt::format("was not read within {} s: the disk or the network does not answer",
                                        limit.count()));
            return {fmt::format("cannot be decoded: the decoder was not done after {} s and was ended",
                                limit.count()),
                    false, true};
        }
        const Ending ending = decoder_->end();
        if (ending.is_from_outside())
            return {"the decoder " + ending.text() +
                        " from outside, as happens when the machine has no memory left",
                    true, false};
        return {"cannot be decoded: the decoder " + ending.text(), false, false};
    }

    const media::SourceRequest request_;
    const Log log_;
    const std::shared_ptr<DecoderPool> pool_;
    std::unique_ptr<DecoderProcess> decoder_;  // nullptr after it died, until the next frame
    media::SourceInfo info_;
    int asked_for_ = 0;        // the last frame whose file the decoder asked for
    bool is_fresh_ = false;    // the decoder has seen nothing but this source's opening
    bool is_answered_ = true;  // the decoder waits for the next request
};

}  // namespace

std::unique_ptr<media::FrameSource> open_source(const media::SourceRequest& request, const Log& log,
                                                const std::shared_ptr<DecoderPool>& decoders) {
    if (!decoders) return media::open_source(request, log);
    return std::make_unique<IsolatedSource>(request, log, decoders);
}

}  // namespace wetgate::isolate
