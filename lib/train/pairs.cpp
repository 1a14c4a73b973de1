#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/hash.h"
#include "motion/align.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/learned.h"
#include "train/footage.h"
#include "train/prune.h"
#include "train/train.h"
#include "train/trainer.h"

// Note [Learning from key frames]
// An artist fixes a few frames; a small network learns what makes the one from the other, from crops of those
// frames alone, and the pass `model` does the same to the rest of the shot. It is told where in the picture a
// pixel lies, so that it can learn what stays in one place (a smudge, a mark on the sensor) as well as what
// follows the picture (a look, a logo). To say how well it will do, each key frame is left out once, a short
// training on the others predicts it, and that is set against the best that carrying the nearest key frame
// over by optical flow can do. Where those short trainings disagree most about the rest of the shot, the next
// key frame helps most.

namespace wetgate::train {
namespace {

using nlohmann::json;
using passes::Coding;

constexpr double slope = 0.1;
constexpr std::int64_t left_out_share = 4;  // a training with a key left out takes a quarter of the steps
constexpr int frames_looked_at = 12;        // for the next key
constexpr double edit_threshold = 1.0 / 255;
constexpr double edit_weight = 100;  // a coded unit
constexpr double most_weight = 20;
constexpr std::int64_t drawn = 8192;           // places of a key frame, for crops
constexpr double local_threshold = 4.0 / 255;  // beyond what one grade of the whole picture explains

constexpr int tile_px = 1280;

struct Key {
    int frame = 0;
    at::Tensor before, after;  // [3,H,W] coded
    at::Tensor edited;         // [1,H,W] bool
    at::Tensor input;          // [5,H,W] of the network
    at::Tensor places;         // [K,2] int64: y, x of what no grade of the whole picture explains
    at::Tensor weight;         // [1,H,W] float32 of the loss
};

nets::NetworkShape shape_of(const TrainSpec& spec) {
    json values = {{"cin", 5},      {"widths", {32, 64, 96}}, {"blocks", 1},  {"mid", {1}},
                   {"residual", 0}, {"slope", slope},         {"where", true}};
    values.update(spec.network);
    return nets::network_shape("resunet", values, spec.name);
}

at::Tensor input_of(const at::Tensor& coded) {
    return at::cat({Coding::for_network(coded), passes::positions(coded)});
}

passes::Made made_by(const nets::Network& network, const at::Tensor& coded) {
    const c10::NoGradGuard no_grad;
    const c10::Device device = network.parameters().front().second.device();
    const at::Tensor answer = nets::forward_tiled(network, input_of(coded).to(device), tile_px);
    return passes::made_of(answer.to(coded.device()), Coding::for_network(coded));
}

at::Tensor fixed(const at::Tensor& coded, const passes::Made& made) {
    return coded + made.where * made.change;
}

at::Tensor predicted(const nets::Network& network, const at::Tensor& coded) {
    return fixed(coded, made_by(network, coded));
}

double psnr(const at::Tensor& a, const at::Tensor& b, const at::Tensor& where) {
    const at::Tensor error = (a - b).square() * where;
    const double count = std::max(1.0, where.sum(at::kDouble).item<double>() * 3);
    return -10 * std::log10(std::max(1e-12, error.sum(at::kDouble).item<double>() / count));
}

/// [1,H,W]: how far `after` is from the best 3x4 matrix of `before`, in its worst channel. A fix is often a
/// grade of everything and a repair of little; without this the grade drowns the repair.
at::Tensor local_edit(const at::Tensor& before, const at::Tensor& after) {
    const at::Tensor ones = at::ones({1, before[0].numel()}, before.options());
    const at::Tensor from = at::cat({before.flatten(1), ones}).to(at::kDouble);  // [4,N]
    const at::Tensor to = after.flatten(1).to(at::kDouble);                      // [3,N]
    const at::Tensor normal = at::matmul(from, from.t()) + at::eye(4, from.options()) * 1e-6;
    const at::Tensor matrix = at::linalg_solve(normal, at::matmul(from, to.t()));  // [4,3]
    const at::Tensor graded = at::matmul(matrix.t(), from).view_as(after).to(at::kFloat);
    const at::Tensor rest = (after - graded).abs().amax(0, /*keepdim=*/true);
    return at::where(rest > local_threshold, rest, at::zeros_like(rest));
}

/// Places [K,2] (y, x) drawn by the square of `rest` [1,H,W]; none where it is 0 throughout.
at::Tensor drawn_places(const at::Tensor& rest, std::uint64_t seed) {
    const at::Tensor wanted = rest[0].nonzero();
    if (wanted.size(0) == 0) return wanted;
    const at::Generator generator = at::detail::createCPUGenerator(seed);
    const at::Tensor chance = rest[0].masked_select(rest[0] > 0).square();
    constexpr std::int64_t most_categories = std::int64_t{1} << 24;  // of LibTorch's multinomial
    const at::Tensor some = chance.narrow(0, 0, std::min(chance.size(0), most_categories - 1));
    return wanted.index_select(0, at::multinomial(some, drawn, /*replacement=*/true, generator));
}

class PairsTraining {
public:
    PairsTraining(const TrainSpec& spec, const TrainTools& tools)
        : spec_(spec),
          tools_(tools),
          shape_(shape_of(spec)),
          range_(spec.range.value_or(FrameRange{spec.key_frames.front(), spec.key_frames.back() + 1})),
          footage_(spec.before, tools.colors, tools.log),
          coding_(make_coding()) {
        check_patch(spec, shape_);
        const FrameRange there = footage_.range();
        if (range_.first < there.first || range_.end > there.end) {
            throw Error(ErrorKind::Usage,
                        fmt::format("the range of the pairs goes beyond the footage, which has {}-{}",
                                    there.first, there.end - 1),
                        {.file = spec.before.path.text(), .shot = {}, .frame = {}});
        }
        Footage after(spec.after, tools.colors, tools.log);
        for (const int frame : spec.key_frames) {
            Key key;
            key.frame = frame;
            key.before = coding_.encode(footage_.linear(frame));
            key.after = coding_.encode(after.linear(frame));
            if (key.before.sizes() != key.after.sizes()) {
                throw Error(ErrorKind::Input, "the frames before and after the fix differ in size",
                            {.file = spec.after.path.path(frame).string(), .shot = {}, .frame = frame});
            }
            if (key.before.size(1) < spec.patch_px || key.before.size(2) < spec.patch_px) {
                throw Error(ErrorKind::Usage,
                            fmt::format("the frames are smaller than patch_px {}", spec.patch_px));
            }
            key.edited = ((key.after - key.before).abs() > edit_threshold).any(0, /*keepdim=*/true);
            key.input = input_of(key.before);
            const at::Tensor rest = local_edit(key.before, key.after);
            key.places = drawn_places(rest, spec.seed + static_cast<std::uint64_t>(keys_.size()));
            key.weight = 1 + (edit_weight * rest).clamp_max(most_weight);
            keys_.push_back(std::move(key));
        }
        if (std::none_of(keys_.begin(), keys_.end(), [](const Key& key) { return is_edited(key); })) {
            throw Error(ErrorKind::Usage,
                        "before and after are the same in every key frame: there is nothing to learn",
                        {.file = spec.after.path.text(), .shot = {}, .frame = {}});
        }
        data_hash_ = hash_of_keys();
    }

