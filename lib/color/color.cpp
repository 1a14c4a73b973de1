#include "color/color.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <numeric>
#include <system_error>

#include "color/config_impl.h"
#include "core/error.h"

namespace OCIO = OCIO_NAMESPACE;

namespace wetgate::color {
namespace {

constexpr std::uintmax_t max_config_bytes = std::uintmax_t{16} << 20;
constexpr std::uintmax_t max_lut_bytes = std::uintmax_t{512} << 20;

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, row[j + 1] + 1, row[j] + 1});
        }
    }
    return row.back();
}

// How far a name is from what was asked for; names that contain it (or the other way round) come first.
std::size_t remoteness(const std::string& wanted, const std::string& name) {
    if (!wanted.empty() && (name.find(wanted) != std::string::npos || wanted.find(name) != std::string::npos))
        return 0;
    return edit_distance(wanted, name);
}

std::vector<std::string> near_matches(const OCIO::ConstConfigRcPtr& config, const std::string& space) {
    const std::string wanted = lower(space.substr(0, 100));
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (int i = 0; i < config->getNumColorSpaces(); ++i) {
        const std::string name = config->getColorSpaceNameByIndex(i);
        std::size_t best = remoteness(wanted, lower(name));
        const OCIO::ConstColorSpaceRcPtr candidate = config->getColorSpace(name.c_str());
        for (std::size_t a = 0; a < candidate->getNumAliases(); ++a) {
            best = std::min(best, remoteness(wanted, lower(candidate->getAlias(a))));
        }
        if (best <= std::max<std::size_t>(2, wanted.size() / 3)) ranked.emplace_back(best, name);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (const auto& [distance, name] : ranked) {
        if (names.size() < 5) names.push_back(name);
    }
    return names;
}

// Note [Curves around OCIO]
// OCIO has PQ, HLG, ACEScc and Canon Log as tables: clamped at their ends and 1e-3 off on the way back. In
// the built-in config such a space is declared by its gamut alone, and its curve runs here, in double, before
// and after OCIO.
//
// Note [Same pixel, same bits]
// OCIO works through a planar picture row by row, copying each row to RGBA first and one register a pixel
// after that: the result of a pixel does not depend on where it stands (color_test proves it for every
// space). The optimisation is the lossless one: the faster ones replace pow and log by approximations that
// lose the round trip.
class OcioTransform final : public Transform {
public:
    OcioTransform(OCIO::ConstCPUProcessorRcPtr processor, Curve before, Curve after, std::string what)
        : processor_(std::move(processor)), before_(before), after_(after), what_(std::move(what)) {}

    void apply(FloatImage& image) const override {
        if (image.window.empty() || is_identity()) return;
        for (int c = 0; c < 3; ++c) decode(before_, image.channel(c), image.window.area());
        if (!processor_->isNoOp()) apply_processor(image);
        for (int c = 0; c < 3; ++c) encode(after_, image.channel(c), image.window.area());
    }

    bool is_identity() const override {
        return before_ == Curve::None && after_ == Curve::None && processor_->isNoOp();
    }

private:
    void apply_processor(FloatImage& image) const {
        try {
            OCIO::PlanarImageDesc planes(image.channel(0), image.channel(1), image.channel(2), nullptr,
                                         image.window.width(), image.window.height());
            processor_->apply(planes);
        } catch (const OCIO::Exception& problem) {
            throw Error(ErrorKind::Internal,
                        fmt::format("OCIO could not apply {}: {}", what_, problem.what()));
        }
    }

    OCIO::ConstCPUProcessorRcPtr processor_;
    Curve before_;
    Curve after_;
    std::string what_;
};

class Identity final : public Transform {
public:
    void apply(FloatImage&) const override {}
    bool is_identity() const override { return true; }
};

OCIO::ConstCPUProcessorRcPtr cpu_processor(const OCIO::ConstProcessorRcPtr& processor) {
    return processor->getOptimizedCPUProcessor(OCIO::BIT_DEPTH_F32, OCIO::BIT_DEPTH_F32,
                                               OCIO::OPTIMIZATION_LOSSLESS);
}

const BuiltinSpace* builtin_row(const std::string& canonical) {
    for (const BuiltinSpace& row : builtin_spaces()) {
        if (canonical == row.name) return &row;
    }
    return nullptr;
}

Curve curve_of(const Config::Impl& impl, const std::string& canonical) {
    const BuiltinSpace* row = impl.is_builtin ? builtin_row(canonical) : nullptr;
    return row == nullptr ? Curve::None : row->curve;
}

void check_file(const std::filesystem::path& file, std::uintmax_t limit, ErrorKind kind, const char* what) {
    std::error_code problem;
    if (!std::filesystem::is_regular_file(file, problem)) {
        throw Error(kind, fmt::format("there is no {} here: name one that exists and can be read", what),
                    {.file = file.string(), .shot = {}, .frame = {}});
    }
    if (std::filesystem::file_size(file, problem) > limit || problem) {
        throw Error(kind,
                    fmt::format("this {} is larger than {} MiB: it is refused unread", what, limit >> 20),
                    {.file = file.string(), .shot = {}, .frame = {}});
    }
}

}  // namespace

