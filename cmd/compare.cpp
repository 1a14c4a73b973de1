#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cmd/compare_media.h"
#include "cmd/job_setup.h"
#include "cmd/media_argument.h"
#include "cmd/verbs.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/escape.h"
#include "media/exr.h"
#include "qc/difference_summary.h"

namespace wetgate::cmd {
namespace {

// Attributes whose bytes differ, are missing or are only in the second; for two EXR files.
std::vector<std::string> header_differences(const std::filesystem::path& a, const std::filesystem::path& b) {
    const media::RawExrHeader header_a = media::scan_exr_header(a, {});
    const media::RawExrHeader header_b = media::scan_exr_header(b, {});
    std::vector<std::string> differences;
    if (header_a.parts.size() != header_b.parts.size()) return {"the number of parts differs"};
    for (std::size_t part = 0; part < header_a.parts.size(); ++part) {
        const auto look_up = [](const std::vector<media::RawAttribute>& list, const std::string& name) {
            return std::find_if(list.begin(), list.end(), [&name](const media::RawAttribute& candidate) {
                return candidate.name == name;
            });
        };
        const std::string where = header_a.parts.size() > 1 ? "part " + std::to_string(part) + ": " : "";
        for (const media::RawAttribute& attribute : header_a.parts[part]) {
            const auto twin = look_up(header_b.parts[part], attribute.name);
            if (twin == header_b.parts[part].end()) {
                differences.push_back(where + attribute.name + " is missing in the second");
            } else if (twin->type != attribute.type || twin->value != attribute.value) {
                differences.push_back(where + attribute.name + " differs");
            }
        }
        for (const media::RawAttribute& attribute : header_b.parts[part]) {
            if (look_up(header_a.parts[part], attribute.name) == header_a.parts[part].end()) {
                differences.push_back(where + attribute.name + " is only in the second");
            }
        }
    }
    return differences;
}

void print(const std::string& region, const std::vector<qc::ChannelDifference>& channels) {
    for (const qc::ChannelDifference& channel : channels) {
        if (channel.differing == 0) continue;
        std::printf("  %-12s %9lld samples differ, at most %.6g; RMSE %.6g, PSNR %.2f dB, SSIM %.6f\n",
                    one_line(region + channel.channel).c_str(), static_cast<long long>(channel.differing),
                    channel.max_abs, channel.rmse(), channel.psnr_db, channel.ssim);
    }
}

void print(const qc::ComparedFrame& frame, const std::vector<std::string>& headers) {
    const qc::FrameDifference& difference = frame.difference;
    std::printf("frame %d: %s\n", difference.frame,
                difference.identical() ? "pixels identical" : "pixels differ");
    for (const std::string& line : difference.structure) std::printf("  %s\n", one_line(line).c_str());
    for (const std::string& line : headers) std::printf("  header: %s\n", one_line(line).c_str());
    print("", difference.channels);
    for (const qc::RegionDifference& region : difference.regions)
        print(region.region + ": ", region.channels);
    for (const auto& [region, figures] : frame.delta_itp) {
        std::printf("  %-12s mean %.4f, 95 %% of the pixels up to %.4f, at most %.4f\n",
                    (region.empty() ? "dE-ITP" : region + ": dE-ITP").c_str(), figures.mean,
                    figures.percentile_95, figures.max);
    }
}

void print(const std::vector<qc::SummaryLine>& summary) {
    std::printf("%-20s %11s %11s %7s %11s %7s %9s %9s %7s\n", "over all frames", "mean RMSE", "worst",
                "frame", "greatest", "frame", "PSNR >=", "SSIM >=", "frame");
    for (const qc::SummaryLine& line : summary) {
        const std::string name = (line.region.empty() ? "" : line.region + ": ") + line.channel;
        std::printf("%-20s %11.6g %11.6g %7d %11.6g %7d", one_line(name).c_str(), line.mean, line.worst,
                    line.worst_frame, line.max_abs, line.max_frame);
        if (line.channel != "dE-ITP")
            std::printf(" %9.2f %9.6f %7d", line.least_psnr_db, line.least_ssim, line.least_ssim_frame);
        std::printf("\n");
    }
}

nlohmann::json frame_json(const qc::ComparedFrame& frame, const std::vector<std::string>& headers) {
    nlohmann::json json = qc::to_json(frame.difference);
    json["headers"] = headers;
    for (const auto& [region, figures] : frame.delta_itp) {
        json["delta_itp"].push_back({{"region", region},
                                     {"pixels", figures.pixels},
                                     {"mean", figures.mean},
                                     {"percentile_95", figures.percentile_95},
                                     {"max", figures.max}});
    }
    return json;
}

}  // namespace

int compare(const Options& options, const Services& services) {
    const auto a = open_argument(options.media_a, options.media_range, options, services.log);
    const auto b = open_argument(options.media_b, options.media_range, options, services.log);
    const FrameRange range_a = a->info().range;
    const FrameRange range_b = b->info().range;
    const bool exr = a->info().kind == media::MediaKind::Exr && b->info().kind == media::MediaKind::Exr;
    const int count = std::min(range_a.size(), range_b.size());
    const CompareRegions regions(options, services.log);
    const CompareLight light(options.compare);
    const DifferenceImages images(options.compare, count);

    std::vector<qc::ComparedFrame> compared;
    nlohmann::json frames = nlohmann::json::array();
    double greatest = 0;
    std::size_t header_count = 0;
    bool identical = true;
    // Two files or movies are compared from their first frames on, sequences number by number.
    const int shift = range_b.first - range_a.first;
    const bool same_length = range_a.size() == range_b.size();
    for (int frame = range_a.first; frame < range_a.first + count; ++frame) {
        if (services.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped by a signal");
        const HostFrame of_a = a->read(frame), of_b = b->read(frame + shift);
        const std::vector<qc::Region> parts = regions.of(frame, of_a.window());
        compared.push_back({qc::difference(of_a, of_b, parts), light.of(of_a, of_b, parts)});
        images.write(of_a, of_b, {a->file_of(frame), b->file_of(frame + shift)});
        const qc::FrameDifference& difference = compared.back().difference;
        const std::vector<std::string> headers =
            exr ? header_differences(a->file_of(frame), b->file_of(frame + shift))
                : std::vector<std::string>{};
        greatest = std::max(greatest, difference.max_abs());
        header_count += headers.size();
        identical = identical && difference.identical();
        if (options.json) {
            frames.push_back(frame_json(compared.back(), headers));
        } else if (!difference.identical() || !headers.empty() || options.verbosity > 0) {
            print(compared.back(), headers);
        }
    }
    if (options.compare.csv) write_atomic(*options.compare.csv, qc::to_csv(compared));
    const std::vector<qc::SummaryLine> summary = qc::summary_of(compared);
    const bool within = same_length && greatest <= options.tolerance;
    if (options.json) {
        std::printf("%s\n", nlohmann::json{{"within", within},
                                           {"same_length", same_length},
                                           {"max_abs", std::isfinite(greatest) ? nlohmann::json(greatest)
                                                                               : nlohmann::json()},
                                           {"header_differences", header_count},
                                           {"summary", qc::to_json(summary)},
                                           {"frames", frames}}
                                .dump(1, ' ', false, nlohmann::json::error_handler_t::replace)
                                .c_str());
    } else {
        if (!identical || options.verbosity > 0) print(summary);
        if (!same_length)
            std::printf("lengths differ: %d frames against %d\n", range_a.size(), range_b.size());
        std::printf("%s: greatest difference %.6g (tolerance %.6g), %zu header differences, %d frames\n",
                    within ? "within" : "not within", greatest, options.tolerance, header_count, count);
    }
    return within ? 0 : exit_code(ErrorKind::Gate);
}

}  // namespace wetgate::cmd