    TrainedModel run() {
        TrainedModel model;
        json left_out = json::array();
        std::vector<nets::Network> judges;
        double ours = 0, carried = 0, edited = 0;
        for (std::size_t out = 0; out < keys_.size(); ++out) {
            std::vector<const Key*> others;
            for (std::size_t i = 0; i < keys_.size(); ++i) {
                if (i != out) others.push_back(&keys_[i]);
            }
            const Trained short_one =
                learned(others, short_steps(), fmt::format("without key frame {}", keys_[out].frame),
                        fmt::format("left_out.{}", keys_[out].frame));
            judges.emplace_back(shape_, short_one.weights, spec_.name);
            judges.back().place(tools_.device, /*half=*/false);
            const Key& key = keys_[out];
            const passes::Made made = made_by(judges.back(), key.before);
            json& told = left_out.emplace_back(json{{"frame", key.frame}});
            if (const auto share = changed_outside(key, made)) told["changed_outside"] = *share;
            if (!is_edited(key)) {
                told["edited"] = false;
                continue;
            }
            const double own = psnr(fixed(key.before, made), key.after, key.edited);
            const double other = carried_over(key, others);
            told["psnr"] = own;
            told["carried_by_flow"] = other;
            ours += own;
            carried += other;
            ++edited;
        }
        ours /= edited;
        carried /= edited;
        std::vector<const Key*> all;
        for (const Key& key : keys_) all.push_back(&key);
        const Trained trained = learned(all, spec_.steps, "all key frames", "all");
        const nets::Network network(shape_, trained.weights, spec_.name);
        model.shape = shape_;
        model.weights = trained.weights;
        model.task = "fix";
        model.contract = {{"input", "R G B coded, then x and y from -1 to 1"},
                          {"output", "R G B coded, then how surely a pixel is to change (logit)"},
                          {"coding", {coding_.kind() == Coding::Kind::AcesCct ? "acescct" : "display"}},
                          {"frames", 1},
                          {"positions", true},
                          {"exposure_stops", stops_}};
        model.scores = {{"left_out_psnr", ours}, {"carried_by_flow_psnr", carried}};
        DeadChannelCount dead(network);
        for (const Key& key : keys_) dead.add(padded(key.input).unsqueeze(0));
        model.report = {{"left_out", left_out},
                        {"mean_left_out_psnr", ours},
                        {"mean_carried_by_flow_psnr", carried},
                        {"paint_next", next_key(judges)},
                        {"loss_curve", trained.losses},
                        {"dead_channels", dead.share()},
                        {"steps", spec_.steps}};
        const Key& shown = keys_[keys_.size() / 2];
        model.crops = {shown.before, predicted(judges[keys_.size() / 2], shown.before), shown.after};
        model.data_hash = data_hash_;
        return model;
    }

private:
    Coding make_coding() {
        passes::PassContext context;
        context.color = &tools_.colors;
        context.working_space = working_space;
        context.source_space = tools_.colors.resolve(spec_.before.colorspace);
        std::vector<json> facts;
        for (const int frame : spec_.key_frames) {
            facts.push_back(json::object());
            passes::add_exposure(facts.back(), footage_.linear(frame));
        }
        stops_ = passes::solved_exposure("pairs", facts);
        return Coding(passes::coding_kind("auto", context), stops_, context);
    }

