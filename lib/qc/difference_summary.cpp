#include "qc/difference_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "qc/report.h"

namespace wetgate::qc {
namespace {

class Summary {
public:
    void add(int frame, const std::string& region, const ChannelDifference& channel) {
        SummaryLine& line = take(frame, region, channel.channel, channel.rmse(), channel.max_abs);
        line.least_psnr_db =
            line.frames == 1 ? channel.psnr_db : std::min(line.least_psnr_db, channel.psnr_db);
        if (std::isnan(channel.ssim)) return;
        std::pair<double, int>& sum = ssim_sums_[static_cast<std::size_t>(&line - lines_.data())];
        sum.first += channel.ssim;
        if (++sum.second == 1 || channel.ssim < line.least_ssim) {
            line.least_ssim = channel.ssim;
            line.least_ssim_frame = frame;
        }
    }

    void add(int frame, const std::string& region, const DeltaItp& figures) {
        take(frame, region, "dE-ITP", figures.mean, figures.max);
    }

    std::vector<SummaryLine> lines() {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            const auto [sum, count] = ssim_sums_[i];
            lines_[i].mean /= lines_[i].frames;
            lines_[i].mean_ssim = count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
            if (count == 0) lines_[i].least_ssim = lines_[i].mean_ssim;
        }
        return std::move(lines_);
    }

private:
    SummaryLine& take(int frame, const std::string& region, const std::string& channel, double value,
                      double most) {
        auto line = std::find_if(lines_.begin(), lines_.end(), [&](const SummaryLine& other) {
            return other.region == region && other.channel == channel;
        });
        if (line == lines_.end()) {
            lines_.push_back({});
            ssim_sums_.emplace_back(0.0, 0);
            line = std::prev(lines_.end());
            line->region = region;
            line->channel = channel;
        }
        line->mean += value;
        if (++line->frames == 1 || value > line->worst) {
            line->worst = value;
            line->worst_frame = frame;
        }
        if (line->frames == 1 || most > line->max_abs) {
            line->max_abs = most;
            line->max_frame = frame;
        }
        return *line;
    }

    std::vector<SummaryLine> lines_;
    std::vector<std::pair<double, int>> ssim_sums_;
};

std::string csv_line(int frame, const std::string& region, const ChannelDifference& c) {
    return fmt::format("{},{},{},{},{},{},{},{},{},,\n", frame, csv_cell(region), csv_cell(c.channel),
                       c.samples, c.differing, c.max_abs, c.rmse(), c.psnr_db, c.ssim);
}

}  // namespace

std::vector<SummaryLine> summary_of(const std::vector<ComparedFrame>& frames) {
    Summary summary;
    for (const ComparedFrame& frame : frames) {
        const int number = frame.difference.frame;
        for (const ChannelDifference& channel : frame.difference.channels) summary.add(number, "", channel);
        for (const RegionDifference& region : frame.difference.regions) {
            for (const ChannelDifference& channel : region.channels) {
                if (channel.samples > 0) summary.add(number, region.region, channel);
            }
        }
        for (const auto& [region, figures] : frame.delta_itp) {
            if (figures.pixels > 0) summary.add(number, region, figures);
        }
    }
    return summary.lines();
}

nlohmann::json to_json(const std::vector<SummaryLine>& summary) {
    const auto number = [](double value) {
        return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
    };
    nlohmann::json lines = nlohmann::json::array();
    for (const SummaryLine& line : summary) {
        nlohmann::json json = {{"region", line.region},           {"channel", line.channel},
                               {"frames", line.frames},           {"mean", number(line.mean)},
                               {"worst", number(line.worst)},     {"worst_frame", line.worst_frame},
                               {"max_abs", number(line.max_abs)}, {"max_frame", line.max_frame}};
        if (line.channel != "dE-ITP") {
            json["least_psnr_db"] = number(line.least_psnr_db);
            json["mean_ssim"] = number(line.mean_ssim);
            json["least_ssim"] = number(line.least_ssim);
            json["least_ssim_frame"] = line.least_ssim_frame;
        }
        lines.push_back(std::move(json));
    }
    return lines;
}

std::string to_csv(const std::vector<ComparedFrame>& frames) {
    std::string csv = "frame,region,channel,samples,differing,max_abs,rmse,psnr_db,ssim,mean,percentile_95\n";
    for (const ComparedFrame& frame : frames) {
        const int number = frame.difference.frame;
        for (const ChannelDifference& channel : frame.difference.channels)
            csv += csv_line(number, "", channel);
        for (const RegionDifference& region : frame.difference.regions) {
            for (const ChannelDifference& channel : region.channels)
                csv += csv_line(number, region.region, channel);
        }
        for (const auto& [region, figures] : frame.delta_itp) {
            csv += fmt::format("{},{},\"dE-ITP\",{},,{},,,,{},{}\n", number, csv_cell(region), figures.pixels,
                               figures.max, figures.mean, figures.percentile_95);
        }
    }
    return csv;
}

}  // namespace wetgate::qc
