#include "pipeline/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "core/error.h"
#include "nets/tiles.h"
#include "passes/pass.h"
#include "pipeline/frame_feed.h"

namespace wetgate::pipeline {
namespace {

constexpr std::int64_t base_bytes = std::int64_t{400}
                                    << 20;  // LibTorch, OpenImageIO and the rest, measured at 300 MB

std::optional<std::int64_t> number_in(const char* path) {
    std::ifstream file(path);
    std::int64_t value = 0;
    if (file >> value) return value;
    return std::nullopt;
}

// The most that one of the shot's passes, which run one at a time, needs for its own work.
std::int64_t work_bytes(const ShotContext& shot) {
    std::int64_t most = 0;
    int scale = 1;
    for (std::size_t i = 0; i < shot.shot().passes.size(); ++i) {
        const std::int64_t width = std::int64_t{shot.info().width} * scale;
        const std::int64_t height = std::int64_t{shot.info().height} * scale;
        const passes::PassEntry& pass = passes::find_pass(shot.shot().passes[i].name);
        std::int64_t bytes = width * height * 4 * pass.working_planes;
        if (const auto use = shot.model_use(i)) {
            const nets::ModelCard card = shot.models().card(*use);
            const int tile = nets::usual_tile_px(card.shape, shot.runtime().device().is_cuda());
            bytes += nets::working_bytes(card.shape, width, height, tile);
        }
        most = std::max(most, bytes);
        scale *= shot.scale_of(i);
    }
    return most;
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

std::int64_t host_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes) {
    const auto frame = static_cast<std::int64_t>(shot.info().frame_bytes);
    const std::int64_t pixels =
        std::int64_t{shot.info().width} * shot.info().height * shot.scale() * shot.scale();
    const std::int64_t picture = passes > 0 ? pixels * 4 * 4 : 0;  // RGB and touch in float
    const int window = reach.before + reach.after + 1;
    const std::int64_t ahead = FrameFeed::capacity(shot, window) * (frame + picture);
    const std::int64_t stages =
        static_cast<std::int64_t>(passes) * (window + 6) * picture;  // kept frames and temporaries
    // In the encoders: the conformed frame, its working picture, one conversion and the coded bytes.
    const std::int64_t encoders = (2 + shot.io_threads()) * (2 * frame + picture + pixels * 12);
    return base_bytes + ahead + stages + encoders + decoder_bytes(shot) + work_bytes(shot);
}

std::int64_t host_bytes_available() {
    std::int64_t available = std::numeric_limits<std::int64_t>::max();
    std::ifstream meminfo("/proc/meminfo");
    std::string name;
    std::int64_t kibibytes = 0;
    std::string unit;
    while (meminfo >> name >> kibibytes >> unit) {
        if (name == "MemAvailable:") available = kibibytes << 10;
    }
    const auto limit = number_in("/sys/fs/cgroup/memory.max")
                           ? number_in("/sys/fs/cgroup/memory.max")
                           : number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    const auto used = number_in("/sys/fs/cgroup/memory.current")
                          ? number_in("/sys/fs/cgroup/memory.current")
                          : number_in("/sys/fs/cgroup/memory/memory.usage_in_bytes");
    if (limit && used) available = std::min(available, std::max<std::int64_t>(0, *limit - *used));
    return available;
}

void check_memory(const ShotContext& shot, passes::PassReach reach, std::size_t passes) {
    const std::int64_t needed = host_bytes_needed(shot, reach, passes);
    const std::int64_t available = host_bytes_available();
    if (needed <= available) return;
    throw Error(ErrorKind::OutOfMemory,
                "the shot needs about " + gibibytes(needed) + " of memory with " +
                    std::to_string(shot.io_threads()) + " threads, and " + gibibytes(available) +
                    " are free; use fewer --threads, or a larger machine",
                {.file = {}, .shot = shot.shot().name, .frame = {}});
}

}  // namespace wetgate::pipeline