    std::string hash_of_keys() const {
        std::string text;
        for (const Key& key : keys_) {
            for (const at::Tensor& picture : {key.before, key.after}) {
                const at::Tensor host = picture.contiguous();
                text += content_hash(
                    std::as_bytes(std::span(host.data_ptr<float>(), static_cast<std::size_t>(host.numel()))));
            }
        }
        return content_hash(text);
    }

    at::Tensor padded(const at::Tensor& input) const {
        const std::int64_t multiple = shape_.multiple();
        return input.narrow(1, 0, input.size(1) / multiple * multiple)
            .narrow(2, 0, input.size(2) / multiple * multiple)
            .contiguous();
    }

    Batch batch_of(const std::vector<const Key*>& keys, std::int64_t step) const {
        const at::Generator generator =
            at::detail::createCPUGenerator(spec_.seed * 1'000'003 + static_cast<std::uint64_t>(step));
        const auto below = [&](std::int64_t end) {
            return at::randint(std::max<std::int64_t>(1, end), {1}, generator, at::kLong)
                .item<std::int64_t>();
        };
        std::vector<at::Tensor> input, target, weight, where;
        for (int i = 0; i < spec_.batch; ++i) {
            const Key& key = *keys[static_cast<std::size_t>(below(static_cast<std::int64_t>(keys.size())))];
            const std::int64_t side = spec_.patch_px;
            const std::int64_t height = key.before.size(1);
            const std::int64_t width = key.before.size(2);
            std::int64_t y = below(height - side + 1);
            std::int64_t x = below(width - side + 1);
            if (key.places.size(0) > 0 && below(2) == 0) {
                const at::Tensor place = key.places[below(key.places.size(0))];
                y = std::clamp(place[0].item<std::int64_t>() - below(side), std::int64_t{0}, height - side);
                x = std::clamp(place[1].item<std::int64_t>() - below(side), std::int64_t{0}, width - side);
            }
            const auto cut = [&](const at::Tensor& picture) {
                return picture.narrow(1, y, side).narrow(2, x, side);
            };
            input.push_back(cut(key.input));
            target.push_back(cut(key.after));
            weight.push_back(cut(key.weight));
            where.push_back(cut(key.edited).to(at::kFloat));
        }
        return {at::stack(input), at::stack(target), at::stack(weight), at::stack(where)};
    }

