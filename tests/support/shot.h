#pragma once
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/models.h"
#include "support/scene.h"

// Shots in memory, through a pass that looks at the whole of one.

namespace wetgate::tests {

/// Smooth random texture in light, about 0.05 to 0.6, without end: detail from `finest_px` to twelve times
/// that. [3,H,W]
inline at::Tensor texture(int width, int height, double x0, double y0, int seed = 0, double finest_px = 5) {
    const at::Tensor x = (at::arange(width, at::kDouble) + x0).view({1, width});
    const at::Tensor y = (at::arange(height, at::kDouble) + y0).view({height, 1});
    std::vector<at::Tensor> planes;
    for (int c = 0; c < 3; ++c) {
        at::Tensor sum = at::zeros({height, width}, at::kDouble);
        for (int i = 0; i < 24; ++i) {
            const auto part = static_cast<std::uint64_t>(100 * seed + i);
            const double angle = 6.2831853 * hashed(1, part),
                         length = finest_px * std::pow(12.0, hashed(2, part));
            const double pace = 6.2831853 / length;
            sum += (pace * (std::cos(angle) * x + std::sin(angle) * y) +
                    6.2831853 * hashed(3, part, static_cast<std::uint64_t>(c / 2)))
                       .sin();
        }
        planes.push_back((0.3 * (0.35 * sum).exp()).clamp(0.02, 4).to(at::kFloat));
    }
    return at::stack(planes);
}

/// In decibels inside a matte [1,H,W], as a screen shows it.
inline double psnr_inside(const at::Tensor& made, const at::Tensor& truth, const at::Tensor& matte) {
    const at::Tensor error = (made.clamp(0, 1).pow(1 / 2.4) - truth.clamp(0, 1).pow(1 / 2.4)).square();
    return -10 * std::log10((error * matte).sum().item<double>() / (3 * matte.sum().item<double>()) + 1e-12);
}

/// Of the places where `of` [1,H,W] bool is true: in how many `part` is.
inline double share(const at::Tensor& part, const at::Tensor& of) {
    return part.logical_and(of).sum().item<double>() / std::max(1.0, of.sum().item<double>());
}

/// References in memory: pictures [3,H,W] by name, numbered from 1.
class FakeReferences final : public passes::References {
public:
    explicit FakeReferences(std::map<std::string, std::vector<at::Tensor>> pictures)
        : pictures_(std::move(pictures)) {}
    std::vector<int> frames(const std::string& name) const override {
        std::vector<int> numbers;
        for (std::size_t i = 0; i < pictures_.at(name).size(); ++i)
            numbers.push_back(static_cast<int>(i) + 1);
        return numbers;
    }
    compute::DeviceFrame picture(const std::string& name, int frame) const override {
        return device_frame(pictures_.at(name).at(static_cast<std::size_t>(frame - 1)), frame);
    }

private:
    std::map<std::string, std::vector<at::Tensor>> pictures_;
};

/// A pass of that name on the CPU with the shipped models.
class ShotPass {
public:
    explicit ShotPass(std::string name, std::map<std::string, std::vector<at::Tensor>> references = {})
        : name_(std::move(name)), references_(std::make_shared<FakeReferences>(std::move(references))) {}

    passes::PassContext context(const nlohmann::json& params, nlohmann::json artefact = nullptr,
                                bool has_matte = false) const {
        static const color::Config colors = color::Config::load("builtin", {});
        static const nets::JobModels models = shipped_models();
        passes::PassContext made;
        made.params = spec::pass_params(name_, params);
        made.artefact = std::move(artefact);
        made.color = &colors;
        made.models = &models;
        made.has_matte = has_matte;
        made.references = references_;
        return made;
    }

    /// The artefact of a shot whose frames [3,H,W] are numbered from 1. `mattes`: none, or one a frame.
    nlohmann::json solved(const std::vector<at::Tensor>& pictures, const nlohmann::json& params,
                          const std::vector<at::Tensor>& mattes = {}) const {
        const auto analysis =
            passes::find_pass(name_).make_analysis(context(params, nullptr, !mattes.empty()));
        std::vector<nlohmann::json> facts;
        for (int i = 0; i < static_cast<int>(pictures.size()); ++i) {
            FakeWindow window = FakeWindow::of(pictures, i, 1);
            if (!mattes.empty()) window.with_mattes(mattes);
            facts.push_back(analysis->measure(window));
        }
        return analysis->solve(facts, 1);
    }

    /// Of the frame at `index`.
    passes::PassResult run(const std::vector<at::Tensor>& pictures, int index, const nlohmann::json& artefact,
                           const nlohmann::json& params, const std::vector<at::Tensor>& mattes = {}) const {
        FakeWindow window = FakeWindow::of(pictures, index, 1, static_cast<std::uint64_t>(index) + 1);
        if (!mattes.empty()) window.with_mattes(mattes);
        return passes::find_pass(name_).make(context(params, artefact, !mattes.empty()))->run(window);
    }

private:
    std::string name_;
    std::shared_ptr<const passes::References> references_;
};

}  // namespace wetgate::tests
