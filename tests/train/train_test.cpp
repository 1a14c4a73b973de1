#include "train/train.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "media/still.h"
#include "media/worked.h"
#include "nets/model_store.h"
#include "nets/tiles.h"
#include "passes/pass.h"
#include "spec/params.h"
#include "support/fake_window.h"
#include "support/refusal.h"
#include "support/scene.h"
#include "support/temp_folder.h"

namespace wetgate::train {
namespace {

using nlohmann::json;

constexpr int kWidth = 96;
constexpr int kHeight = 64;

/// What frame `frame` shows in display coding, before and after the fix: a grade, and a smudge that stays.
float sample(int frame, int c, int x, int y, bool fixed) {
    const double u = x + 3 * frame;
    double value =
        0.5 + 0.2 * std::sin(u / 9) * std::sin(y / 7.0) + 0.1 * std::sin((u + 2 * y) / 4) + 0.05 * c;
    if (!fixed) {
        value = 0.85 * value + 0.03 * c;
        value *= 1 - 0.5 * std::exp(-(std::pow((x - 60) / 8.0, 2) + std::pow((y - 30) / 6.0, 2)));
    }
    return static_cast<float>(std::clamp(value, 0.0, 1.0));
}

FloatImage picture(int frame, bool fixed, int width = kWidth, int height = kHeight) {
    FloatImage image = make_float_image({0, 0, width, height});
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) image.channel(c)[y * width + x] = sample(frame, c, x, y, fixed);
        }
    }
    return image;
}

void write_png(const std::filesystem::path& file, const FloatImage& image) {
    HostFrame like;
    like.display_window = image.window;
    write_atomic(file,
                 media::encode_still(media::make_rgb_frame(like, image, SampleType::U16, 16, std::nullopt),
                                     {.type = "png", .bits = 16, .rate = {}, .compression = ""}));
}

struct Production {
    Production() {
        std::filesystem::create_directories(folder / "b");
        std::filesystem::create_directories(folder / "a");
        for (int frame = 1; frame <= 9; ++frame) {
            write_png(folder / ("b/p.000" + std::to_string(frame) + ".png"), picture(frame, false));
            write_png(folder / ("a/p.000" + std::to_string(frame) + ".png"), picture(frame, true));
        }
    }
    TrainSpec spec(const json& changes) const {
        json value = {
            {"schema", "wetgate.train/1"}, {"name", "fix"},     {"task", "pairs"}, {"output", "models"},
            {"licence", "test"},           {"shows", {"demo"}}, {"batch", 4},      {"patch_px", 48}};
        value.update(changes);
        write_atomic(folder / "train.json", value.dump());
        return read_train_spec(folder / "train.json");
    }
    TrainTools tools() const { return {colors, models, c10::Device(c10::kCPU), silent_log(), {}, {}}; }
    json read(const std::string& name) const {
        return json::parse(read_text(folder / ("models/" + name), 1 << 24));
    }

    tests::TempFolder folder;
    color::Config colors = color::Config::load("builtin", {});
    nets::JobModels models{folder / "models", "demo", c10::Device(c10::kCPU), false};
};

const json pairs = {{"pairs",
                     {{"before", {{"path", "b/p.####.png"}, {"range", "1-9"}, {"colorspace", "sRGB"}}},
                      {"after", {{"path", "a/p.####.png"}, {"range", "1-9"}, {"colorspace", "sRGB"}}},
                      {"key_frames", "1,5,9"}}},
                    {"network", {{"widths", {16, 24}}}},
                    {"steps", 300},
                    {"learning_rate", 0.003}};

double psnr(const at::Tensor& a, const at::Tensor& b) {
    return -10 * std::log10((a - b).square().mean().item<double>());
}

}  // namespace

TEST_CASE("a fix learned from three key frames holds on a frame that nobody painted") {
    const Production production;
    train(production.spec(pairs), production.tools());
    const json report = production.read("fix.training.json");
    CHECK(report["left_out"].size() == 3);
    CHECK(report["mean_left_out_psnr"].get<double>() > report["mean_carried_by_flow_psnr"].get<double>());
    const int next = report["paint_next"]["frame"].get<int>();
    CHECK(next > 1);
    CHECK(next < 9);
    CHECK(next != 5);  // painted already
    CHECK(report["dead_channels"].get<double>() < 0.05);
    CHECK(std::filesystem::exists(production.folder / "models/fix.crops.png"));
    CHECK_FALSE(std::filesystem::exists(production.folder / "fix.train"));  // checkpoints are gone

    passes::PassContext context;
    context.params = spec::pass_params("model", json::object());
    context.artefact = {{"schema", "wetgate.exposure/1"}, {"exposure_stops", 0}};
    context.color = &production.colors;
    context.source_space = "sRGB";
    context.models = &production.models;
    context.model = "fix";
    const auto pass = passes::find_pass("model").make(context);
    const auto light = [&](bool fixed) {
        FloatImage image = picture(3, fixed);
        production.colors.transform("sRGB", "ACEScg")->apply(image);
        return at::from_blob(image.channel(0), {3, kHeight, kWidth}, at::kFloat).clone();
    };
    const at::Tensor made = pass->run(tests::FakeWindow(light(false))).pixels;
    CHECK(psnr(made, light(true)) > psnr(light(false), light(true)) + 10);
}