Config::Config(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Config Config::load(const std::string& name, const std::filesystem::path& base_folder) {
    auto impl = std::make_shared<Impl>();
    if (name == "builtin") {
        impl->ocio = make_builtin_config();
        impl->name = "the built-in colour config";
        impl->is_builtin = true;
        return Config(impl);
    }
    std::filesystem::path file = name;
    if (name == "$OCIO") {
        const char* variable = std::getenv("OCIO");
        if (variable == nullptr || *variable == '\0') {
            throw Error(
                ErrorKind::Usage,
                "color.config is \"$OCIO\", but that variable is not set: set it to a config.ocio, or use "
                "\"builtin\" or a path");
        }
        file = variable;
    }
    if (file.empty()) {
        throw Error(ErrorKind::Usage,
                    "color.config is empty: use \"builtin\", \"$OCIO\" or a path to a config.ocio");
    }
    if (file.is_relative()) file = base_folder / file;
    check_file(file, max_config_bytes, ErrorKind::Usage, "OCIO config (color.config)");
    try {
        impl->ocio = OCIO::Config::CreateFromFile(file.string().c_str());
        impl->ocio->validate();
    } catch (const OCIO::Exception& problem) {
        throw Error(ErrorKind::Usage,
                    fmt::format("OCIO {} cannot load this colour config: {}. Check it with ociocheck, or use "
                                "\"builtin\"",
                                OCIO::GetVersion(), problem.what()),
                    {.file = file.string(), .shot = {}, .frame = {}});
    }
    impl->name = file.string();
    return Config(impl);
}

bool Config::has(const std::string& space) const {
    return impl_->ocio->getColorSpace(space.c_str()) != nullptr;
}

std::string Config::resolve(const std::string& space) const {
    if (const OCIO::ConstColorSpaceRcPtr found = impl_->ocio->getColorSpace(space.c_str()))
        return found->getName();
    const std::vector<std::string> near = near_matches(impl_->ocio, space);
    const std::string hint = near.empty() ? fmt::format("it has: {}", fmt::join(spaces(), ", "))
                                          : fmt::format("did you mean {}?", fmt::join(near, ", "));
    throw Error(ErrorKind::Usage, fmt::format("there is no colour space '{}' in {}: {}", space.substr(0, 100),
                                              impl_->name, hint));
}

std::vector<std::string> Config::spaces() const {
    std::vector<std::string> names;
    for (int i = 0; i < impl_->ocio->getNumColorSpaces(); ++i)
        names.emplace_back(impl_->ocio->getColorSpaceNameByIndex(i));
    return names;
}

std::string Config::encoding(const std::string& space) const {
    return impl_->ocio->getColorSpace(resolve(space).c_str())->getEncoding();
}

std::unique_ptr<Transform> Config::transform(const std::string& from, const std::string& to) const {
    const std::string source = resolve(from);
    const std::string target = resolve(to);
    const bool is_data = impl_->ocio->getColorSpace(source.c_str())->isData() ||
                         impl_->ocio->getColorSpace(target.c_str())->isData();
    if (source == target || is_data) return std::make_unique<Identity>();
    const std::string what = fmt::format("{} to {}", source, target);
    try {
        return std::make_unique<OcioTransform>(
            cpu_processor(impl_->ocio->getProcessor(source.c_str(), target.c_str())),
            curve_of(*impl_, source), curve_of(*impl_, target), what);
    } catch (const OCIO::Exception& problem) {
        throw Error(ErrorKind::Usage, fmt::format("{} cannot convert {} ({}): choose another space",
                                                  impl_->name, what, problem.what()));
    }
}

std::unique_ptr<Transform> Config::file_transform(const std::filesystem::path& file) const {
    check_file(file, max_lut_bytes, ErrorKind::Input, "LUT file");
    auto transform = OCIO::FileTransform::Create();
    transform->setSrc(std::filesystem::absolute(file).string().c_str());
    transform->setInterpolation(OCIO::INTERP_BEST);
    try {
        return std::make_unique<OcioTransform>(cpu_processor(impl_->ocio->getProcessor(transform)),
                                               Curve::None, Curve::None, file.string());
    } catch (const OCIO::Exception& problem) {
        throw Error(ErrorKind::Input, fmt::format("OCIO cannot read this LUT: {}", problem.what()),
                    {.file = file.string(), .shot = {}, .frame = {}});
    }
}

std::optional<std::array<float, 8>> Config::chromaticities(const std::string& space) const {
    if (!impl_->is_builtin || !has(space)) return std::nullopt;
    const BuiltinSpace* row = builtin_row(resolve(space));
    if (row == nullptr || !row->is_linear()) return std::nullopt;
    std::array<float, 8> xy{};
    std::transform(row->gamut->xy.begin(), row->gamut->xy.end(), xy.begin(),
                   [](double value) { return static_cast<float>(value); });
    return xy;
}

}  // namespace wetgate::color
