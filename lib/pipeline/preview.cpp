#include "pipeline/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "framing/drawing.h"
#include "framing/evidence.h"
#include "media/movie.h"
#include "media/still.h"
#include "media/worked.h"
#include "pipeline/checksums.h"
#include "pipeline/frame_feed.h"
#include "pipeline/preview_sheet.h"
#include "pipeline/record.h"
#include "pipeline/shot_qc.h"
#include "pipeline/shown_path.h"
#include "pipeline/worker_pool.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr int most_width_px = 960, least_width_px = 480, strip_px = 46, most_on_sheet = 12;
constexpr std::int64_t packet_limit_bytes = 64 << 20;
constexpr double text_px = 12, label_px = 10;
constexpr framing::Ink black{0, 0, 0}, plain{230, 230, 230}, dim{150, 150, 150}, alarm{255, 90, 70};
constexpr framing::Ink subject_ink{110, 255, 160}, target_ink{255, 255, 255};

/// What lies in the work folder for one frame.
struct Found {
    std::vector<framing::Subject> subjects;
    std::vector<std::array<double, 4>> targets;  ///< x0, y0, x1, y1 in pixels of the plate
};

Found found_on(const ShotContext& shot, int frame) {
    Found found;
    const WorkFiles files(shot);
    const auto& passes = shot.shot().passes;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        if (!passes[i].enabled || passes[i].name != "reframe") continue;
        if (passes[i].params.has("targets")) {
            for (const nlohmann::json& target : passes[i].params.values().at("targets"))
                if (target.at("frame") == frame)
                    found.targets.push_back(target.at("box").get<std::array<double, 4>>());
        }
        // Crops of one shot see the same subjects.
        const auto stored = load_json(files.measurement(i, passes[i].name, frame));
        if (!stored || !found.subjects.empty()) continue;
        const nlohmann::json facts = stored->value("facts", nlohmann::json());
        if (facts.is_object() && facts.contains("evidence"))
            found.subjects = framing::evidence_from_json(facts.at("evidence")).subjects;
    }
    return found;
}

/// Draws the frames of one shot. Const: may be used from several threads.
class FramePainter {
public:
    FramePainter(const ShotContext& shot, std::vector<CanvasPath> paths)
        : shot_(shot),
          paths_(std::move(paths)),
          viewer_(shot.colors(), shot.source_space(), shot.job().color.working, shot.info().color.bits == 0) {
        const Box& display = shot.info().display_window;
        const int block = (display.width() + most_width_px - 1) / most_width_px;
        const int shown = std::max(1, display.width() / block);
        grow_ = (least_width_px + shown - 1) / shown;
        px_ = static_cast<double>(grow_) / block;
        width_ = shown * grow_;
        height_ = std::max(1, display.height() / block) * grow_;
    }

    int width() const { return width_ + width_ % 2; }
    int height() const { return height_ + height_ % 2 + strip_px; }
    const std::vector<CanvasPath>& paths() const { return paths_; }

