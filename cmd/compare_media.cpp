#include "cmd/compare_media.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cmd/media_argument.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "media/exr.h"
#include "media/still.h"
#include "media/worked.h"
#include "spec/path_pattern.h"

namespace wetgate::cmd {
namespace {

constexpr std::array matte_names = {"inside", "outside", "edge"};  // of a matte's regions

qc::Region parse_region(const std::string& text) {
    const std::size_t at = text.find('=');
    std::array<int, 4> sides{};
    bool good = at != std::string::npos && at > 0 && at <= 64;
    const char* next = text.data() + at + 1;
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; good && i < sides.size(); ++i) {
        const auto [stop, error] = std::from_chars(next, end, sides[i]);
        good = error == std::errc() && (i == 3 ? stop == end : stop != end && *stop == ',');
        next = stop + 1;
    }
    if (!good || sides[0] >= sides[2] || sides[1] >= sides[3]) {
        throw Error(ErrorKind::Usage, "--region " + text +
                                          ": write NAME=x0,y0,x1,y1 in picture coordinates, x1 and y1 behind "
                                          "the last pixel");
    }
    const std::string name = text.substr(0, at);
    if (std::find(matte_names.begin(), matte_names.end(), name) != matte_names.end())
        throw Error(ErrorKind::Usage, "--region " + text + ": inside, outside and edge are the matte's");
    return {name, {sides[0], sides[1], sides[2], sides[3]}};
}

/// The samples of `matte` over `window`, 0 where it has none.
std::vector<float> cut_to(const FloatImage& matte, const Box& window) {
    std::vector<float> samples(window.area(), 0.0F);
    const Box common = intersection(matte.window, window);
    for (int y = common.y0; y < common.y1; ++y) {
        const float* row =
            matte.channel(0) + static_cast<std::ptrdiff_t>(y - matte.window.y0) * matte.window.width();
        float* to = samples.data() + static_cast<std::ptrdiff_t>(y - window.y0) * window.width();
        for (int x = common.x0; x < common.x1; ++x) to[x - window.x0] = row[x - matte.window.x0];
    }
    return samples;
}

}  // namespace

CompareRegions::CompareRegions(const Options& options, const Log& log) : ring_(options.compare.ring) {
    for (const std::string& text : options.compare.regions) {
        qc::Region region = parse_region(text);
        for (const qc::Region& other : boxes_) {
            if (other.name() == region.name())
                throw Error(ErrorKind::Usage, "--region " + text + ": there is another region of that name");
        }
        boxes_.push_back(std::move(region));
    }
    if (options.compare.matte) matte_ = open_argument(*options.compare.matte, "", options, log);
}

std::vector<qc::Region> CompareRegions::of(int frame, const Box& window) const {
    std::vector<qc::Region> regions = boxes_;
    if (!matte_) return regions;
    const FrameRange range = matte_->info().range;
    const int number = range.size() == 1 ? range.first : frame;  // one picture is the matte of all frames
    const ErrorContext where{matte_->file_of(number).string(), {}, number};
    try {
        const FloatImage matte = media::read_matte(matte_->read(number), std::nullopt);
        for (qc::Region& region : qc::matte_regions(cut_to(matte, window), window, ring_))
            regions.push_back(std::move(region));
    } catch (const Error& error) {
        throw error.within(where);
    }
    return regions;
}

CompareLight::CompareLight(const CompareOptions& options) {
    if (!options.colorspace) return;
    const color::Config config = color::Config::load(options.config, std::filesystem::current_path());
    const std::string light = config.resolve("Linear Rec.2020");
    a_ = config.transform(config.resolve(*options.colorspace), light);
    b_ = config.transform(config.resolve(options.colorspace_b.value_or(*options.colorspace)), light);
}

std::vector<std::pair<std::string, qc::DeltaItp>> CompareLight::of(
    const HostFrame& a, const HostFrame& b, const std::vector<qc::Region>& regions) const {
    if (!a_ || a.worked.model == PixelModel::None || b.worked.model == PixelModel::None ||
        a.window() != b.window()) {
        return {};
    }
    FloatImage light_a = media::read_worked(a), light_b = media::read_worked(b);
    a_->apply(light_a);
    b_->apply(light_b);
    const std::vector<float> map = qc::delta_itp_map(light_a, light_b);
    std::vector<std::pair<std::string, qc::DeltaItp>> figures = {{"", qc::summary_of(map)}};
    const Box window = a.window();
    for (const qc::Region& region : regions) {
        std::vector<float> part;
        for (int y = window.y0; y < window.y1; ++y) {
            const float* row = map.data() + static_cast<std::ptrdiff_t>(y - window.y0) * window.width();
            for (int x = window.x0; x < window.x1; ++x) {
                if (region.contains(x, y)) part.push_back(row[x - window.x0]);
            }
        }
        figures.emplace_back(region.name(), qc::summary_of(std::move(part)));
    }
    return figures;
}

DifferenceImages::DifferenceImages(const CompareOptions& options, int frames)
    : pattern_(options.difference), gain_(options.gain) {
    if (!pattern_) return;
    const spec::PathPattern pattern = spec::PathPattern::parse(*pattern_);
    if (pattern.extension() != ".exr" && pattern.extension() != ".png")
        throw Error(ErrorKind::Usage,
                    "--difference " + *pattern_ + ": write a name that ends in .exr or .png");
    if (frames > 1 && !pattern.is_sequence()) {
        throw Error(ErrorKind::Usage, "--difference " + *pattern_ +
                                          ": every frame would get the same name; write #### where the frame "
                                          "number goes");
    }
}

void DifferenceImages::write(const HostFrame& a, const HostFrame& b,
                             const std::vector<std::filesystem::path>& inputs) const {
    if (!pattern_ || a.worked.model == PixelModel::None || b.worked.model == PixelModel::None ||
        a.window() != b.window()) {
        return;
    }
    const spec::PathPattern pattern = spec::PathPattern::parse(*pattern_);
    const std::filesystem::path file = pattern.resolved(std::filesystem::current_path()).path(a.number);
    for (const std::filesystem::path& input : inputs) {
        std::error_code ignored;
        if (std::filesystem::equivalent(input, file, ignored))
            throw Error(ErrorKind::Usage, "--difference would write over what is compared",
                        {.file = file.string(), .shot = {}, .frame = a.number});
    }
    const bool png = pattern.extension() == ".png";
    FloatImage image = media::read_worked(a);
    const FloatImage other = media::read_worked(b);
    float* samples = image.channel(0);
    const float* others = other.channel(0);
    for (std::size_t i = 0; i < 3 * image.window.area(); ++i) {
        samples[i] = std::abs(samples[i] - others[i]);
        if (!png) continue;
        const double seen = static_cast<double>(samples[i]) * gain_;
        samples[i] = std::isnan(seen) ? 1.0F : static_cast<float>(std::min(seen, 1.0));
    }
    const HostFrame picture =
        media::make_rgb_frame(a, image, png ? SampleType::U16 : SampleType::F32, png ? 16 : 0, std::nullopt);
    write_atomic(
        file, png ? media::encode_still(picture, {.type = "png", .bits = 16, .rate = {}, .compression = {}})
                  : media::encode_exr(picture, {}));
}

}  // namespace wetgate::cmd
