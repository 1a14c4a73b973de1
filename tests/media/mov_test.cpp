#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

#include "media/mov_audio.h"
#include "media/movie_test_support.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

using tests::test_options;

constexpr int width = 128, height = 72;

std::int64_t position_of(const std::vector<char>& bytes, std::string_view text) {
    const auto found = std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
    return found == bytes.end() ? -1 : found - bytes.begin();
}

std::int64_t big_endian(const std::vector<char>& bytes, std::int64_t at, int count) {
    std::int64_t value = 0;
    for (int i = 0; i < count; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes.at(static_cast<std::size_t>(at + i)));
    return value;
}

TEST_CASE("what is written is what the movie says: packets, rate, timecode, reel, colour") {
    const tests::TempFolder folder;
    for (const Rate rate : {Rate{24000, 1001}, Rate{24, 1}, Rate{25, 1}, Rate{30000, 1001}, Rate{60, 1}}) {
        CAPTURE(to_string(rate));
        MovOptions options;
        options.video = test_options(width, height);
        options.video.rate = rate;
        options.timecode = parse_timecode("01:02:03:04", rate);
        options.reel = "A001_C002";
        const auto packets = tests::test_packets(options.video, 7);
        const auto path = folder / "written.mov";
        tests::write_test_movie(path, options, packets);
        const auto source = tests::open_movie(path);
        const SourceInfo& info = source->info();
        CHECK(info.range == FrameRange{0, 7});
        CHECK(info.rate == rate);
        CHECK(info.rate_is_declared);
        CHECK(info.start_timecode == options.timecode);
        CHECK(info.reel == "A001_C002");
        CHECK(info.color == options.video.color);
        CHECK(info.format == "prores");
        CHECK(info.detail.starts_with("prores 422 HQ, yuv422p10, bt709 limited"));
        CHECK_FALSE(info.has_audio);
        for (int n = 0; n < 7; ++n) CHECK(source->packet(n).bytes == packets[static_cast<std::size_t>(n)]);
        CHECK(source->read(3).timecode == advanced(*options.timecode, 3));
    }
}

TEST_CASE("a drop-frame timecode stays one") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    options.video.rate = {30000, 1001};
    options.timecode = parse_timecode("10:00:59;28", options.video.rate);
    REQUIRE(options.timecode.has_value());
    const auto path = folder / "drop.mov";
    tests::write_test_movie(path, options, tests::test_packets(options.video, 4));
    const auto source = tests::open_movie(path);
    REQUIRE(source->info().start_timecode.has_value());
    CHECK(to_string(*source->info().start_timecode) == "10:00:59;28");
    CHECK(to_string(*source->read(2).timecode) == "10:01:00;02");
}

TEST_CASE("the same inputs give the same bytes, with no clock and no version in them") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    options.timecode = Timecode{86400, options.video.rate, false};
    options.reel = "R1";
    options.metadata = {{"wetgate:job", "demo"}};
    const auto packets = tests::test_packets(options.video, 3);
    tests::write_test_movie(folder / "one.mov", options, packets);
    tests::write_test_movie(folder / "two.mov", options, packets);
    const std::vector<char> bytes = tests::bytes_of(folder / "one.mov");
    CHECK(bytes == tests::bytes_of(folder / "two.mov"));
    CHECK(position_of(bytes, "Lavf") == -1);
    CHECK(position_of(bytes, "Lavc") == -1);
    CHECK(position_of(bytes, "wetgate:job") > 0);
    const std::int64_t movie_header = position_of(bytes, "mvhd");
    REQUIRE(movie_header > 0);
    CHECK(big_endian(bytes, movie_header + 8, 4) == 0);   // creation time
    CHECK(big_endian(bytes, movie_header + 12, 4) == 0);  // modification time
}

TEST_CASE("frame times are whole ticks and colour stands in a colr box") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    tests::write_test_movie(folder / "ticks.mov", options, tests::test_packets(options.video, 5));
    const std::vector<char> bytes = tests::bytes_of(folder / "ticks.mov");
    const std::int64_t media_header = position_of(bytes, "mdhd");
    REQUIRE(media_header > 0);
    CHECK(big_endian(bytes, media_header + 16, 4) == 24000);
    CHECK(big_endian(bytes, media_header + 20, 4) == 5 * 1001);
    const std::int64_t colour = position_of(bytes, "colrnclc");
    REQUIRE(colour > 0);
    for (int i = 0; i < 3; ++i) CHECK(big_endian(bytes, colour + 8 + 2 * i, 2) == 1);
}

