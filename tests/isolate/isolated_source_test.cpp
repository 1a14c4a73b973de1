#include "isolate/isolated_source.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "core/atomic_file.h"
#include "core/error.h"
#include "media/exr.h"
#include "media/frame_wire.h"
#include "media/still.h"
#include "media/worked.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::HostFrame;
using wetgate::silent_log;
using wetgate::isolate::DecoderPool;
using wetgate::media::FrameSource;
using wetgate::media::SourceRequest;

namespace {

std::shared_ptr<DecoderPool> decoders(const char* program = DECODER) {
    return std::make_shared<DecoderPool>(wetgate::isolate::DecoderSettings{program, 60s});
}

SourceRequest request_for(const fs::path& file) {
    SourceRequest request;
    request.display_name = file.string();
    request.path_of = [file](int) { return file; };
    return request;
}

bool same_samples(const HostFrame& a, const HostFrame& b) {
    for (std::size_t p = 0; p < a.parts.size(); ++p) {
        for (std::size_t i = 0; i < a.parts[p].planes.size(); ++i) {
            const auto& left = a.parts[p].planes[i].data;
            const auto& right = b.parts.at(p).planes.at(i).data;
            if (left->size() != right->size() || std::memcmp(left->data(), right->data(), left->size()) != 0)
                return false;
        }
    }
    return true;
}

std::vector<std::byte> described(const HostFrame& frame) {
    wetgate::media::WireWriter out;
    wetgate::media::pack_frame(frame, out);
    return out.written();
}

// The first frames of a source, or why there are none.
struct Outcome {
    std::vector<HostFrame> frames;
    std::vector<std::string> refusals;
    std::vector<std::byte> info;
};

Outcome outcome_of(const std::function<std::unique_ptr<FrameSource>()>& open, int most) {
    Outcome outcome;
    const auto refused = [&](const Error& error) {
        outcome.refusals.push_back(std::to_string(static_cast<int>(error.kind())) + " " + error.what());
    };
    try {
        const auto source = open();
        wetgate::media::WireWriter info;
        wetgate::media::pack_info(source->info(), info);
        outcome.info = info.written();
        const int first = source->info().range.first;
        for (int frame = first; frame < std::min(first + most, source->info().range.end); ++frame) {
            try {
                outcome.frames.push_back(source->read(frame));
                const auto packet = source->packet(frame).bytes;
                outcome.info.insert(outcome.info.end(), packet.begin(), packet.end());
            } catch (const Error& error) {
                refused(error);
            }
        }
    } catch (const Error& error) {
        refused(error);
    }
    return outcome;
}

void check_same(const SourceRequest& request, const std::shared_ptr<DecoderPool>& pool, int most = 3) {
    CAPTURE(request.display_name);
    const Outcome here = outcome_of([&] { return wetgate::media::open_source(request, silent_log()); }, most);
    const Outcome there =
        outcome_of([&] { return wetgate::isolate::open_source(request, silent_log(), pool); }, most);
    CHECK(here.refusals == there.refusals);
    CHECK(here.info == there.info);
    REQUIRE(here.frames.size() == there.frames.size());
    for (std::size_t i = 0; i < here.frames.size(); ++i) {
        CHECK(here.frames[i].number == there.frames[i].number);
        CHECK(described(here.frames[i]) == described(there.frames[i]));
        CHECK(same_samples(here.frames[i], there.frames[i]));
    }
}

HostFrame noise(int width, int height, wetgate::SampleType type, int bits) {
    HostFrame like;
    like.display_window = {0, 0, width, height};
    wetgate::FloatImage image = wetgate::make_float_image(like.display_window);
    for (std::size_t i = 0; i < 3 * image.window.area(); ++i)
        image.channel(0)[i] = static_cast<float>(i * 7919 % 1000) / 999.0F;
    return wetgate::media::make_rgb_frame(like, image, type, bits, std::nullopt);
}

Error error_of(FrameSource& source, int frame) {
    try {
        source.read(frame);
    } catch (const Error& error) {
        return error;
    }
    FAIL("the frame was read");
    std::abort();
}

/// A source of the lying decoder, which tells this lie.
struct Lie {
    explicit Lie(const char* lie, std::chrono::seconds limit = 60s) {
        ::setenv("LIE", lie, 1);
        pool = std::make_shared<DecoderPool>(wetgate::isolate::DecoderSettings{LYING_DECODER, limit});
        source = wetgate::isolate::open_source(request_for("some.file"), silent_log(), pool);
    }
    ~Lie() { ::unsetenv("LIE"); }

    std::shared_ptr<DecoderPool> pool;
    std::unique_ptr<FrameSource> source;
};

}  // namespace

TEST_CASE("stills come through another process with samples, geometry and what their files said") {
    const wetgate::tests::TempFolder folder;
    const auto pool = decoders();
    const auto check = [&](const char* name, const HostFrame& frame, const char* type, int bits) {
        wetgate::write_atomic(folder / name, wetgate::media::encode_still(frame, {type, bits, {24, 1}, ""}));
        check_same(request_for(folder / name), pool);
        const auto source = wetgate::isolate::open_source(request_for(folder / name), silent_log(), pool);
        const HostFrame there = source->read(source->info().range.first);
        CHECK(wetgate::media::encode_still(there, {type, bits, {24, 1}, ""}) ==
              wetgate::media::encode_still(wetgate::media::read_still(folder / name, 0, {}),
                                           {type, bits, {24, 1}, ""}));
    };
    check("a.dpx", noise(37, 11, wetgate::SampleType::U16, 10), "dpx", 10);
    check("a.tif", noise(37, 11, wetgate::SampleType::U16, 16), "tiff", 16);
    check("a.png", noise(37, 11, wetgate::SampleType::U8, 8), "png", 8);
    check("a.jpg", noise(37, 11, wetgate::SampleType::U8, 8), "jpeg", 8);
    wetgate::write_atomic(folder / "a.exr",
                          wetgate::media::encode_exr(noise(37, 11, wetgate::SampleType::Half, 0), {}));
    check_same(request_for(folder / "a.exr"), pool);
}