    framing::Drawing paint(int frame, const HostFrame* host) const {
        framing::Drawing drawing(width(), height(), black);
        if (host != nullptr) {
            drawing.paste(viewer_.displayed(*host, most_width_px), 0, 0, width_);
        } else {
            drawing.text({16, 40}, "this frame cannot be read", alarm, 2 * text_px);
        }
        const Found found = found_on(shot_, frame);
        const Box& display = shot_.info().display_window;
        for (const framing::Subject& subject : found.subjects) {
            const framing::Area& area = subject.area;
            box(drawing,
                {area.left * display.width(), area.top * display.height(), area.right * display.width(),
                 area.bottom * display.height()},
                subject_ink, fmt::format("{} {:.2f}", name_of(subject.kind), subject.confidence));
        }
        for (const std::array<double, 4>& target : found.targets) box(drawing, target, target_ink, "target");
        const auto index = static_cast<std::size_t>(frame - shot_.delivered_range().first);
        for (std::size_t i = 0; i < paths_.size(); ++i)
            canvas(drawing, paths_[i].frames[index], canvas_ink(i));
        strip(drawing, frame, index);
        return drawing;
    }

private:
    void lines(framing::Drawing& drawing, std::span<const framing::Point> places, const framing::Ink& ink,
               int thickness) const {
        std::vector<framing::Point> scaled;
        for (const framing::Point& place : places) scaled.push_back({place.x * px_, place.y * px_});
        drawing.lines(scaled, ink, thickness);
    }
    void box(framing::Drawing& drawing, const std::array<double, 4>& box, const framing::Ink& ink,
             const std::string& label) const {
        const std::array<framing::Point, 5> places{
            {{box[0], box[1]}, {box[2], box[1]}, {box[2], box[3]}, {box[0], box[3]}, {box[0], box[1]}}};
        lines(drawing, places, ink, 1);
        drawing.text({box[0] * px_ + 3, box[3] * px_ - 4}, label, ink, label_px);
    }
    void canvas(framing::Drawing& drawing, const ShownFrame& shown, const framing::Ink& ink) const {
        lines(drawing, shown.edge, ink, 2);
        const framing::Ink half{static_cast<std::uint8_t>(ink[0] / 2), static_cast<std::uint8_t>(ink[1] / 2),
                                static_cast<std::uint8_t>(ink[2] / 2)};
        lines(drawing, shown.safe, half, 1);
        // The level, and across it: together the cross at the middle.
        lines(drawing, shown.level, ink, 1);
        const auto& [left, right] = shown.level;
        const framing::Point middle = shown.middle;
        const std::array<framing::Point, 2> upright{
            {{middle.x + (right.y - left.y) / 2, middle.y - (right.x - left.x) / 2},
             {middle.x - (right.y - left.y) / 2, middle.y + (right.x - left.x) / 2}}};
        lines(drawing, upright, ink, 1);
    }
    void strip(framing::Drawing& drawing, int frame, std::size_t index) const {
        const double top = drawing.height() - strip_px;
        std::string line = fmt::format("{}   frame {}", shot_.shot().name, frame);
        if (const auto timecode = shot_.timecode_of(frame)) line += "   " + to_string(*timecode);
        drawing.text({6, top + 18}, line, plain, text_px);
        double x = 6;
        std::string left_out;
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            const ShownFrame& shown = paths_[i].frames[index];
            x += drawing.text({x, top + 39}, fmt::format("{} x{:.3f}", paths_[i].name, shown.zoom),
                              canvas_ink(i), label_px) +
                 14;
            for (const std::string& one : shown.left_out)
                left_out += (left_out.empty() ? "not in " : "; not in ") + paths_[i].name + ": " + one;
        }
        if (paths_.empty()) x += drawing.text({x, top + 39}, "the whole plate", dim, label_px) + 14;
        if (!left_out.empty()) drawing.text({x, top + 39}, left_out, alarm, label_px);
    }

    const ShotContext& shot_;
    std::vector<CanvasPath> paths_;
    Viewer viewer_;
    int width_ = 0, height_ = 0, grow_ = 1;
    double px_ = 1;  ///< of the drawing, a pixel of the plate
};

FloatImage as_floats(const framing::ColorPicture& picture) {
    FloatImage image = make_float_image({0, 0, picture.width, picture.height});
    for (std::size_t i = 0; i < image.window.area(); ++i) {
        for (int c = 0; c < 3; ++c) {
            image.channel(c)[i] =
                static_cast<float>(picture.pixels[3 * i + static_cast<std::size_t>(2 - c)]) / 255.0F;
        }
    }
    return image;
}

HostFrame frame_of(const framing::ColorPicture& picture) {
    HostFrame frame;
    frame.display_window = {0, 0, picture.width, picture.height};
    return frame;
}

media::ProResOptions movie_options(const ShotContext& shot, const FramePainter& painter) {
    media::ProResOptions options;
    options.profile = media::ProResProfile::Proxy;
    options.rate = shot.rate();
    options.width = painter.width();
    options.height = painter.height();
    options.pixel_aspect = shot.info().pixel_aspect;
    options.color.primaries = options.color.transfer = options.color.matrix = 1;
    options.color.bits = 10;
    options.color.full_range = false;
    return options;
}

}  // namespace

