#include "passes/exposure.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace wetgate::passes {
namespace {

constexpr const char* artefact_schema = "wetgate.exposure/1";
// Geometric mean of a photograph's light. Measured: nets denoise best about here (up to 3 dB better than two
// stops above, where noisy shadows leave ACEScct's linear toe), and a stop to either side is as good.
constexpr double usual_mean = 0.035;
constexpr double most_stops = 8;
constexpr double least_light = 1e-6;

class ExposureAnalysis final : public ShotAnalysis {
public:
    explicit ExposureAnalysis(std::string pass) : pass_(std::move(pass)) {}

    nlohmann::json measure(const FrameWindow& window) const override {
        nlohmann::json facts = nlohmann::json::object();
        add_exposure(facts, window[0].pixels);
        return facts;
    }
    nlohmann::json solve(std::span<const nlohmann::json> all_frames, int) const override {
        return {{"schema", artefact_schema}, {"exposure_stops", solved_exposure(pass_, all_frames)}};
    }

private:
    std::string pass_;
};

}  // namespace

void add_exposure(nlohmann::json& facts, const at::Tensor& linear) {
    const at::Tensor luminance =
        linear[0] * 0.2722287 + linear[1] * 0.6740818 + linear[2] * 0.0536895;  // AP1
    const at::Tensor lit =
        luminance.masked_select(at::isfinite(luminance).logical_and(luminance > least_light));
    if (lit.numel() > 0) facts["mean_log2"] = rounded(lit.log2().mean(at::kDouble).item<double>());
}

double solved_exposure(const std::string& pass, std::span<const nlohmann::json> all_frames) {
    std::vector<double> means;
    for (std::size_t i = 0; i < all_frames.size(); ++i) {
        const ArtefactReader facts(pass, all_frames[i], fmt::format("the measurement number {}", i));
        if (facts.has("mean_log2")) means.push_back(facts.member("mean_log2").number(-60, 60));
    }
    if (means.empty()) return 0;
    const auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
    std::nth_element(means.begin(), middle, means.end());
    const double stops = std::round(2 * (std::log2(usual_mean) - *middle)) / 2;
    return std::clamp(stops, -most_stops, most_stops);
}

std::unique_ptr<ShotAnalysis> exposure_analysis(const std::string& pass) {
    return std::make_unique<ExposureAnalysis>(pass);
}

double exposure_stops(const std::string& pass, const nlohmann::json& artefact) {
    const ArtefactReader reader(pass, artefact, "the artefact");
    reader.check_schema(artefact_schema);
    return exposure_stops(reader);
}

double exposure_stops(const ArtefactReader& artefact) {
    return artefact.member("exposure_stops").number(-16, 16);
}

}  // namespace wetgate::passes
