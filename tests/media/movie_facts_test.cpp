#include "media/movie_facts.h"

#include <doctest/doctest.h>

#include "media/mov_atoms.h"
#include "media/movie_test_support.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

using tests::test_options;

MovOptions options_of(const Rate& rate) {
    MovOptions options;
    options.video = test_options(64, 36);
    options.video.rate = rate;
    options.reel = "A001_C002";
    return options;
}

void put_number(std::vector<char>& bytes, std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

/// A WAV file of one channel at 48 kHz whose samples count 0, 1, 2 ... (modulo 32768).
void write_ramp_wav(const std::filesystem::path& path, int samples) {
    std::vector<char> bytes;
    const auto text = [&](std::string_view word) { bytes.insert(bytes.end(), word.begin(), word.end()); };
    text("RIFF");
    put_number(bytes, static_cast<std::uint64_t>(36 + 2 * samples), 4);
    text("WAVEfmt ");
    put_number(bytes, 16, 4);
    put_number(bytes, 1, 2);
    put_number(bytes, 1, 2);
    put_number(bytes, 48000, 4);
    put_number(bytes, 96000, 4);
    put_number(bytes, 2, 2);
    put_number(bytes, 16, 2);
    text("data");
    put_number(bytes, static_cast<std::uint64_t>(2 * samples), 4);
    for (int i = 0; i < samples; ++i) put_number(bytes, static_cast<std::uint64_t>(i & 0x7FFF), 2);
    tests::put_bytes(path, bytes);
}

}  // namespace

TEST_CASE("a movie says the same in all its places") {
    const tests::TempFolder folder;
    for (const Rate& rate : {Rate{24000, 1001}, Rate{24, 1}, Rate{25, 1}, Rate{30000, 1001}, Rate{30, 1},
                             Rate{48000, 1001}, Rate{48, 1}, Rate{50, 1}, Rate{60000, 1001}, Rate{60, 1}}) {
        for (const bool drop : {false, true}) {
            if (drop && (rate.nominal() % 30 != 0 || rate.den == 1)) continue;
            CAPTURE(to_string(rate));
            MovOptions options = options_of(rate);
            options.timecode = parse_timecode(drop ? "10:00:59;28" : "10:00:59:23", rate);
            REQUIRE(options.timecode);
            options.video.pixel_aspect = 10.0F / 11.0F;
            options.clean_aperture = CleanAperture{60, 1, 34, 1, 1, 2, -1, 2};
            options.video.color.primaries = 9;
            options.video.color.transfer = 16;
            options.video.color.matrix = 9;
            const auto path = folder / "facts.mov";
            tests::write_test_movie(path, options, tests::test_packets(options.video, 3));
            const MovieFacts facts = movie_facts(path);
            CHECK(facts.codec == "prores 422 HQ");
            CHECK(facts.rate == rate);
            CHECK(facts.frames == 3);
            CHECK(facts.start == options.timecode);
            CHECK(facts.reel == "A001_C002");
            CHECK(facts.pixel_aspect == doctest::Approx(10.0 / 11.0).epsilon(1e-4));
            CHECK(facts.clean_aperture == options.clean_aperture);
            CHECK(facts.stream_tags.primaries == 9);
            CHECK(facts.stream_tags.transfer == 16);
            CHECK(facts.stream_tags.matrix == 9);
            CHECK(facts.colr == ColorTags{9, 16, 9});
            CHECK(facts.prores == ColorTags{9, 16, 9});
            CHECK(facts.audio.empty());
        }
    }
}

TEST_CASE("a movie without tags, timecode or clean aperture says so") {
    const tests::TempFolder folder;
    MovOptions options = options_of({24, 1});
    options.reel.clear();
    options.video.color.primaries = options.video.color.transfer = options.video.color.matrix = 2;
    tests::write_test_movie(folder / "bare.mov", options, tests::test_packets(options.video, 1));
    const MovieFacts facts = movie_facts(folder / "bare.mov");
    CHECK_FALSE(facts.start);
    CHECK(facts.reel.empty());
    CHECK_FALSE(facts.clean_aperture);
    CHECK(facts.prores == ColorTags{2, 2, 2});
    CHECK_FALSE(start_timecode(folder / "bare.mov", {24, 1}));
}

