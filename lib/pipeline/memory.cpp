#include "pipeline/memory.h"

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "compute/cuda.h"
#include "core/error.h"
#include "core/share.h"
#include "nets/tiles.h"
#include "passes/move.h"
#include "pipeline/composed_move.h"
#include "pipeline/enlarging.h"
#include "pipeline/frame_feed.h"

namespace wetgate::pipeline {
namespace {

constexpr std::int64_t base_bytes = std::int64_t{400}
                                    << 20;  // LibTorch, OpenImageIO and the rest, measured at 300 MB

constexpr std::int64_t enlarged_pixels = std::int64_t{passes::enlarging_scale} * passes::enlarging_scale;
constexpr std::int64_t float_planes = 4 * 4;                          // bytes a pixel: RGB and touch
constexpr std::int64_t cuda_context_bytes = std::int64_t{700} << 20;  // the driver's, cuDNN's and cuBLAS' own

// Kept frames of the passes, and temporaries of each frame in work.
std::int64_t stage_bytes(std::int64_t picture, int window, std::size_t passes, int at_once) {
    constexpr int temporaries = 6;
    if (passes == 0) return 0;
    return (static_cast<std::int64_t>(passes) * (window + at_once - 1 + temporaries) +
            (at_once - 1) * temporaries) *
           picture;
}

// The most that one of the shot's passes needs for its own work on `at_once` frames. Networks take turns on a
// GPU.
std::int64_t work_bytes(const ShotContext& shot, bool cuda, int at_once) {
    std::int64_t most = 0;
    int scale = 1;
    for (std::size_t i = 0; i < shot.shot().passes.size(); ++i) {
        const std::int64_t width = std::int64_t{shot.info().width} * scale;
        const std::int64_t height = std::int64_t{shot.info().height} * scale;
        const passes::PassEntry& pass = passes::find_pass(shot.shot().passes[i].name);
        std::int64_t bytes = width * height * 4 * pass.working_planes * at_once;
        if (const auto use = shot.model_use(i)) {
            const nets::ModelCard card = shot.models().card(*use);
            const int tile = nets::usual_tile_px(card.shape, cuda);
            bytes += nets::working_bytes(card.shape, width, height, tile) * (cuda ? 1 : at_once);
        }
        most = std::max(most, bytes);
        scale *= shot.scale_of(i);
    }
    return most;
}

// A pass that moves the picture, as its parameters have it.
std::shared_ptr<const passes::MovingPass> move_at(const ShotContext& shot, std::size_t index) {
    std::shared_ptr<const passes::FramePass> pass =
        passes::find_pass(shot.shot().passes[index].name).make(shot.pass_context(index, nullptr));
    return std::dynamic_pointer_cast<const passes::MovingPass>(pass);
}

// What the files of a moved output hold, in pixels.
std::int64_t area_of(const ShotContext& shot, const spec::OutputSpec& output) {
    Box window = shown_of(shot.canvas_of(output), times(shot.info().display_window, shot.scale()));
    if (output.type == spec::OutputType::Exr) {  // others show what is displayed
        window =
            move_at(shot, shot.moves_of(output).back())->data_window(shot.delivered_range().first, window);
    }
    return static_cast<std::int64_t>(window.area());
}

// The networks that enlarge what outputs show, the largest one alone: one picture is made larger at a time.
// `pixels`: of the picture.
std::int64_t enlarging_bytes(const ShotContext& shot, std::int64_t pixels) {
    std::int64_t most = 0;
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        if (const auto use = planned_enlarging(shot, output).model)
            most = std::max(most, passes::NetworkEnlarger::working_bytes(shot.models().card(*use).shape));
    }
    return most == 0 ? 0 : most + enlarged_pixels * pixels * 12;
}

// Of the outputs that are moved. `pixels`: of the picture that they are made of; `frame`: a decoded one.
std::int64_t canvas_bytes(const ShotContext& shot, std::int64_t pixels, std::int64_t frame) {
    constexpr std::int64_t picture = 12 + 4 + 16;  // bytes a pixel: worked, alpha, coded to be mixed
    constexpr std::int64_t canvas =
        12 + 4 + 12 + 16 + 4;  // worked, touch, in the source's space, planes, matte
    const std::int64_t at_work = 2 + shot.io_threads();  // frames
    std::int64_t canvases = 0;
    std::set<std::size_t> moves;
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        if (!shot.is_moved(output)) continue;
        canvases += area_of(shot, output) * canvas;
        moves.insert(shot.moves_of(output).begin(), shot.moves_of(output).end());
    }
    std::int64_t bytes = at_work * canvases;
    // All of the plate, at most: what several outputs need of it.
    if (enlarging_bytes(shot, pixels) > 0) bytes += at_work * enlarged_pixels * pixels * picture;
    bool is_lit = false;
    int neighbours = 0;
    for (const std::size_t index : moves) {
        const auto move = move_at(shot, index);
        is_lit = is_lit || move->changes_light();
        neighbours = std::max(neighbours, move->reach().before + move->reach().after);
    }
    if (!moves.empty()) bytes += at_work * (is_lit ? 2 : 1) * pixels * picture;
    // Frames that edges are filled from: as the passes left them, and each at work lets go of its own later.
    if (neighbours > 0) bytes += (neighbours + at_work) * (pixels * (12 + 4) + frame);
    return bytes;
}

