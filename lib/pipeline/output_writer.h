#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "media/exr.h"
#include "media/movie.h"
#include "pipeline/chain.h"
#include "pipeline/record.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Another frame of the scene as the passes left it, for places that a moved frame does not cover.
struct NeighbourFrame {
    int number = 0;
    std::shared_ptr<const FeedFrame> source;
    FloatImage working;
};

/// A frame on the host after the passes, as the encoders get it.
struct FinishedFrame {
    int number = 0;
    std::shared_ptr<const FeedFrame> source;
    FloatImage working;        ///< after the passes, working space
    std::vector<float> touch;  ///< [H*W]; empty when nothing was touched
    std::vector<PassFacts> passes;
    std::map<std::string, std::vector<float>> mattes;               ///< [H*W] by pass; none: 0 everywhere
    std::vector<std::shared_ptr<const NeighbourFrame>> neighbours;  ///< those that its moves fill from
    std::map<std::string, FloatImage> enlarged;  ///< parts of its picture, by model; see Enlarging

    bool touched() const { return !touch.empty(); }
};

/// What a written output says in the frame's record: name, file (relative to the job), bytes, hash, copied,
/// ...
struct WrittenOutput {
    nlohmann::json record;
    std::vector<std::string>
        metadata_lost;  ///< attributes of the source that the output has not, or has otherwise
    std::vector<std::string> container_faults;  ///< rules that an ACES container breaks
};

/// Bits of a sample that both ProRes encoders of libavcodec take, whatever the profile.
constexpr int prores_coded_bits = 10;

/// A picture's pixels, copied (others still read the picture's own) and converted.
FloatImage converted_copy(const FloatImage& picture, const color::Transform& transform);

/// The movie options of a ProRes output of this shot.
media::ProResOptions prores_options(const ShotContext& shot, const spec::OutputSpec& output);

struct MovedFrame;
/// By output, of those that passes move.
using MovedFrames = std::map<std::string, std::shared_ptr<const MovedFrame>>;

/// Writes the outputs of a shot's frames. write() may be called from several threads.
class OutputWriter {
public:
    explicit OutputWriter(const ShotContext& shot);
    ~OutputWriter();

    /// The frame in the source's own coding with the touched pixels put in: what outputs in the source's
    /// space hold.
    HostFrame conformed(const FinishedFrame& frame) const;

    /// Makes every output of the frame from its conformed version `own`, each whole under its name when this
    /// returns; of outputs in `moved`, from what is there.
    std::vector<WrittenOutput> write(const FinishedFrame& frame, const HostFrame& own,
                                     const MovedFrames& moved);

private:
    WrittenOutput write_one(const spec::OutputSpec& output, const FinishedFrame& frame, const HostFrame& own);
    std::vector<std::byte> encode(const spec::OutputSpec& output, const FinishedFrame& frame,
                                  const HostFrame& own) const;
    std::vector<std::byte> encode_exr(const spec::OutputSpec& output, const FinishedFrame& frame,
                                      const HostFrame& own, WrittenOutput& written) const;
    void check_exr(const std::filesystem::path& file, const spec::OutputSpec& output,
                   const FinishedFrame& frame, const HostFrame& own, WrittenOutput& written) const;
    media::ExrWriteOptions exr_options(const spec::OutputSpec& output, const FinishedFrame& frame,
                                       const HostFrame& own) const;
    /// The frame's picture in `space`; `own`: the frame in the source's coding.
    FloatImage picture_in(const std::string& space, const FinishedFrame& frame, const HostFrame& own) const;
    /// What an output that is a matte shows, as grey.
    FloatImage matte_in(const spec::OutputSpec& output, const FinishedFrame& frame,
                        const HostFrame& own) const;
    HostFrame in_output_space(const spec::OutputSpec& output, const FinishedFrame& frame,
                              const HostFrame& own) const;
    std::vector<std::byte> packet(const spec::OutputSpec& output, const FinishedFrame& frame,
                                  const HostFrame& own, bool& copied);
    std::map<std::string, std::string> marks(const FinishedFrame& frame) const;

    const ShotContext& shot_;
    /// An encoder for this output that no other thread uses; goes back after use. Encoders keep nothing
    /// between frames.
    std::unique_ptr<media::ProResEncoder> borrow_encoder(const spec::OutputSpec& output,
                                                         const media::ProResOptions& options);

    std::mutex encoder_mutex_;
    std::map<std::string, std::vector<std::unique_ptr<media::ProResEncoder>>> idle_encoders_;  // by output
    std::mutex copy_mutex_;
    std::unique_ptr<media::FrameSource> copy_source_;  // for packet copies; guarded by copy_mutex_
};

}  // namespace wetgate::pipeline
