#include "pipeline/output_writer.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "media/still.h"
#include "media/worked.h"
#include "pipeline/mover.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

media::ChromaFormat chroma_of(media::ProResProfile profile) {
    const bool full = profile == media::ProResProfile::P4444 || profile == media::ProResProfile::P4444Xq;
    return full ? media::ChromaFormat{1, 1} : media::ChromaFormat{2, 1};
}

bool same_space(const ShotContext& shot, const spec::OutputSpec& output) {
    return shot.output_space(output) == shot.source_space();
}

}  // namespace

FloatImage converted_copy(const FloatImage& picture, const color::Transform& transform) {
    FloatImage copy = make_float_image(picture.window);
    std::copy_n(picture.channel(0), 3 * picture.window.area(), copy.channel(0));
    transform.apply(copy);
    return copy;
}

media::ProResOptions prores_options(const ShotContext& shot, const spec::OutputSpec& output) {
    media::ProResOptions options;
    options.profile = *media::parse_prores_profile(output.profile);
    options.rate = shot.rate();
    options.width = shot.is_moved(output) ? shot.canvas_of(output).width : shot.info().width * shot.scale();
    options.height =
        shot.is_moved(output) ? shot.canvas_of(output).height : shot.info().height * shot.scale();
    // Even widths alone are what the usual one codes.
    if (options.width % 2 != 0) options.encoder = "prores_ks";
    if (output.encoder != "auto") options.encoder = output.encoder;
    options.alpha = output.alpha && shot.info().has_alpha;
    options.pixel_aspect = shot.info().pixel_aspect;
    const ColorInfo& source = shot.info().color;
    // A movie graded back into its own space keeps its own tags, also where they are unusual. What it leaves
    // open, the job has declared.
    const ColorInfo declared = shot.colors().tags_of_space(shot.output_space(output));
    options.color = same_space(shot, output) && source.bits > 0 && source.matrix != 2 ? source : declared;
    if (shot.info().format != "prores") {
        if (options.color.primaries == 2) options.color.primaries = declared.primaries;
        if (options.color.transfer == 2) options.color.transfer = declared.transfer;
    }
    options.color.bits = prores_coded_bits;
    options.color.full_range = false;
    if (options.color.matrix == 2 || options.color.matrix == 0) options.color.matrix = 1;
    // Packets of a ProRes source may be copied, with the tags that they have.
    if (shot.info().format != "prores" || !same_space(shot, output))
        options.color = media::tags_for_prores(options.color);
    options.color.chroma_x = 0;
    options.color.chroma_y = 0;
    return options;
}

OutputWriter::OutputWriter(const ShotContext& shot) : shot_(shot) {}
OutputWriter::~OutputWriter() = default;

HostFrame OutputWriter::conformed(const FinishedFrame& frame) const {
    HostFrame result = *frame.source->host;
    if (shot_.shot().timecode) result.timecode = shot_.timecode_of(frame.number);
    if (!frame.touched()) return result;
    FloatImage picture = frame.working;
    if (const color::Transform& back = shot_.from_working(shot_.source_space()); !back.is_identity()) {
        picture = converted_copy(picture, back);
    }
    if (shot_.scale() != 1) return media::make_enlarged_frame(result, picture, shot_.scale());
    media::write_worked(result, picture, frame.touch);
    if (shot_.info().kind == media::MediaKind::Exr) media::rebuild_levels(result);
    return result;
}

std::vector<WrittenOutput> OutputWriter::write(const FinishedFrame& frame, const HostFrame& own,
                                               const MovedFrames& moved) {
    std::vector<WrittenOutput> written;
    for (const spec::OutputSpec& output : shot_.shot().outputs) {
        try {
            const auto found = moved.find(output.name);
            const bool stays = found == moved.end();
            written.push_back(
                write_one(output, stays ? frame : found->second->frame, stays ? own : found->second->host));
        } catch (const Error& error) {
            throw error.within({.file = output.path.text, .shot = shot_.shot().name, .frame = frame.number});
        }
    }
    return written;
}

WrittenOutput OutputWriter::write_one(const spec::OutputSpec& output, const FinishedFrame& frame,
                                      const HostFrame& own) {
    const bool movie = output.type == spec::OutputType::ProRes;
    const fs::path file =
        movie ? WorkFiles(shot_).packet(output.name, frame.number) : shot_.file_of(output, frame.number);
    ShotContext::make_folder(file.parent_path());
    bool copied = false;
    WrittenOutput written;
    const std::vector<std::byte> bytes = movie ? packet(output, frame, own, copied)
                                         : output.type == spec::OutputType::Exr
                                             ? encode_exr(output, frame, own, written)
                                             : encode(output, frame, own);
    write_atomic(file, bytes, shot_.io_retries());

    written.record["name"] = output.name;
    written.record["file"] = path_from_job(shot_.job(), file);
    written.record["bytes"] = bytes.size();
    written.record["hash"] = content_hash(bytes);
    if (movie) written.record["copied"] = copied;
    if (output.type == spec::OutputType::Exr) {
        // Another process may put its own version of the same bytes in the file's place while it is looked
        // at.
        with_retries(shot_.io_retries(), [&] { check_exr(file, output, frame, own, written); });
    }
    return written;
}