// What decoder processes hold at their peak: the file, its samples, and the memory that these go through.
std::int64_t decoder_bytes(const ShotContext& shot) {
    if (!shot.decoders()) return 0;
    constexpr std::int64_t own_bytes = std::int64_t{64} << 20;  // measured at 30 MB, 130 with OpenImageIO
    return FrameFeed::workers(shot) * (own_bytes + 3 * static_cast<std::int64_t>(shot.info().frame_bytes));
}

std::string gibibytes(std::int64_t bytes) {
    std::ostringstream text;
    text.precision(1);
    text << std::fixed << static_cast<double>(bytes) / static_cast<double>(std::int64_t{1} << 30) << " GiB";
    return text.str();
}

}  // namespace

int most_frames_at_once(const ShotContext& shot, std::size_t passes) {
    constexpr int most = 16;
    if (passes == 0) return 1;
    return std::clamp(shot.io_threads() / std::max(1, shot.job().compute.threads), 1, most);
}

int frames_at_once(const ShotContext& shot, passes::PassReach reach, std::size_t passes) {
    const c10::Device device = shot.runtime().device();
    const std::int64_t host = memory_of(memory_facts()).bytes;
    const auto free =
        device.is_cuda() ? static_cast<std::int64_t>(compute::cuda_free_bytes(device.index())) : 0;
    int at_once = most_frames_at_once(shot, passes);
    const auto fits = [&] {
        return host_bytes_needed(shot, reach, passes, at_once) <= host &&
               (!device.is_cuda() || device_bytes_needed(shot, reach, passes, at_once) <= free);
    };
    while (at_once > 1 && !fits()) --at_once;
    return at_once;
}

std::int64_t host_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes,
                               int at_once) {
    const auto frame = static_cast<std::int64_t>(shot.info().frame_bytes);
    const std::int64_t pixels =
        std::int64_t{shot.info().width} * shot.info().height * shot.scale() * shot.scale();
    const std::int64_t picture = passes > 0 ? pixels * float_planes : 0;
    const int window = reach.before + reach.after + 1;
    const std::int64_t ahead = FrameFeed::capacity(shot, window + at_once - 1) * (frame + picture);
    const std::int64_t stages = stage_bytes(picture, window, passes, at_once);
    // In the encoders: the conformed frame, its working picture, one conversion and the coded bytes.
    const std::int64_t encoders = (2 + shot.io_threads()) * (2 * frame + picture + pixels * 12);
    return base_bytes + ahead + stages + encoders + canvas_bytes(shot, pixels, frame) + decoder_bytes(shot) +
           std::max(enlarging_bytes(shot, pixels),
                    work_bytes(shot, shot.runtime().device().is_cuda(), at_once));
}

std::int64_t device_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes,
                                 int at_once) {
    if (passes == 0) return 0;
    const std::int64_t pixels =
        std::int64_t{shot.info().width} * shot.info().height * shot.scale() * shot.scale();
    const std::int64_t picture = pixels * float_planes;
    return cuda_context_bytes + stage_bytes(picture, reach.before + reach.after + 1, passes, at_once) +
           std::max(enlarging_bytes(shot, pixels), work_bytes(shot, true, at_once));
}

void check_memory(const ShotContext& shot, passes::PassReach reach, std::size_t passes) {
    const std::int64_t needed = host_bytes_needed(shot, reach, passes, 1);
    const MemoryShare share = memory_of(memory_facts());
    if (needed <= share.bytes) return;
    throw Error(ErrorKind::OutOfMemory,
                "the shot needs about " + gibibytes(needed) + " of memory with " +
                    std::to_string(shot.io_threads()) + " threads, and " + share.limited_by +
                    " lets it have " + gibibytes(share.bytes) + "; use fewer --threads, or ask for more",
                {.file = {}, .shot = shot.shot().name, .frame = {}});
}

}  // namespace wetgate::pipeline
