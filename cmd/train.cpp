#include "train/train.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>

#include "cmd/progress.h"
#include "cmd/verbs.h"
#include "compute/runtime.h"
#include "core/error.h"

namespace wetgate::cmd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto print_every = std::chrono::seconds(5);

/// For a person a line now and then: what, step, loss, time left. For a farm its own dialect.
class Printer {
public:
    explicit Printer(const std::string& dialect)
        : lines_(dialect == "auto" || dialect == "bar"), dialect_(lines_ ? "none" : dialect) {}

    void tell(const train::TrainProgress& progress) {
        dialect_.tell({.shot = "",
                       .stage = progress.what,
                       .done = static_cast<int>(progress.done),
                       .total = static_cast<int>(progress.total),
                       .overall = progress.overall});
        if (lines_) print_line(progress);
    }
    void finish() { dialect_.finish(); }

private:
    void print_line(const train::TrainProgress& progress) {
        const Clock::time_point now = Clock::now();
        if (!began_) {
            began_ = now;
            first_ = progress.overall;
        }
        if (now - printed_ < print_every && progress.done < progress.total) return;
        printed_ = now;
        const double spent = std::chrono::duration<double>(now - *began_).count();
        const double done = progress.overall - first_;
        const std::string left =
            done > 0 ? fmt::format(", {:.0f} s left", spent / done * (1 - progress.overall)) : "";
        fmt::print("{}: step {} of {}, loss {:.5f}{}\n", progress.what, progress.done, progress.total,
                   progress.loss, left);
        std::fflush(stdout);
    }

    bool lines_;
    ProgressPrinter dialect_;
    double first_ = 0;
    std::optional<Clock::time_point> began_;
    Clock::time_point printed_;
};

}  // namespace

int train(const Options& options, const Services& services) {
    const train::TrainSpec spec = train::read_train_spec(options.job);
    const compute::Runtime runtime({options.device.value_or(spec.device), "fp32", spec.threads});
    const color::Config colors = color::Config::load("builtin", {});
    const nets::JobModels models(nets::model_folder(options.models),
                                 spec.shows.is_array() ? spec.shows.front().get<std::string>() : "",
                                 c10::Device(c10::kCPU), false);
    Printer printer(options.progress);
    const Clock::time_point began = Clock::now();
    train::train(
        spec,
        {colors, models, runtime.device(), services.log,
         [&printer](const train::TrainProgress& progress) { printer.tell(progress); }, services.stop},
        options.overwrite);
    printer.finish();
    std::printf("%s: %s in %.0f s on %s\n", spec.name.c_str(), (spec.output / (spec.name + ".json")).c_str(),
                std::chrono::duration<double>(Clock::now() - began).count(),
                runtime.fingerprint().at("device").get<std::string>().c_str());
    return 0;
}

}  // namespace wetgate::cmd
