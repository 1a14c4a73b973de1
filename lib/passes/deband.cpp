#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/coding.h"
#include "passes/deband_grid.h"
#include "passes/deband_smooth.h"
#include "passes/pass.h"

// Contours of pictures that were rounded to few bits. measure() lists the values that each frame takes,
// solve() reads the grid off them, run() finds the smoothest picture that rounds to the coded one.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr double most_code = 4;        // sums of larger values lose the fractions of a step
constexpr double least_change = 0.01;  // steps: what the way through the coding rounds off is no change

/// What the plate was coded in when it was rounded.
Coding coding_of(const PassContext& context) {
    PassContext rounded_in = context;
    if (context.params.has("space")) {
        if (context.params.text("coding") != "plate") {
            throw Error(ErrorKind::Usage, fmt::format("{}/space: only \"coding\": \"plate\" has a space",
                                                      context.params.pointer()));
        }
        if (context.color == nullptr)
            throw Error(ErrorKind::Internal, "deband: the job's colour config is missing");
        rounded_in.source_space = context.color->resolve(context.params.text("space"));
    }
    return Coding(coding_kind(context.params.text("coding")), 0, rounded_in);
}

class DebandAnalysis final : public ShotAnalysis {
public:
    explicit DebandAnalysis(const PassContext& context) : coding_(coding_of(context)) {}

    json measure(const FrameWindow& window) const override {
        return deband::measure_levels(coding_.encode(window[0].pixels));
    }
    json solve(std::span<const json> all_frames, int first_frame) const override {
        return deband::solve_code(all_frames, first_frame);
    }

private:
    Coding coding_;
};

class DebandPass final : public FramePass {
public:
    explicit DebandPass(const PassContext& context)
        : dither_(context.params.number("dither")),
          smoother_(context.params.number("texture_steps"),
                    context.params.has("radius_px") ? context.params.number("radius_px") : 0) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        code_ = deband::code_from(context.artefact);
        if (context.params.has("bits")) code_ = deband::code_of_bits(code_, context.params.integer("bits"));
        coding_.emplace(coding_of(context));
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        if (!code_.is_rounded() || linear.numel() == 0)
            return {linear, at::zeros_like(linear.slice(0, 0, 1)), {{"grid", "none"}}};
        const at::Tensor coded = coding_->encode(linear);
        const at::Tensor planes = code_.planes(coded).to(at::kCPU);
        const at::Tensor usable =
            at::isfinite(linear).logical_and(coded.abs() <= most_code).all(0).to(at::kCPU);
        at::Tensor change = at::zeros_like(planes);
        at::Tensor luma_flat;
        for (std::int64_t c = 0; c < 3; ++c) {
            const deband::Grid& grid = code_.grids[static_cast<std::size_t>(c)];
            if (!(grid.step > 0)) continue;
            at::Tensor flat = smoother_.flatness(planes[c], usable, grid);
            // Chroma is soft everywhere; where luma has texture no one sees bands in it.
            if (luma_flat.defined()) flat = at::minimum(flat, luma_flat);
            if (code_.luma && c == 0) luma_flat = flat;
            const at::Tensor moved = smoother_.change(planes[c], flat, grid);
            change[c] = at::where(moved.abs() > least_change * grid.step, moved, at::zeros_like(moved));
        }
        const at::Tensor changed = change != 0;  // [3,H,W]
        const at::Tensor touch = changed.any(0, /*keepdim=*/true);
        json facts = {{"grid", code_.luma ? "ycbcr" : "rgb"}, {"moved_steps", json::array()}};
        for (std::int64_t c = 0; c < 3; ++c) facts["moved_steps"].push_back(mean_steps(change, changed, c));
        if (dither_ > 0) change = at::where(changed, change + dither(planes, window.seed()), change);
        const at::Tensor rgb = code_.rgb_change(change).to(linear.device());
        return {at::where(touch.to(linear.device()), coding_->moved(linear, coded, rgb), linear),
                touch.to(at::kFloat).to(linear.device()), std::move(facts)};
    }

private:
    /// How far plane `c` was moved where it was, root mean square, in steps.
    double mean_steps(const at::Tensor& change, const at::Tensor& changed, std::int64_t c) const {
        const double places = changed[c].sum().item<double>();
        if (places == 0) return 0;
        const double square = change[c].square().sum(at::kDouble).item<double>() / places;
        return rounded(std::sqrt(square) / code_.grids[static_cast<std::size_t>(c)].step);
    }

    /// Triangular noise (what rounding leaves no trace under), the same for a frame in every run.
    at::Tensor dither(const at::Tensor& planes, std::uint64_t seed) const {
        const at::Generator generator = at::detail::createCPUGenerator(seed);
        at::Tensor noise = at::rand(planes.sizes(), generator, at::kFloat);
        noise -= at::rand(planes.sizes(), generator, at::kFloat);
        for (std::int64_t c = 0; c < 3; ++c)
            noise[c] *= dither_ * code_.grids[static_cast<std::size_t>(c)].step;
        return noise;
    }

    double dither_;
    deband::Smoother smoother_;
    deband::Code code_;
    std::optional<Coding> coding_;
};

}  // namespace

PassEntry deband_entry() {
    return {"deband", [](const PassContext& context) { return std::make_unique<DebandPass>(context); },
            [](const PassContext& context) { return std::make_unique<DebandAnalysis>(context); }};
}

}  // namespace wetgate::passes