TEST_CASE("the nets of the passes train from clean pictures, and from noisy dailies") {
    const Production production;
    json pictures = json::array();
    for (const char* range : {"1-3", "4-6", "7-7", "8-9", "1-2"}) {
        pictures.push_back({{"path", "a/p.####.png"}, {"range", range}, {"colorspace", "sRGB"}});
    }
    const json clean = {{"pictures", pictures}, {"steps", 100}, {"learning_rate", 0.002}};
    for (const char* task : {"denoise", "inpaint", "upscale"}) {
        json changes = clean;
        changes["task"] = task;
        changes["name"] = task;
        changes["network"] =
            std::string(task) == "upscale" ? json{{"widths", {8}}} : json{{"widths", {8, 12}}};
        train(production.spec(changes), production.tools());
        const json report = production.read(std::string(task) + ".training.json");
        CHECK(report["loss_curve"].size() == 100);
        CHECK(report["pictures_held_out"] == 2);  // the last clip
        CHECK(report["pictures"] == 9);
        CHECK(report["held_out_psnr"].get<double>() > report["held_out_psnr_untouched"].get<double>());
        production.models.load({task, task});  // card, hash and weights fit
    }
    for (const nets::StoredModel& model : nets::ModelStore(production.folder / "models").list())
        CHECK_MESSAGE(model.problem.empty(), model.file, model.problem);  // reports are no cards
    const json noisy = {{"task", "denoise"},
                        {"name", "own"},
                        {"start", "denoise"},
                        {"noisy", true},
                        {"steps", 5},
                        {"patch_px", 32},
                        {"shows", {"demo"}},
                        {"pictures", {{{"path", "b/p.####.png"}, {"range", "1-9"}, {"colorspace", "sRGB"}}}}};
    train(production.spec(noisy), production.tools());
    const auto own = production.models.load({"own", "denoise"});
    CHECK(own->card.json["training"]["data"].get<std::string>().find("started from denoise") !=
          std::string::npos);
    const json dailies = production.read("own.training.json");
    CHECK(dailies["pictures"] == 9);
    CHECK_FALSE(dailies.contains("held_out_psnr"));  // one clip: none is held out
    json wider = noisy;
    wider["name"] = "wider";
    wider["shows"] = {"demo", "other"};
    CHECK(tests::refusal(ErrorKind::Model, [&] {
              train(production.spec(wider), production.tools());
          }).find("may not run on show 'other'") != std::string::npos);
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              train(production.spec(noisy), production.tools());
          }).find("--overwrite") != std::string::npos);
    const json cut = {{"task", "prune"},
                      {"name", "cut"},
                      {"start", "denoise"},
                      {"steps", 2},
                      {"pictures", clean["pictures"]}};
    train(production.spec(cut), production.tools());
    CHECK(production.read("cut.training.json")["largest_difference_held_out"].get<double>() < 0.01);
}

TEST_CASE("a repair of a part leaves the rest of the plate alone, also on frames that nobody painted") {
    const Production production;
    for (int frame = 1; frame <= 9; ++frame) {  // the fix: a mark that stays, gone
        const std::string name = "p.000" + std::to_string(frame) + ".png";
        FloatImage marked = picture(frame, true);
        for (int c = 0; c < 3; ++c) {
            for (int y = 20; y < 30; ++y) std::fill_n(marked.channel(c) + y * kWidth + 40, 12, 0.95F);
        }
        write_png(production.folder / ("b/" + name), marked);
    }
    json local = pairs;
    local["name"] = "local";
    local["steps"] = 2400;
    train(production.spec(local), production.tools());
    const json report = production.read("local.training.json");
    for (const json& left_out : report["left_out"])
        CHECK_MESSAGE(left_out["changed_outside"].get<double>() < 0.002, report["left_out"]);
    const json card = production.read("local.json");
    CHECK(card["hyper_parameters"]["where"] == true);

    json same = local;
    same["name"] = "same";
    same["pairs"]["after"]["path"] = "b/p.####.png";
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              train(production.spec(same), production.tools());
          }).find("nothing to learn") != std::string::npos);
    json beyond = local;
    beyond["name"] = "beyond";
    beyond["pairs"]["range"] = "1-20";
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              train(production.spec(beyond), production.tools());
          }).find("beyond the footage") != std::string::npos);
}

TEST_CASE("the examples can be read") {
    int examples = 0;
    for (const auto& entry : std::filesystem::directory_iterator(WETGATE_TRAIN_EXAMPLES)) {
        CHECK(read_train_spec(entry.path()).name.find(entry.path().stem().string()) != std::string::npos);
        ++examples;
    }
    CHECK(examples >= 4);
}

TEST_CASE("every problem of a training spec is named") {
    const Production production;
    const auto problems = [&](const json& changes) {
        return tests::refusal(ErrorKind::Usage, [&] { production.spec(changes); });
    };
    CHECK(problems(json::object()).find("/pairs") != std::string::npos);
    json one = pairs;
    one["pairs"]["key_frames"] = "5";
    CHECK(problems(one).find("at least two") != std::string::npos);
    CHECK(problems({{"task", "denoise"}}).find("stills") != std::string::npos);
    CHECK(problems({{"task", "prune"}, {"stills", "a"}}).find("/start") != std::string::npos);
    CHECK(problems({{"stepz", 3}}).find("steps") != std::string::npos);
    CHECK(problems({{"name", "../up"}}).find("/name") != std::string::npos);
    json idle = pairs;
    idle["start"] = "denoise";
    CHECK(problems(idle).find("/start") != std::string::npos);
    CHECK(problems({{"task", "denoise"}, {"pictures", pairs["pairs"]["before"]}, {"stills", "a"}})
              .find("/pictures") != std::string::npos);
    json deep = pairs;
    deep["network"] = {{"widths", {8, 8, 8, 8, 8, 8}}};
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              train(production.spec(deep), production.tools());
          }).find("multiple of 64") != std::string::npos);
}

}  // namespace wetgate::train
