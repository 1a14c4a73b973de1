#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "color/color.h"
#include "compute/runtime.h"
#include "core/atomic_file.h"
#include "core/log.h"
#include "media/exr.h"
#include "media/worked.h"
#include "pipeline/shot_context.h"
#include "spec/job_spec.h"
#include "support/scene.h"
#include "support/temp_folder.h"

namespace wetgate::tests {

/// A shot of small EXR frames in a folder that goes away, and the job around it.
class SmallShot {
public:
    /// `passes` and `outputs` are JSON lists; `extra` goes into the shot as it is (", \"on_bad_frame\":
    /// \"hold\"").
    SmallShot(FrameRange range, int width, int height, const std::string& passes = "[]",
              const std::string& outputs = exr_output, const std::string& extra = "")
        : range_(range) {
        std::filesystem::create_directories(folder / "plates");
        for (int frame = range.first; frame < range.end; ++frame)
            write_plate(frame, picture(frame, width, height));
        const std::string text =
            R"({"schema": "wetgate.job/1", "name": "small", "show": "test", "work": "work",
            "compute": {"device": "cpu"},
            "shots": [{"name": "s", "source": {"path": "plates/p.####.exr", "range": ")" +
            std::to_string(range.first) + "-" + std::to_string(range.end - 1) +
            R"(", "colorspace": "ACEScg", "rate": "24"}, "passes": )" + passes + R"(, "outputs": )" +
            outputs + extra + "}]}";
        write_atomic(folder / "job.json", text);
        job = std::make_unique<spec::JobSpec>(spec::load_job(folder / "job.json"));
    }

    static FloatImage picture(int frame, int width, int height) {
        FloatImage image = make_float_image({0, 0, width, height});
        for (int c = 0; c < 3; ++c) {
            for (std::size_t i = 0; i < image.window.area(); ++i) {
                image.channel(c)[i] = static_cast<float>(
                    hashed(static_cast<std::uint64_t>(frame + 1000), i, static_cast<std::uint64_t>(c)));
            }
        }
        return image;
    }

    std::filesystem::path plate(int frame) const {
        return job ? job->shots[0].source.path.pattern.path(frame) : name(frame);
    }

    void write_plate(int frame, const FloatImage& image) const {
        HostFrame like;
        like.number = frame;
        like.display_window = image.window;
        like.timecode = Timecode{frame, {24, 1}, false};
        write_atomic(
            name(frame),
            media::encode_exr(media::make_rgb_frame(like, image, SampleType::Half, 0, std::nullopt), {}));
    }

    pipeline::ShotContext context(int io_threads) const {
        return pipeline::ShotContext(*job, job->shots[0], tools(), {io_threads, 0});
    }

    pipeline::JobTools tools() const { return {colors, runtime, models, silent_log()}; }

    static constexpr const char* exr_output = R"([{"name": "o", "path": "out/o.####.exr", "type": "exr"}])";

    TempFolder folder;
    std::unique_ptr<spec::JobSpec> job;
    color::Config colors = color::Config::load("builtin", {});
    compute::Runtime runtime{{.device = "cpu", .precision = "fp32", .threads = 1}};
    nets::JobModels models{folder / "models", "test", c10::Device(c10::kCPU), false};

private:
    std::filesystem::path name(int frame) const {
        std::string digits = std::to_string(frame);
        while (digits.size() < 4) digits.insert(0, "0");
        return folder / ("plates/p." + digits + ".exr");
    }
    FrameRange range_;
};

}  // namespace wetgate::tests