std::map<std::string, std::string> OutputWriter::marks(const FinishedFrame& frame) const {
    std::map<std::string, std::string> marks;
    for (const PassFacts& pass : frame.passes) {
        if (pass.facts.contains("crop")) marks["wetgate:crop"] = pass.facts.at("crop").dump();
        if (!pass.facts.contains("made_from")) continue;
        std::string& sources = marks["wetgate:madeFrom"];
        for (const auto& source : pass.facts.at("made_from")) {
            if (!sources.empty()) sources += ' ';
            sources += std::to_string(source.get<int>());
        }
    }
    if (!frame.source->substitute) return marks;
    marks["wetgate:substitute"] = frame.source->substitute->policy;
    if (frame.source->substitute->policy == "hold")
        marks["wetgate:heldFrom"] = std::to_string(*frame.source->substitute->from);
    return marks;
}

FloatImage OutputWriter::picture_in(const std::string& space, const FinishedFrame& frame,
                                    const HostFrame& own) const {
    if (frame.touched()) return converted_copy(frame.working, shot_.from_working(space));
    FloatImage picture = media::read_worked(own);
    shot_.source_to(space).apply(picture);
    return picture;
}

FloatImage OutputWriter::matte_in(const spec::OutputSpec& output, const FinishedFrame& frame,
                                  const HostFrame& own) const {
    FloatImage grey = make_float_image(own.window());
    const auto found = frame.mattes.find(output.matte_of);
    for (int channel = 0; channel < 3; ++channel) {
        float* samples = grey.channel(channel);
        if (found == frame.mattes.end()) {
            std::fill_n(samples, grey.window.area(), 0.0F);
        } else {
            std::copy(found->second.begin(), found->second.end(), samples);
        }
    }
    return grey;
}

// The picture in the coding of an output that is not the source's own.
HostFrame OutputWriter::in_output_space(const spec::OutputSpec& output, const FinishedFrame& frame,
                                        const HostFrame& own) const {
    const FloatImage picture = !output.matte_of.empty() ? matte_in(output, frame, own)
                               : same_space(shot_, output)
                                   ? media::read_worked(own)
                                   : picture_in(shot_.output_space(output), frame, own);
    const std::optional<std::vector<float>> alpha = output.alpha ? media::read_alpha(own) : std::nullopt;
    if (output.type == spec::OutputType::ProRes) {
        const media::ProResOptions options = prores_options(shot_, output);
        return media::make_video_frame(own, picture, options.color, chroma_of(options.profile), alpha);
    }
    if (output.type == spec::OutputType::Exr) {
        const SampleType type = output.pixel == spec::PixelChoice::Float ? SampleType::F32 : SampleType::Half;
        return media::make_rgb_frame(own, picture, type, 0, alpha);
    }
    const int bits = output.bits > 0 ? output.bits
                                     : (output.type == spec::OutputType::Dpx    ? 10
                                        : output.type == spec::OutputType::Jpeg ? 8
                                                                                : 16);
    const SampleType type = bits == 32 ? SampleType::F32 : (bits > 8 ? SampleType::U16 : SampleType::U8);
    return media::make_rgb_frame(own, picture, type, bits, alpha);
}

std::vector<std::byte> OutputWriter::encode(const spec::OutputSpec& output, const FinishedFrame& frame,
                                            const HostFrame& own) const {
    const bool is_matte = !output.matte_of.empty();
    const bool own_coding = !is_matte && same_space(shot_, output) && own.worked.model != PixelModel::YCbCr;
    media::StillWriteOptions options;
    options.type = spec::to_text(output.type);
    options.bits = output.bits;
    options.rate = shot_.rate();
    options.compression = output.compression.value_or("");
    const bool still_source = shot_.info().kind == media::MediaKind::Still;
    if (still_source && own_coding && shot_.info().format == spec::to_text(output.type))
        return media::encode_still(own, options);
    return media::encode_still(in_output_space(output, frame, own), options);
}

std::vector<std::byte> OutputWriter::packet(const spec::OutputSpec& output, const FinishedFrame& frame,
                                            const HostFrame& own, bool& copied) {
    const media::ProResOptions options = prores_options(shot_, output);
    const bool own_picture = same_space(shot_, output) && own.worked.model == PixelModel::YCbCr;
    if (own_picture && !frame.touched() && !frame.source->substitute &&
        media::packet_copy_allowed(shot_.info(), options)) {
        const std::lock_guard lock(copy_mutex_);
        if (!copy_source_) copy_source_ = shot_.open();
        copied = true;
        return with_retries(shot_.io_retries(), [&] { return copy_source_->packet(frame.number).bytes; });
    }
    const bool same_matrix = own.color.matrix == options.color.matrix ||
                             media::tags_for_prores(own.color).matrix == options.color.matrix;
    const HostFrame video = own_picture && same_matrix && !own.color.full_range
                                ? media::to_video_frame(own, chroma_of(options.profile), prores_coded_bits)
                                : in_output_space(output, frame, own);
    std::unique_ptr<media::ProResEncoder> encoder = borrow_encoder(output, options);
    std::vector<std::byte> coded = encoder->encode(video);
    const std::lock_guard lock(encoder_mutex_);
    idle_encoders_[output.name].push_back(std::move(encoder));
    return coded;
}

std::unique_ptr<media::ProResEncoder> OutputWriter::borrow_encoder(const spec::OutputSpec& output,
                                                                   const media::ProResOptions& options) {
    {
        const std::lock_guard lock(encoder_mutex_);
        auto& idle = idle_encoders_[output.name];
        if (!idle.empty()) {
            std::unique_ptr<media::ProResEncoder> encoder = std::move(idle.back());
            idle.pop_back();
            return encoder;
        }
    }
    return media::make_prores_encoder(options);
}

}  // namespace wetgate::pipeline
