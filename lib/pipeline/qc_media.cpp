#include "pipeline/qc_media.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "media/movie_facts.h"
#include "media/worked.h"
#include "pipeline/movie_checks.h"
#include "pipeline/shot_qc.h"
#include "pipeline/worker_pool.h"
#include "qc/delta_itp.h"
#include "qc/difference.h"
#include "qc/metrics.h"
#include "qc/plate.h"

namespace wetgate::pipeline {
namespace {

/// One frame on its way.
struct Pair {
    std::size_t index = 0;
    HostFrame made;
    std::shared_ptr<const HostFrame> reference;  ///< nullptr: there is none
};

/// What a frame was found to be.
struct Seen {
    qc::FrameFacts facts;
    std::string before, after;  // thumbnails
    std::optional<double> psnr_db, ssim, delta_itp;
};

/// Means over the channels that both have.
void add_difference(const HostFrame& made, const HostFrame& reference, Seen& seen) {
    const qc::FrameDifference difference = qc::difference(reference, made);
    double squares = 0, ssim = 0, count = 0;
    for (const qc::ChannelDifference& channel : difference.channels) {
        if (!std::isfinite(channel.ssim)) continue;
        squares += channel.mse;
        ssim += channel.ssim;
        ++count;
    }
    if (count == 0) return;
    constexpr double most_db = 100;
    seen.psnr_db = squares > 0 ? std::min(most_db, -10 * std::log10(squares / count)) : most_db;
    seen.ssim = ssim / count;
}

class MediaQc {
public:
    explicit MediaQc(const QcMediaRequest& request)
        : request_(request),
          viewer_(viewer_of(request.media)),
          all_(request.media.source->info().range),
          range_(request.range.value_or(all_)),
          thumbnail_step_((range_.size() + most_kept_thumbnails - 1) / most_kept_thumbnails),
          seen_(static_cast<std::size_t>(range_.size())) {
        if (!all_.contains(range_) || range_.size() == 0) {
            throw Error(ErrorKind::Usage,
                        "frames " + std::to_string(range_.first) + "-" + std::to_string(range_.end - 1) +
                            " are asked for, but it has " + std::to_string(all_.first) + "-" +
                            std::to_string(all_.end - 1),
                        {.file = request.media.name, .shot = {}, .frame = {}});
        }
        if (!request.reference) return;
        reference_viewer_.emplace(viewer_of(*request.reference));
        if (request.reference->source->info().range.size() < range_.end - all_.first) {
            throw Error(ErrorKind::Usage,
                        "the reference has " +
                            std::to_string(request.reference->source->info().range.size()) +
                            " frames, fewer than the " + std::to_string(range_.end - all_.first) +
                            " that are to be judged by it; give it another one, or a --range",
                        {.file = request.reference->name, .shot = {}, .frame = {}});
        }
        if (!request.colors.has(wide_space)) return;
        to_wide_ = request.colors.transform(request.media.colorspace, wide_space);
        reference_to_wide_ = request.colors.transform(request.reference->colorspace, wide_space);
    }

    QcMediaOutcome run() {
        WorkerPool<Pair> pool(request_.threads, 1, [this](Pair& pair) { look(pair); });
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            if (request_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped by a signal");
            std::optional<HostFrame> made =
                read(*request_.media.source, frame(i), frame(i), qc::Severity::Blocker);
            if (!made) continue;
            Pair pair{i, std::move(*made), nullptr};
            if (request_.reference) {
                media::FrameSource& source = *request_.reference->source;
                std::optional<HostFrame> other = read(
                    source, source.info().range.first + frame(i) - all_.first, frame(i), qc::Severity::Issue);
                if (other) pair.reference = std::make_shared<const HostFrame>(std::move(*other));
            }
            pool.push(std::move(pair));
        }
        pool.finish();
        return outcome();
    }

private:
    static constexpr int most_kept_thumbnails = 400;
    static constexpr const char* wide_space = "Linear Rec.2020";

    Viewer viewer_of(const MediaUnderTest& media) const {
        return {request_.colors, media.colorspace, media.colorspace, media.source->info().color.bits == 0};
    }
    int frame(std::size_t index) const { return range_.first + static_cast<int>(index); }

