#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "nets/sha256.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/refusal.h"
#include "support/temp_folder.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

/// A TorchScript of three frames that answers with the mean of the first and the last.
std::string archive() {
    torch::jit::Module module("fix");
    module.define("def forward(self, x):\n    return (x[:, 0:3] + x[:, 6:9]) * 0.5\n");
    std::ostringstream stream;
    module.save(stream);
    return stream.str();
}

struct ScriptModel {
    ScriptModel() {
        const std::string bytes = archive();
        hash = nets::sha256(std::as_bytes(std::span(bytes)));
        write_atomic(folder / "mean.pt", bytes);
        write_card("acescct");
    }
    void write_card(const std::string& coding) const {
        const json card = {
            {"schema", "wetgate.model_card/1"},
            {"name", "mean"},
            {"task", "fix"},
            {"architecture", "torchscript"},
            {"hyper_parameters", {{"cin", 9}, {"halo_px", 0}, {"multiple", 2}}},
            {"weights", "mean.pt"},
            {"sha256", hash},
            {"contract", {{"input", "3 frames"}, {"output", "R G B"}, {"coding", {coding}}, {"frames", 3}}},
            {"licence", "CC0-1.0"},
            {"scope", {{"shows", {"dune"}}}},
            {"training", {{"data", "none"}, {"recipe", "by hand"}}}};
        write_atomic(folder / "mean.json", card.dump());
    }
    passes::PassContext context(const nets::JobModels& models, const json& params) const {
        static const color::Config colors = color::Config::load("builtin", {});
        passes::PassContext made;
        made.params = spec::pass_params("model", params);
        made.artefact = {{"schema", "wetgate.exposure/1"}, {"exposure_stops", 1.0}};
        made.color = &colors;
        made.models = &models;
        made.model = "mean";
        return made;
    }
    nets::JobModels models(const std::string& show = "dune") const {
        return nets::JobModels(folder / "", show, c10::Device(c10::kCPU), false);
    }

    TempFolder folder;
    std::string hash;
};

}  // namespace

TEST_CASE("a user's script gets its window in its coding, and its change is applied to the plate") {
    const ScriptModel script;
    const nets::JobModels models = script.models();
    const auto pass = passes::find_pass("model").make(script.context(models, {{"sha256", script.hash}}));
    CHECK(pass->reach() == passes::PassReach{1, 1});
    // Above ACEScct's toe the mean of two codes is the geometric mean of two lights.
    std::vector<at::Tensor> pictures = {at::full({3, 9, 7}, 0.1), at::full({3, 9, 7}, 0.4),
                                        at::full({3, 9, 7}, 0.9)};
    const auto result = pass->run(FakeWindow::of(pictures, 1));
    CHECK((result.pixels - 0.3).abs().max().item<double>() < 1e-4);
    CHECK(result.touch.min().item<double>() == 1);
}

TEST_CASE("what a model leaves as it is keeps its bits") {
    const ScriptModel script;
    const nets::JobModels models = script.models();
    const auto pass = passes::find_pass("model").make(script.context(models, {{"sha256", script.hash}}));
    const at::Tensor same = at::rand({3, 16, 16}) + 0.1;
    const auto result = pass->run(FakeWindow::of({same, same, same}, 1));
    CHECK(result.touch.count_nonzero().item<int>() == 0);
}

TEST_CASE("code needs its hash in the job, the right one, and a show that its card allows") {
    const ScriptModel script;
    const nets::JobModels models = script.models();
    const auto make = [&](const nets::JobModels& from, const json& params) {
        return refusal(ErrorKind::Model,
                       [&] { passes::find_pass("model").make(script.context(from, params)); });
    };
    CHECK(make(models, json::object()).find("sha256") != std::string::npos);
    CHECK(make(models, {{"sha256", std::string(64, '0')}}).find("not the one") != std::string::npos);
    const nets::JobModels other = script.models("arrakis");
    CHECK(make(other, {{"sha256", script.hash}}).find("arrakis") != std::string::npos);
    write_atomic(script.folder / "mean.pt", "no archive");
    CHECK(make(models, {{"sha256", script.hash}}).find("fetch both again") != std::string::npos);
}

}  // namespace wetgate::tests