nlohmann::json write_preview(const ShotContext& shot, const std::vector<ShotMove>& moves,
                             const ProgressSink& progress) {
    const FrameSet frames = frames_of(shot.delivered_range());
    std::vector<CanvasPath> paths;
    for (const ShownCanvas& canvas : canvases_of(shot)) {
        CanvasPath& path = paths.emplace_back();
        path.name = fmt::format("{}", fmt::join(canvas.outputs, ", "));
        for (const int frame : frames) path.frames.push_back(shown_on(shot, moves, canvas, frame));
    }
    const FramePainter painter(shot, std::move(paths));
    const media::ProResOptions video = movie_options(shot, painter);

    const fs::path packets = shot.work_folder() / "preview";
    const auto packet_of = [&](int frame) { return packets / (std::to_string(frame) + ".prores"); };
    ShotContext::make_folder(packets);
    std::map<int, framing::ColorPicture> on_sheet;
    const std::size_t tiles = std::min<std::size_t>(most_on_sheet, frames.size());
    for (std::size_t i = 0; i < tiles; ++i) on_sheet[frames[(2 * i + 1) * frames.size() / (2 * tiles)]];

    std::mutex mutex;
    int done = 0;
    const auto draw = [&](std::shared_ptr<const FeedFrame>& task) {
        const framing::Drawing drawing = painter.paint(task->number, task->host.get());
        const auto encoder = media::make_prores_encoder(video);
        const FloatImage picture = as_floats(drawing.picture());
        write_atomic(packet_of(task->number),
                     encoder->encode(media::make_video_frame(frame_of(drawing.picture()), picture,
                                                             video.color, {2, 1}, std::nullopt)),
                     shot.io_retries());
        const std::lock_guard lock(mutex);
        if (const auto tile = on_sheet.find(task->number); tile != on_sheet.end())
            tile->second = drawing.picture();
        if (progress) progress({shot.shot().name, "preview", ++done, static_cast<int>(frames.size()), 0});
    };
    {
        FrameFeed feed(shot, {frames, 1, false});
        WorkerPool<std::shared_ptr<const FeedFrame>> pool(shot.io_threads(), 1, draw);
        for (const int frame : frames) {
            feed.release_below(frame);
            pool.push(feed.get(frame));
        }
        pool.finish();
    }

    const fs::path folder = shot.job().qc.report;
    ShotContext::make_folder(folder);
    nlohmann::json list = nlohmann::json::array();
    const auto say = [&](const std::string& name, const std::string& hash, std::size_t count) {
        list.push_back({{"file", name}, {"hash", hash}, {"frames", count}});
    };
    const std::string movie = shot.shot().name + ".preview.mov";
    media::MovOptions options;
    options.video = video;
    options.timecode = shot.timecode_of(frames.front());
    with_retries(shot.io_retries(), [&] {
        AtomicFile file(folder / movie);
        media::write_mov(file, options, static_cast<std::int64_t>(frames.size()), [&](std::int64_t index) {
            const std::string bytes =
                read_text(packet_of(frames[static_cast<std::size_t>(index)]), packet_limit_bytes, 0);
            const auto view = std::as_bytes(std::span(bytes));
            return std::vector<std::byte>(view.begin(), view.end());
        });
        file.commit();
    });
    say(movie, file_hash(folder / movie), frames.size());
    std::error_code ignored;
    fs::remove_all(packets, ignored);

    const std::string sheet = shot.shot().name + ".preview.png";
    const framing::Drawing drawn =
        contact_sheet(fmt::format("{}   frames {}-{}", shot.shot().name, frames.front(), frames.back()),
                      on_sheet, painter.paths(), frames.front());
    media::StillWriteOptions still;
    still.type = "png";
    still.bits = 8;
    const std::vector<std::byte> bytes = media::encode_still(
        media::make_rgb_frame(frame_of(drawn.picture()), as_floats(drawn.picture()), SampleType::U8, 8, {}),
        still);
    write_atomic(folder / sheet, bytes, shot.io_retries());
    say(sheet, content_hash(bytes), on_sheet.size());
    return list;
}

}  // namespace wetgate::pipeline