TEST_CASE("a missing, an empty and a truncated file are refused in the same words") {
    const wetgate::tests::TempFolder folder;
    const auto pool = decoders();
    check_same(request_for(folder / "none.exr"), pool);
    std::ofstream(folder / "empty.exr").flush();
    check_same(request_for(folder / "empty.exr"), pool);
    auto bytes = wetgate::media::encode_exr(noise(64, 64, wetgate::SampleType::Half, 0), {});
    bytes.resize(bytes.size() / 2);
    wetgate::write_atomic(folder / "half.exr", bytes);
    check_same(request_for(folder / "half.exr"), pool);
    SourceRequest sequence = request_for(folder / "none.exr");
    sequence.is_sequence = true;
    sequence.range = wetgate::FrameRange{1, 5};
    check_same(sequence, pool);
}

TEST_CASE("every file of the footage gives the same frames, or the same refusal, in another process") {
    for (const char* name : {"footage/exr", "footage/clips", "footage/damaged"}) {
        const auto folder = wetgate::tests::shared(name);
        if (!folder) {
            MESSAGE("skipped: no ../shared/", std::string(name), " here");
            continue;
        }
        const auto pool = decoders();
        int files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(*folder)) {
            if (!entry.is_regular_file()) continue;
            check_same(request_for(entry.path()), pool, 2);
            ++files;
        }
        CHECK(files > 0);
    }
}

TEST_CASE("a decoder is kept for the next source") {
    const wetgate::tests::TempFolder folder;
    const auto pool = decoders();
    wetgate::write_atomic(folder / "a.exr",
                          wetgate::media::encode_exr(noise(8, 8, wetgate::SampleType::Half, 0), {}));
    wetgate::isolate::open_source(request_for(folder / "a.exr"), silent_log(), pool);
    CHECK(pool->take(silent_log())->answered == 1);
    CHECK(pool->take(silent_log())->answered == 0);
}

TEST_CASE("a frame that its decoder dies of is refused, and the others are read") {
    for (const auto& [lie, why] :
         {std::pair("segv", "cannot be decoded: the decoder died by SIGSEGV"),
          std::pair("exit", "cannot be decoded: the decoder ended with exit code 3")}) {
        const Lie told(lie);
        CHECK(told.source->read(2).number == 2);
        const Error error = error_of(*told.source, 3);
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(error.message() == why);
        CHECK(error.context().frame == 3);
        CHECK(error.context().file == "some.file");
        CHECK(told.source->read(4).number == 4);
        CHECK(error_of(*told.source, 3).message() == why);
    }
}

TEST_CASE("a frame is not blamed for what its decoder saw before") {
    const Lie told("die once");
    CHECK(told.source->read(2).number == 2);
    CHECK(told.source->read(3).number == 3);
}

TEST_CASE("a decoder that takes longer than the limit is ended") {
    const Lie told("hang", 1s);
    const Error error = error_of(*told.source, 3);
    CHECK(error.kind() == ErrorKind::Input);
    CHECK(error.message() == "cannot be decoded: the decoder was not done after 1 s and was ended");
    CHECK(told.source->read(4).number == 4);
}

TEST_CASE("a decoder that is killed from outside is no fault of the frame") {
    const Lie told("kill");
    CHECK(error_of(*told.source, 3).kind() == ErrorKind::OutOfMemory);
}

TEST_CASE("what a decoder says is not believed") {
    for (const char* lie : {"another frame", "wide plane", "negative plane", "no samples", "garbage",
                            "unknown kind", "unasked", "much room", "talk"}) {
        CAPTURE(lie);
        const Lie told(lie);
        const Error error = error_of(*told.source, 3);
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(error.message().starts_with("cannot be decoded: the decoder's answer makes no sense: "));
    }
    CHECK_THROWS_AS(Lie("info"), Error);
}

TEST_CASE("a decoder that is not there or does not speak is an internal fault that names it") {
    for (const char* program : {"/nonexistent/wetgate-decoder", "/bin/true"}) {
        try {
            wetgate::isolate::open_source(request_for("some.file"), silent_log(), decoders(program));
            FAIL("it was opened");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Internal);
            CHECK(error.context().file == program);
        }
    }
}

TEST_CASE("a packed frame that was cut short or altered is refused, or describes a frame within the limits") {
    SourceRequest request = request_for("some.file");
    HostFrame frame = noise(9, 5, wetgate::SampleType::U16, 10);
    frame.timecode = wetgate::Timecode{86400, {24000, 1001}, false};
    const std::vector<std::byte> whole = described(frame);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        wetgate::media::WireReader in{std::span(whole).first(size)};
        CHECK_THROWS_AS(wetgate::media::unpack_frame(in, request), wetgate::media::WireFault);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
            std::vector<std::byte> altered = whole;
            altered[at] = static_cast<std::byte>(value);
            wetgate::media::WireReader in(altered);
            try {
                const HostFrame read = wetgate::media::unpack_frame(in, request);
                CHECK(wetgate::media::sample_bytes(read) <=
                      static_cast<std::size_t>(request.limits.max_decoded_bytes));
                CHECK(read.worked_part().planes.size() <= 3);
            } catch (const wetgate::media::WireFault&) {
            }
        }
    }
}