    /// Frame `number` of a source, which is `frame` of the media.
    std::optional<HostFrame> read(media::FrameSource& source, int number, int frame, qc::Severity severity) {
        try {
            return source.read(number);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Input) throw;
            const bool is_media = severity == qc::Severity::Blocker;
            if (is_media) unreadable_.emplace_back(frame, error.message());
            const std::lock_guard lock(mutex_);
            add(frame, "unreadable_frame", "Frame Error", severity, 1,
                (is_media ? "the frame cannot be read: " : "the reference's frame cannot be read: ") +
                    error.message());
            return std::nullopt;
        }
    }

    void add(int frame, const char* check, const char* term, qc::Severity severity, double value,
             const std::string& message) {
        qc::Finding finding;
        finding.check = check;
        finding.category = "VIDEO";
        finding.term = term;
        finding.severity = severity;
        finding.overridable = false;
        finding.shot = request_.media.name;
        finding.first_frame = frame;
        finding.end_frame = frame + 1;
        if (const auto address = address_of(frame)) {
            finding.timecode_in = to_string(*address);
            finding.timecode_out = to_string(advanced(*address, 1));
        }
        finding.value = value;
        finding.threshold_source = "any (wetgate gate)";
        finding.message = message;
        found_[{frame, check}] = qc::to_json(finding);
    }

    std::optional<Timecode> address_of(int frame) const {
        const auto& start = request_.media.source->info().start_timecode;
        return start ? std::optional(advanced(*start, frame - all_.first)) : std::nullopt;
    }

    void look(const Pair& pair) {
        Seen seen;
        Viewer::View made = viewer_.look(pair.made);
        const bool is_shown = pair.index % static_cast<std::size_t>(thumbnail_step_) == 0;
        if (is_shown) seen.after = std::move(made.thumbnail);
        const qc::NonFinite bad = qc::count_non_finite(pair.made);
        seen.facts.output = std::make_shared<const qc::PictureFacts>(std::move(made.facts));
        seen.facts.input = seen.facts.output;
        if (pair.reference) {
            Viewer::View reference = reference_viewer_->look(*pair.reference);
            if (is_shown) seen.before = std::move(reference.thumbnail);
            if (!same_picture(reference.facts, *seen.facts.output))
                seen.facts.input = std::make_shared<const qc::PictureFacts>(std::move(reference.facts));
            add_difference(pair.made, *pair.reference, seen);
            add_delta(pair, seen);
        }
        const std::lock_guard lock(mutex_);
        if (bad.nan + bad.inf > 0) {
            add(frame(pair.index), "non_finite", "Pixel Error", qc::Severity::Blocker,
                static_cast<double>(bad.nan + bad.inf),
                std::to_string(bad.nan) + " NaN and " + std::to_string(bad.inf) +
                    " Inf samples, the first in " + bad.first);
        }
        seen_[pair.index] = std::move(seen);
        ++done_;
        if (request_.progress) {
            request_.progress({request_.media.name, "qc", done_, range_.size(), 0,
                               static_cast<double>(done_) / std::max(1, range_.size())});
        }
    }

    bool same_picture(const qc::PictureFacts& a, const qc::PictureFacts& b) const {
        return a.hash == b.hash && request_.media.colorspace == request_.reference->colorspace &&
               a.display == b.display && a.window == b.window && a.pixel_aspect == b.pixel_aspect &&
               a.timecode == b.timecode;
    }

    void add_delta(const Pair& pair, Seen& seen) const {
        if (!to_wide_ || pair.made.window() != pair.reference->window() || pair.made.window().empty()) return;
        FloatImage made = media::read_worked(pair.made), reference = media::read_worked(*pair.reference);
        to_wide_->apply(made);
        reference_to_wide_->apply(reference);
        seen.delta_itp = qc::delta_itp(made, reference).mean;
    }

    nlohmann::json findings(const qc::ShotFacts& facts, const qc::CheckResult& result) const {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& [where, finding] : found_) list.push_back(finding);
        const media::SourceInfo& info = request_.media.source->info();
        if (info.kind == media::MediaKind::Movie) {
            const std::filesystem::path file = request_.media.source->file_of(range_.first);
            ExpectedMovie expected;
            expected.shot = facts.name;
            expected.range = all_;
            expected.address = info.start_timecode;
            nlohmann::json own = nlohmann::json::array();
            for (const qc::Finding& finding :
                 check_movie(media::movie_facts(file), file.filename().string(), expected))
                own.push_back(qc::to_json(finding));
            qc::apply_settings(request_.checks, own);
            list.insert(list.end(), own.begin(), own.end());
        }
        for (const qc::Finding& finding : result.findings) list.push_back(qc::to_json(finding));
        return list;
    }

