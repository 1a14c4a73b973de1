// How a frame becomes an EXR, and what is checked of the file; the rest of OutputWriter is in
// output_writer.cpp.
#include <algorithm>

#include "core/error.h"
#include "media/aces_container.h"
#include "media/worked.h"
#include "pipeline/output_writer.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

bool is_aces(const spec::OutputSpec& output) {
    return output.profile == "aces-2065-4";
}

// Its samples are those that were read from the source.
bool is_as_read(const FinishedFrame& frame, const HostFrame& own) {
    const std::vector<ImagePart>& read = frame.source->host->parts;
    return !frame.source->substitute &&
           std::equal(own.parts.begin(), own.parts.end(), read.begin(), read.end(),
                      [](const ImagePart& a, const ImagePart& b) {
                          return std::equal(a.planes.begin(), a.planes.end(), b.planes.begin(),
                                            b.planes.end(),
                                            [](const Plane& c, const Plane& d) { return c.data == d.data; });
                      });
}

// Attributes of one part that another has not, or has otherwise.
std::vector<std::string> lost_attributes(const std::vector<media::RawAttribute>& before,
                                         const std::vector<media::RawAttribute>& after,
                                         const std::vector<std::string>& expected) {
    std::vector<std::string> lost;
    for (const media::RawAttribute& attribute : before) {
        if (std::find(expected.begin(), expected.end(), attribute.name) != expected.end()) continue;
        const bool kept = std::any_of(after.begin(), after.end(), [&](const media::RawAttribute& other) {
            return other.name == attribute.name && other.type == attribute.type &&
                   other.value == attribute.value;
        });
        if (!kept) lost.push_back(attribute.name);
    }
    return lost;
}

}  // namespace

media::ExrWriteOptions OutputWriter::exr_options(const spec::OutputSpec& output, const FinishedFrame& frame,
                                                 const HostFrame& own) const {
    media::ExrWriteOptions options;
    options.compression = output.compression;
    if (output.pixel == spec::PixelChoice::Half) options.pixel = SampleType::Half;
    if (output.pixel == spec::PixelChoice::Float) options.pixel = SampleType::F32;
    if (output.dwa_level) options.dwa_level = static_cast<float>(*output.dwa_level);
    if (!output.profile.empty()) options.pixel = SampleType::Half;
    if (output.profile == "proxy" && !output.compression) options.compression = "dwaa";
    if (output.profile == "plate" && !output.compression) {
        const std::string had = media::exr_compression(own);
        const bool stays = had == "none" || had == "zips" || had == "piz";
        options.compression = stays ? had : "zip";
    }
    // An EXR keeps what its header says; the job's own words go over it.
    const bool has_header = shot_.info().kind == media::MediaKind::Exr && output.matte_of.empty();
    if (shot_.shot().reel || (!has_header && !shot_.reel().empty())) options.reel = shot_.reel();
    if (shot_.shot().timecode || (!has_header && shot_.info().rate_is_declared)) options.rate = shot_.rate();
    options.attributes = marks(frame);
    return options;
}

std::vector<std::byte> OutputWriter::encode_exr(const spec::OutputSpec& output, const FinishedFrame& frame,
                                                const HostFrame& own, WrittenOutput& written) const {
    const bool is_matte = !output.matte_of.empty();
    const bool same_space = shot_.output_space(output) == shot_.source_space();
    const bool exr_source = shot_.info().kind == media::MediaKind::Exr;
    media::ExrWriteOptions options = exr_options(output, frame, own);
    if (is_aces(output)) {
        const FloatImage picture =
            same_space ? media::read_worked(own) : picture_in(shot_.output_space(output), frame, own);
        const auto alpha = exr_source || output.alpha ? media::read_alpha(own) : std::nullopt;
        std::vector<std::string> left_out;
        std::vector<std::byte> bytes = media::encode_aces_container(own, picture, alpha, options, left_out);
        if (!left_out.empty()) written.record["left_out"] = left_out;
        return bytes;
    }
    if (exr_source && !is_matte && same_space) {
        if (is_as_read(frame, own)) {
            auto copied = with_retries(shot_.io_retries(), [&] {
                return media::copy_exr(shot_.file_of(frame.number), own, options);
            });
            if (copied) return std::move(*copied);
        }
        return media::encode_exr(own, options);
    }
    if (!is_matte) options.chromaticities = shot_.colors().chromaticities(shot_.output_space(output));
    if (!exr_source || is_matte) return media::encode_exr(in_output_space(output, frame, own), options);
    // Another space, but still this file: other channels, parts and attributes stay.
    HostFrame converted = own;
    const FloatImage picture = picture_in(shot_.output_space(output), frame, own);
    media::write_worked(converted, picture, std::vector<float>(picture.window.area(), 1.0F));
    return media::encode_exr(converted, options);
}

// What a conform is there to change does not count as lost, nor does the timecode of a frame that stands in
// for another, nor what an ACES container has no place for (which the record lists).
void OutputWriter::check_exr(const fs::path& file, const spec::OutputSpec& output, const FinishedFrame& frame,
                             const HostFrame& own, WrittenOutput& written) const {
    if (is_aces(output)) written.container_faults = media::aces_container_faults(file, {});
    if (shot_.info().kind != media::MediaKind::Exr || !output.matte_of.empty()) return;
    std::vector<std::string> expected = {"compression", "chunkCount", "dwaCompressionLevel", "channels",
                                         "chromaticities"};
    const auto expect = [&](std::initializer_list<const char*> names) {
        expected.insert(expected.end(), names.begin(), names.end());
    };
    if (shot_.scale() != 1 || shot_.is_moved(output)) expect({"dataWindow", "displayWindow"});
    if (shot_.shot().timecode) expect({"timeCode", "framesPerSecond"});
    if (shot_.shot().reel) expect({"reelName"});
    const auto& substitute = frame.source->substitute;
    if (substitute) expect({"timeCode"});
    const int header_of = substitute && substitute->from ? *substitute->from : frame.number;
    const media::RawExrHeader before = media::scan_exr_header(shot_.file_of(header_of), {});
    const media::RawExrHeader after = media::scan_exr_header(file, {});
    if (is_aces(output)) {
        expect({"name", "type", "version", "view", "tiles", "lineOrder"});
        for (const nlohmann::json& name : written.record.value("left_out", nlohmann::json::array()))
            expected.push_back(name.get<std::string>());
        written.metadata_lost = lost_attributes(
            before.parts.at(static_cast<std::size_t>(own.worked_part().part)), after.parts.at(0), expected);
        return;
    }
    // A picture of another size or place is alone in its file, without the header of the parts that it left.
    if (after.parts.size() != before.parts.size()) {
        written.record["left_out"] = {"the other parts of the source, and headers"};
        return;
    }
    for (std::size_t part = 0; part < before.parts.size(); ++part) {
        for (std::string& name : lost_attributes(before.parts[part], after.parts.at(part), expected))
            written.metadata_lost.push_back(std::move(name));
    }
}

}  // namespace wetgate::pipeline