    Trained learned(const std::vector<const Key*>& keys, std::int64_t steps, const std::string& what,
                    const std::string& file) {
        Recipe recipe;
        recipe.steps = steps;
        recipe.learning_rate = spec_.learning_rate;
        recipe.device = tools_.device;
        recipe.identity = content_hash(spec_.json.dump() + file + data_hash_);
        recipe.checkpoint = checkpoint_file(spec_, file);
        recipe.checkpoint_every = spec_.checkpoint_every;
        recipe.stop = tools_.stop;
        recipe.progress = [&](std::int64_t step, double loss) {
            const double all = static_cast<double>(spec_.steps) +
                               static_cast<double>(keys_.size()) * static_cast<double>(short_steps());
            if (tools_.progress)
                tools_.progress({what, step, steps, loss, static_cast<double>(done_ + step) / all});
        };
        Trained trained = train_network(
            shape_, nets::fresh_weights(shape_, spec_.seed),
            [&](std::int64_t step) { return batch_of(keys, step); }, recipe);
        done_ += steps;
        return trained;
    }

    std::int64_t short_steps() const { return std::max<std::int64_t>(1, spec_.steps / left_out_share); }

    /// The best that carrying the nearest of `others` to `key` by flow can do: its fixed picture, or its
    /// change.
    double carried_over(const Key& key, const std::vector<const Key*>& others) const {
        const Key& nearest =
            **std::min_element(others.begin(), others.end(), [&](const Key* l, const Key* r) {
                return std::abs(l->frame - key.frame) < std::abs(r->frame - key.frame);
            });
        const motion::FlowField flow =
            motion::guided_flow(motion::quiet_guide(key.before, 0), motion::quiet_guide(nearest.before, 0),
                                static_cast<int>(key.before.size(2)), static_cast<int>(key.before.size(1)));
        const at::Tensor picture = motion::aligned(nearest.after, flow);
        const at::Tensor change = key.before + motion::aligned(nearest.after - nearest.before, flow);
        return std::max(psnr(picture, key.after, key.edited), psnr(change, key.after, key.edited));
    }

    /// Share of what was not fixed in `key` that `made` alters; nothing where all was fixed.
    static std::optional<double> changed_outside(const Key& key, const passes::Made& made) {
        const at::Tensor outside = key.edited.logical_not();
        if (!outside.any().item<bool>()) return std::nullopt;
        return (made.where > 0).masked_select(outside).to(at::kDouble).mean().item<double>();
    }

    /// The frame about which the trainings with a key left out disagree most; null where all were painted.
    json next_key(const std::vector<nets::Network>& judges) {
        json frames = json::array();
        json next;
        double most = -1;
        for (int i = 0; i < frames_looked_at; ++i) {
            const int frame = range_.first + (range_.size() - 1) * i / (frames_looked_at - 1);
            if (!frames.empty() && frames.back().at("frame") == frame) continue;
            if (std::binary_search(spec_.key_frames.begin(), spec_.key_frames.end(), frame)) continue;
            const std::optional<at::Tensor> coded = readable(frame);
            if (!coded) continue;
            std::vector<at::Tensor> answers;
            for (const nets::Network& judge : judges) answers.push_back(predicted(judge, *coded));
            const double spread = at::stack(answers).var(0, /*unbiased=*/false).mean().sqrt().item<double>();
            frames.push_back({{"frame", frame}, {"disagreement", spread}});
            if (spread > most) {
                most = spread;
                next = frame;
            }
        }
        return {{"frame", next}, {"looked_at", frames}};
    }

    /// A frame between the keys, coded. A damaged one is no reason to lose a training.
    std::optional<at::Tensor> readable(int frame) {
        try {
            return coding_.encode(footage_.linear(frame));
        } catch (const Error& error) {
            tools_.log(LogLevel::Warning, fmt::format("frame {} is not looked at: {}", frame, error.what()));
            return std::nullopt;
        }
    }

    static bool is_edited(const Key& key) { return key.edited.any().item<bool>(); }

    const TrainSpec& spec_;
    const TrainTools& tools_;
    nets::NetworkShape shape_;
    FrameRange range_;
    Footage footage_;
    double stops_ = 0;
    Coding coding_;
    std::vector<Key> keys_;
    std::string data_hash_;
    std::int64_t done_ = 0;  // steps of all trainings so far
};

}  // namespace

TrainedModel train_pairs(const TrainSpec& spec, const TrainTools& tools) {
    return PairsTraining(spec, tools).run();
}

}  // namespace wetgate::train