    void add_plot(nlohmann::json& plots, const char* name, const char* title, const char* unit,
                  std::optional<double> Seen::*value) const {
        nlohmann::json list = nlohmann::json::array();
        bool is_known = false;
        for (const Seen& seen : seen_) {
            list.push_back(seen.*value ? nlohmann::json(std::round(*(seen.*value) * 1e6) / 1e6)
                                       : nlohmann::json());
            is_known = is_known || (seen.*value).has_value();
        }
        if (is_known) plots.push_back({{"name", name}, {"title", title}, {"unit", unit}, {"output", list}});
    }

    QcMediaOutcome outcome() {
        const media::SourceInfo& info = request_.media.source->info();
        qc::ShotFacts facts;
        facts.name = request_.media.name;
        facts.range = range_;
        facts.rate = info.rate;
        facts.start = address_of(range_.first);
        facts.is_display_coded = viewer_.is_display_coded();
        nlohmann::json frames = nlohmann::json::array();
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            facts.frames.push_back(seen_[i].facts);
            frames.push_back({{"frame", frame(i)}});
            if (facts.start)
                frames.back()["timecode"] = to_string(advanced(*facts.start, static_cast<std::int64_t>(i)));
        }
        for (const auto& [number, why] : unreadable_)
            frames[static_cast<std::size_t>(number - range_.first)]["failed"] = {{"class", "input"},
                                                                                 {"why", why}};
        const qc::CheckResult result = qc::run_checks(facts, request_.checks);
        nlohmann::json plots = qc::metrics(facts, request_.checks);
        add_plot(plots, "psnr", "PSNR against the reference", "dB", &Seen::psnr_db);
        add_plot(plots, "ssim", "SSIM against the reference", "", &Seen::ssim);
        add_plot(plots, "delta_itp", "dE-ITP against the reference", "", &Seen::delta_itp);
        std::vector<std::string> checked = {"unreadable_frame", "non_finite"};
        if (info.kind == media::MediaKind::Movie) checked.insert(checked.end(), {"color_tags", "audio"});
        checked.insert(checked.end(), result.checked.begin(), result.checked.end());
        const nlohmann::json none = nlohmann::json::array();
        QcMediaOutcome outcome;
        outcome.unreadable = static_cast<int>(unreadable_.size());
        outcome.shot = {{"name", facts.name},
                        {"range", {range_.first, range_.end}},
                        {"rate", to_string(info.rate)},
                        {"source", info.detail},
                        {"colorspace", request_.media.colorspace},
                        {"fingerprint", nullptr},
                        {"passes", none},
                        {"artefacts", none},
                        {"sidecars", none},
                        {"models", none},
                        {"outputs", none},
                        {"frames", frames},
                        {"checked", checked},
                        {"metrics", plots},
                        {"findings", findings(facts, result)}};
        for (const int picked :
             frames_to_show(outcome.shot.at("findings"), range_, request_.most_thumbnails)) {
            const int index = (picked - range_.first) / thumbnail_step_ * thumbnail_step_;
            Seen& seen = seen_[static_cast<std::size_t>(index)];
            if (seen.after.empty()) continue;
            outcome.thumbnails.push_back({facts.name, range_.first + index,
                                          seen.before.empty() ? seen.after : seen.before,
                                          std::exchange(seen.after, {}), ""});  // each once
        }
        return outcome;
    }

    const QcMediaRequest& request_;
    const Viewer viewer_;
    std::optional<Viewer> reference_viewer_;
    std::unique_ptr<color::Transform> to_wide_, reference_to_wide_;
    const FrameRange all_, range_;
    const int thumbnail_step_;  // frames between those whose pictures are kept
    std::mutex mutex_;
    std::vector<Seen> seen_;
    int done_ = 0;
    std::map<std::pair<int, std::string>, nlohmann::json> found_;  // gates, by frame and check
    std::vector<std::pair<int, std::string>> unreadable_;          // by the reading thread alone
};

}  // namespace

QcMediaOutcome qc_media(const QcMediaRequest& request) {
    return MediaQc(request).run();
}

}  // namespace wetgate::pipeline
