#include "train/train.h"

#include <chrono>
#include <cstdio>

#include "cmd/verbs.h"
#include "compute/runtime.h"
#include "core/error.h"

namespace wetgate::cmd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto print_every = std::chrono::seconds(5);

/// One line now and then: what, step, loss, time left.
class Printer {
public:
    explicit Printer(bool quiet) : quiet_(quiet) {}

    void tell(const train::TrainProgress& progress) {
        const Clock::time_point now = Clock::now();
        if (progress.what != what_) {
            what_ = progress.what;
            began_ = now;
            first_ = progress.done;
            printed_ = {};
        }
        if (quiet_ || (now - printed_ < print_every && progress.done < progress.total)) return;
        printed_ = now;
        const double spent = std::chrono::duration<double>(now - began_).count();
        const auto done = static_cast<double>(progress.done - first_ + 1);
        const double left = spent / done * static_cast<double>(progress.total - progress.done);
        std::printf("%s: step %lld of %lld, loss %.5f, %.0f s left\n", what_.c_str(),
                    static_cast<long long>(progress.done), static_cast<long long>(progress.total),
                    progress.loss, left);
        std::fflush(stdout);
    }

private:
    bool quiet_;
    std::string what_;
    std::int64_t first_ = 0;
    Clock::time_point began_, printed_;
};

}  // namespace

int train(const Options& options, const Services& services) {
    const train::TrainSpec spec = train::read_train_spec(options.job);
    const compute::Runtime runtime({options.device.value_or(spec.device), "fp32", spec.threads});
    const color::Config colors = color::Config::load("builtin", {});
    const nets::JobModels models(nets::model_folder(options.models),
                                 spec.shows.is_array() ? spec.shows.front().get<std::string>() : "",
                                 c10::Device(c10::kCPU), false);
    Printer printer(options.progress == "none");
    const Clock::time_point began = Clock::now();
    train::train(
        spec, {colors, models, runtime.device(), services.log,
               [&printer](const train::TrainProgress& progress) { printer.tell(progress); }, services.stop});
    std::printf("%s: %s in %.0f s on %s\n", spec.name.c_str(), (spec.output / (spec.name + ".json")).c_str(),
                std::chrono::duration<double>(Clock::now() - began).count(),
                runtime.fingerprint().at("device").get<std::string>().c_str());
    return 0;
}

}  // namespace wetgate::cmd