TEST_CASE("an untagged picture gets no invented colour") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    options.video.color.primaries = options.video.color.transfer = options.video.color.matrix = 2;
    tests::write_test_movie(folder / "untagged.mov", options, tests::test_packets(options.video, 2));
    const auto source = tests::open_movie(folder / "untagged.mov");
    CHECK(source->info().color.matrix == 2);
    CHECK(source->read(0).color.matrix == 6);  // 72 lines: by convention BT.601
}

TEST_CASE("a failing producer leaves no file") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    {
        AtomicFile file(folder / "half.mov");
        const auto produce = [](std::int64_t) -> std::vector<std::byte> {
            throw Error(ErrorKind::Cancelled, "stopped");
        };
        CHECK_THROWS_AS(write_mov(file, options, 3, produce), Error);
    }
    CHECK(std::filesystem::is_empty(folder.path()));
}

// One channel of 16-bit samples 0, 1, 2 ... (modulo 32768) at 48 kHz, in packets of 1000.
void write_ramp_sound(const std::filesystem::path& path, int samples) {
    AVFormatContext* context = nullptr;
    REQUIRE(avformat_alloc_output_context2(&context, nullptr, "mov", nullptr) >= 0);
    AVStream* track = avformat_new_stream(context, nullptr);
    track->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
    track->codecpar->codec_id = AV_CODEC_ID_PCM_S16LE;
    track->codecpar->sample_rate = 48000;
    av_channel_layout_default(&track->codecpar->ch_layout, 1);
    track->time_base = {1, 48000};
    REQUIRE(avio_open(&context->pb, path.c_str(), AVIO_FLAG_WRITE) >= 0);
    REQUIRE(avformat_write_header(context, nullptr) >= 0);
    for (int at = 0; at < samples; at += 1000) {
        const UniquePacket packet = make_packet();
        REQUIRE(av_new_packet(packet.get(), 2000) >= 0);
        for (int i = 0; i < 1000; ++i) {
            packet->data[2 * i] = static_cast<std::uint8_t>((at + i) & 0xff);
            packet->data[2 * i + 1] = static_cast<std::uint8_t>((at + i) >> 8 & 0x7f);
        }
        packet->pts = packet->dts = at;
        packet->duration = 1000;
        REQUIRE(av_write_frame(context, packet.get()) >= 0);
    }
    REQUIRE(av_write_trailer(context) >= 0);
    avio_closep(&context->pb);
    avformat_free_context(context);
}

TEST_CASE("PCM is cut to the sample") {
    const tests::TempFolder folder;
    write_ramp_sound(folder / "ramp.mov", 48000);
    MovOptions options;
    options.video = test_options(width, height);
    options.video.rate = {24000, 1001};
    options.audio = AudioCopy{folder / "ramp.mov", 3, 5};
    tests::write_test_movie(folder / "cut.mov", options, tests::test_packets(options.video, 5));
    AudioReader reader({folder / "cut.mov", 0, 1000}, options.video.rate);
    std::vector<int> samples;
    while (auto piece = reader.next()) {
        CHECK(piece->packet->pts == static_cast<std::int64_t>(samples.size()));
        for (int i = 0; i + 1 < piece->packet->size; i += 2) {
            samples.push_back(piece->packet->data[i] | piece->packet->data[i + 1] << 8);
        }
    }
    REQUIRE(samples.size() == 5 * 2002);  // 48000 * 1001 / 24000 a frame
    CHECK(samples.front() == 3 * 2002);
    CHECK(samples.back() == 8 * 2002 - 1);
}

TEST_CASE("sound is carried by packet copy over the pictures' time") {
    const auto clip = tests::shared("footage/clips/ax_man_dog_720p.mp4");
    if (!clip) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    const tests::TempFolder folder;
    MovOptions options;
    options.video = test_options(width, height);
    options.video.rate = {30000, 1001};
    options.audio = AudioCopy{*clip, 30, 45};
    const auto packets = tests::test_packets(options.video, 45);
    tests::write_test_movie(folder / "sound.mov", options, packets);
    tests::write_test_movie(folder / "again.mov", options, packets);
    CHECK(tests::bytes_of(folder / "sound.mov") == tests::bytes_of(folder / "again.mov"));
    const auto source = tests::open_movie(folder / "sound.mov");
    CHECK(source->info().has_audio);
    CHECK(source->info().range == FrameRange{0, 45});
    CHECK(source->packet(44).bytes == packets[44]);
    // A part of a part: the written movie is itself a source of sound.
    options.audio = AudioCopy{folder / "sound.mov", 0, 10};
    tests::write_test_movie(folder / "part.mov", options, std::vector(packets.begin(), packets.begin() + 10));
    CHECK(tests::open_movie(folder / "part.mov")->info().has_audio);
}

}  // namespace
}  // namespace wetgate::media
