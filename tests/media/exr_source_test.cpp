#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "media/exr.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace fs = std::filesystem;
using wetgate::Error;
using wetgate::ErrorKind;
using wetgate::PixelModel;
using wetgate::media::MediaKind;
using wetgate::media::open_exr_source;
using wetgate::media::sniff;
using wetgate::media::SourceRequest;
using namespace std::string_literals;

namespace {

SourceRequest sequence(const fs::path& folder, const std::string& stem, wetgate::FrameRange range) {
    SourceRequest request;
    request.display_name = (folder / (stem + ".####.exr")).string();
    request.path_of = [=](int frame) {
        const std::string number = std::to_string(frame);
        return folder / (stem + "." + std::string(4 - number.size(), '0') + number + ".exr");
    };
    request.is_sequence = true;
    request.range = range;
    return request;
}

template <class Call>
Error error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return {ErrorKind::Internal, "nothing was thrown"};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string worked_channel(const wetgate::HostFrame& frame, int index) {
    return frame.worked_part().planes.at(static_cast<std::size_t>(frame.worked.plane[index])).name;
}

}  // namespace

TEST_CASE("a sequence whose first frames are missing opens, and each missing frame is named") {
    const auto folder = wetgate::tests::shared("footage/exr/Beachball");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/exr here");
        return;
    }
    const auto source = open_exr_source(sequence(*folder, "singlepart", {0, 5}), wetgate::silent_log());
    CHECK(source->info().range == wetgate::FrameRange{0, 5});
    CHECK(source->info().format == "exr");
    CHECK(source->info().width > 0);
    CHECK(source->packet(1).bytes.empty());
    const Error missing = error_of([&] { source->read(0); });
    CHECK(missing.kind() == ErrorKind::Input);
    CHECK(missing.message() == "is missing");
    CHECK(missing.context().frame == 0);
    const auto frame = source->read(2);
    CHECK(frame.number == 2);
    CHECK(source->read(1).bytes() == source->info().frame_bytes);  // of the first frame there is
    CHECK(frame.worked.model == PixelModel::Rgb);

    const Error none = error_of([&] {
        open_exr_source(sequence(*folder, "singlepart", {50, 60}), wetgate::silent_log());
    });
    CHECK(none.kind() == ErrorKind::Input);
    CHECK(contains(none.what(), "missing"));
}

TEST_CASE("a part or layer is chosen by name, and one that is not there is answered with those that are") {
    const auto folder = wetgate::tests::shared("footage/exr/Beachball");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/exr here");
        return;
    }
    SourceRequest request = sequence(*folder, "singlepart", {1, 5});
    request.layer = "left";
    CHECK(worked_channel(open_exr_source(request, wetgate::silent_log())->read(1), 0) == "left.R");
    request.layer = "middle";
    const Error layer = error_of([&] { open_exr_source(request, wetgate::silent_log()); });
    CHECK(layer.kind() == ErrorKind::Usage);
    CHECK(contains(layer.message(), "'left'"));

    request = sequence(*folder, "multipart", {1, 5});
    request.part = "1";
    CHECK(open_exr_source(request, wetgate::silent_log())->read(1).worked.part_index == 1);
    request.part = "no such";
    const Error part = error_of([&] { open_exr_source(request, wetgate::silent_log()); });
    CHECK(part.kind() == ErrorKind::Usage);
    CHECK(contains(part.message(), "rgba_right"));
}

TEST_CASE("the rate is the request's, else 24 and not declared") {
    const auto folder = wetgate::tests::shared("footage/exr/Beachball");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/exr here");
        return;
    }
    SourceRequest request = sequence(*folder, "multipart", {1, 2});
    const auto plain = open_exr_source(request, wetgate::silent_log());
    CHECK(plain->info().rate == wetgate::Rate{24, 1});
    CHECK_FALSE(plain->info().rate_is_declared);
    request.rate = wetgate::Rate{24000, 1001};
    const auto asked = open_exr_source(request, wetgate::silent_log());
    CHECK(asked->info().rate == wetgate::Rate{24000, 1001});
    CHECK(asked->info().rate_is_declared);
}

TEST_CASE("media are told apart by their first bytes, whatever their name") {
    const wetgate::tests::TempFolder folder;
    const auto kind = [&](const std::string& bytes) {
        std::ofstream(folder / "x.txt", std::ios::binary | std::ios::trunc) << bytes;
        return sniff(folder / "x.txt");
    };
    CHECK(kind("\x76\x2F\x31\x01\x02") == MediaKind::Exr);
    for (const std::string& still : {"SDPX"s, "XPDS"s, "\x80\x2A\x5F\xD7"s, "\xD7\x5F\x2A\x80"s, "II*\0"s,
                                     "MM\0*"s, "\x89PNG\r\n\x1A\n"s, "\xFF\xD8\xFF\xE0"s}) {
        CHECK(kind(still + "rest") == MediaKind::Still);
    }
    std::string transport(188 * 3, 'x');
    for (std::size_t i = 0; i < 3; ++i) transport[188 * i] = 'G';
    for (const std::string& movie : {"\0\0\0\x14"
                                     "ftypqt  "s,
                                     "\0\0\0\x08wide"s, "\0\0\1\0moov"s, "\x1A\x45\xDF\xA3"s, transport,
                                     "\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02\x01"s, "RIFF1234AVI LIST"s,
                                     "\0\0\0\x01\x67\x42"s, "\0\0\x01\x40\x01"s}) {
        CHECK(kind(movie) == MediaKind::Movie);
    }
    for (const std::string& other :
         {""s, "hello, this is text"s, "RIFF1234WAVEfmt "s, std::string(600, '\0')}) {
        CHECK(error_of([&] { kind(other); }).kind() == ErrorKind::Input);
    }
    CHECK(error_of([&] { sniff(folder / "none"); }).message() == "is missing");
    CHECK(error_of([&] { sniff(folder.path()); }).kind() == ErrorKind::Input);
}