TEST_CASE("the sound of a WAV file is cut to the sample, at either end and where it begins late") {
    const tests::TempFolder folder;
    write_ramp_wav(folder / "ramp.wav", 48000);
    CHECK_FALSE(start_timecode(folder / "ramp.wav", {24, 1}));
    const auto cut = [&](std::int64_t first, int frames) {
        MovOptions options = options_of({24, 1});
        options.audio = AudioCopy{folder / "ramp.wav", first, frames};
        tests::write_test_movie(folder / "cut.mov", options, tests::test_packets(options.video, frames));
        return movie_facts(folder / "cut.mov").audio.at(0);
    };
    const MovieFacts::Audio middle = cut(6, 4);
    CHECK(middle.codec == "pcm_s16le");
    CHECK(middle.sample_rate == 48000);
    CHECK(middle.channels == 1);
    CHECK(middle.first_sample == 0);
    CHECK(middle.samples == 4 * 2000);
    std::string expected;
    for (int i = 6 * 2000; i < 10 * 2000; ++i) {
        expected += static_cast<char>(i & 0xFF);
        expected += static_cast<char>(i >> 8 & 0x7F);
    }
    CHECK(middle.packet_hash == content_hash(expected));
    const MovieFacts::Audio late = cut(-2, 4);  // the sound begins at the third picture
    CHECK(late.first_sample == 2 * 2000);
    CHECK(late.samples == 2 * 2000);
    const MovieFacts::Audio ends = cut(22, 4);  // the sound ends after two pictures
    CHECK(ends.samples == 2 * 2000);
}

TEST_CASE("sound copied whole has the same bytes, and a part of it ends with the pictures") {
    const auto clip = tests::shared("footage/clips/ax_man_dog_720p.mp4");
    if (!clip) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    const tests::TempFolder folder;
    const MovieFacts source = movie_facts(*clip);
    REQUIRE(source.audio.size() == 1);
    CHECK(source.codec == "h264 Constrained Baseline");
    CHECK_FALSE(source.prores);
    const auto copy = [&](std::int64_t first, std::int64_t frames) {
        MovOptions options = options_of(source.rate);
        options.audio = AudioCopy{*clip, first, frames};
        const auto packets = tests::test_packets(options.video, 1);
        AtomicFile file(folder / "copy.mov");
        write_mov(file, options, frames, [&](std::int64_t) { return packets[0]; });
        file.commit();
        return movie_facts(folder / "copy.mov").audio.at(0);
    };
    CHECK(copy(0, source.frames).packet_hash == source.audio[0].packet_hash);
    const MovieFacts::Audio part = copy(31, 45);
    CHECK(part.first_sample == 0);
    CHECK(part.samples == 66216);  // 45 * 1001 / 30000 s at 44.1 kHz, though the last packet lasts longer
    CHECK(part.packet_bytes < source.audio[0].packet_bytes);
}

TEST_CASE("damaged headers are refused, and never read past their end") {
    const tests::TempFolder folder;
    MovOptions options = options_of({24, 1});
    options.clean_aperture = CleanAperture{60, 1, 34, 1, 0, 1, 0, 1};
    tests::write_test_movie(folder / "good.mov", options, tests::test_packets(options.video, 1));
    MovieFile file(folder / "good.mov");
    const std::vector<std::byte> whole = to_bytes(*read_movie_header(file));
    CHECK(to_bytes(parse_movie_header(whole)) == whole);
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::vector<std::byte> bytes = whole;
        bytes[at] = ~bytes[at];
        try {
            parse_movie_header(bytes);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            ++refused;
        }
    }
    CHECK(refused > 50);  // sizes and types of atoms
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK_THROWS_AS(parse_movie_header(std::span(whole).first(length)), Error);
}

}  // namespace wetgate::media
