#include "conform/media_pool.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "conform/text.h"
#include "core/error.h"
#include "media/source.h"
#include "spec/frame_text.h"
#include "spec/path_pattern.h"

namespace wetgate::conform {
namespace {

namespace fs = std::filesystem;

/// A file name around the number before its extension: "A001." "0086400" ".exr".
struct NumberedName {
    std::string prefix, digits, suffix;
};

std::optional<int> number_of(const std::string& digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || value > spec::largest_frame) return std::nullopt;
    return value;
}

std::optional<NumberedName> numbered(const std::string& name) {
    const std::size_t dot = name.rfind('.');
    std::size_t first = dot;
    while (first > 0 && name[first - 1] >= '0' && name[first - 1] <= '9') --first;
    NumberedName parts{name.substr(0, first), name.substr(first, dot - first), name.substr(dot)};
    if (parts.digits.size() > 16 || !number_of(parts.digits)) return std::nullopt;
    return parts;
}

/// The numbers, as written, of names of one folder that differ in them alone; by what is before and behind.
using Families = std::map<std::pair<std::string, std::string>, std::vector<std::string>>;

class Finder {
public:
    Finder(MediaChoice choice, const PoolLimits& limits) : choice_(choice), limits_(limits) {}

    std::vector<MediaItem> find(const fs::path& folder) {
        enter(folder, 0);
        return std::move(items_);
    }

private:
    void enter(const fs::path& folder, int depth) {
        std::error_code problem;
        // Links to folders are followed, each folder once: a link to a parent does not end the search.
        const fs::path real = fs::canonical(folder, problem);
        if (problem || !entered_.insert(real).second) {
            if (depth == 0) throw unreadable(folder, problem);
            return;
        }
        std::vector<fs::path> folders;
        Families families;
        fs::directory_iterator entries(folder, problem);
        if (problem && depth == 0) throw unreadable(folder, problem);
        for (; !problem && entries != fs::directory_iterator(); entries.increment(problem)) {
            const std::string name = entries->path().filename().string();
            if (name.starts_with(".")) continue;
            if (++files_ > limits_.most_files) throw too_many(folder, limits_.most_files, "files");
            std::error_code ignored;
            if (entries->is_directory(ignored)) {
                folders.push_back(entries->path());
            } else {
                take_file(folder, name, families);
            }
        }
        for (const auto& [around, digits] : families) add_sequences(folder, around, digits);
        if (depth >= limits_.deepest) return;
        std::sort(folders.begin(), folders.end());
        for (const fs::path& inner : folders) enter(inner, depth + 1);
    }

    static Error unreadable(const fs::path& folder, const std::error_code& problem) {
        return {ErrorKind::Input, "the media folder cannot be read: " + problem.message(),
                ErrorContext{folder.string(), {}, {}}};
    }

    static Error too_many(const fs::path& folder, std::size_t most, const std::string& what) {
        return {ErrorKind::Input,
                "more than " + std::to_string(most) + " " + what +
                    " lie under the media folder: name a folder further down",
                ErrorContext{folder.string(), {}, {}}};
    }

    void take_file(const fs::path& folder, const std::string& name, Families& families) {
        const std::string extension = lower(fs::path(name).extension().string());
        if (!is_media_extension(extension)) return;
        if (!is_sequence_extension(extension)) {
            if (choice_ != MediaChoice::Sequences) add_movie(folder, name);
            return;
        }
        if (choice_ == MediaChoice::Movies) return;
        if (const auto parts = numbered(name))
            families[{parts->prefix, parts->suffix}].push_back(parts->digits);
    }

    MediaItem& add(MediaItem item) {
        if (items_.size() >= limits_.most_items)
            throw too_many(item.folder, limits_.most_items, "sequences and movies");
        items_.push_back(std::move(item));
        return items_.back();
    }

    void add_movie(const fs::path& folder, const std::string& name) {
        MediaItem item;
        item.folder = folder;
        item.prefix = name;
        item.stem = without_media_extension(name);
        item.pattern = escaped(name);
        check_name(add(std::move(item)), name);
    }

    /// Padded numbers of each width are a sequence, which numbers without a zero in front join when they are
    /// as wide or wider (0999, 1000; 9999, 10000); the rest is one without padding.
    void add_sequences(const fs::path& folder, const std::pair<std::string, std::string>& around,
                       const std::vector<std::string>& family) {
        std::map<int, FrameSet> by_width;
        std::size_t narrowest = std::numeric_limits<std::size_t>::max(), widest = 0;
        for (const std::string& digits : family) {
            narrowest = std::min(narrowest, digits.size());
            widest = std::max(widest, digits.size());
            if (digits.size() > 1 && digits.front() == '0') by_width[static_cast<int>(digits.size())];
        }
        if (by_width.empty()) by_width[narrowest == widest ? static_cast<int>(widest) : 1];
        for (const std::string& digits : family) {
            const int length = static_cast<int>(digits.size());
            int width = length > 1 && digits.front() == '0' ? length : 1;
            if (width == 1) {
                for (const auto& [padded, unused] : by_width) {
                    if (padded <= length) width = padded;
                }
            }
            by_width[width].push_back(*number_of(digits));
        }
        for (auto& [width, numbers] : by_width) {
            if (!numbers.empty()) add_sequence(folder, around, width, normalized(std::move(numbers)));
        }
    }

    void add_sequence(const fs::path& folder, const std::pair<std::string, std::string>& around, int width,
                      FrameSet numbers) {
        MediaItem item;
        item.folder = folder;
        item.is_sequence = true;
        item.prefix = around.first;
        item.suffix = around.second;
        item.pattern =
            escaped(item.prefix) + std::string(static_cast<std::size_t>(width), '#') + escaped(item.suffix);
        item.stem = item.prefix;
        while (!item.stem.empty() &&
               std::string_view("._- ").find(item.stem.back()) != std::string_view::npos)
            item.stem.pop_back();
        if (item.stem.empty()) item.stem = folder.filename().string();  // "A001C003/0001.exr"
        item.range = hull(numbers);
        item.numbers = std::move(numbers);
        std::string first = std::to_string(item.range.first);
        if (first.size() < static_cast<std::size_t>(width))
            first.insert(0, static_cast<std::size_t>(width) - first.size(), '0');
        check_name(add(std::move(item)), around.first + first + around.second);
    }

    static std::string escaped(const std::string& name) {
        std::string text;
        for (const char c : name) text += c == '%' ? std::string("%%") : std::string(1, c);
        return text;
    }

    /// A job cannot write every file name: '#' and '$F' stand for numbers there.
    static void check_name(MediaItem& item, const std::string& first) {
        try {
            const auto pattern = spec::PathPattern::parse(item.pattern);
            const bool whole = item.is_sequence || !pattern.is_sequence();
            if (whole && is_plain_utf8(item.name()) && pattern.path(item.range.first).string() == first)
                return;
        } catch (const Error&) {
        }
        item.problem =
            "a job cannot write its name (#, $F, @@, control characters or no UTF-8 in it): rename it";
    }

    MediaChoice choice_;
    const PoolLimits& limits_;
    std::set<fs::path> entered_;
    std::size_t files_ = 0;
    std::vector<MediaItem> items_;
};

media::SourceRequest request_for(const MediaItem& item, const std::optional<FrameRange>& range,
                                 const std::optional<Rate>& rate) {
    media::SourceRequest request;
    request.display_name = item.name();
    request.path_of = [&item](int number) { return item.path(number); };
    request.is_sequence = item.is_sequence;
    request.range = range;
    if (!item.is_sequence) request.first_frame = 0;
    request.rate = rate;
    return request;
}

/// Above 30 frames a second the time word counts pairs of frames (ST 12-1): which of the pair the first file
/// is shows in the second.
void settle_pair(MediaItem& item, const Log& log) {
    if (!item.is_sequence || !item.start || item.rate.nominal() <= 39) return;
    const int first = item.range.first;
    if (!item.has(first) || !item.has(first + 1)) return;
    const auto next = timecode_of_file(item, first + 1, log);
    if (next && next->frame == advanced(*item.start, 2).frame) item.start = advanced(*item.start, 1);
}

void open_item(MediaItem& item, const Rate& rate, const Log& log) {
    const std::optional<FrameRange> range = item.is_sequence ? std::optional(item.range) : std::nullopt;
    try {
        media::SourceInfo info = media::open_source(request_for(item, range, std::nullopt), log)->info();
        if (!info.rate_is_declared)
            info = media::open_source(request_for(item, range, rate), log)->info();
        else
            item.rate_is_declared = true;
        item.rate = info.rate;
        item.start = info.start_timecode;
        item.reel = clean_text(info.reel);
        if (!item.is_sequence) item.range = {0, info.range.size()};
        settle_pair(item, log);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input && error.kind() != ErrorKind::Usage) throw;
        item.problem = clean_text(error.message());
    }
}

}  // namespace

fs::path MediaItem::path(int number) const {
    return is_sequence ? folder / spec::PathPattern::parse(pattern).path(number) : folder / prefix;
}

bool MediaItem::has(int number) const {
    if (!is_sequence) return range.contains(number);
    return std::binary_search(numbers.begin(), numbers.end(), number);
}

std::vector<MediaItem> find_media(const fs::path& folder, MediaChoice choice, const Rate& rate,
                                  const Log& log, const PoolLimits& limits) {
    const fs::path absolute = fs::absolute(folder).lexically_normal();
    std::vector<MediaItem> items = Finder(choice, limits).find(absolute);
    std::sort(items.begin(), items.end(), [](const MediaItem& a, const MediaItem& b) {
        return std::tie(a.folder, a.pattern) < std::tie(b.folder, b.pattern);
    });
    for (MediaItem& item : items) {
        if (item.problem.empty()) open_item(item, rate, log);
        if (!item.problem.empty()) log(LogLevel::Warning, clean_text(item.name()) + ": " + item.problem);
    }
    return items;
}

std::optional<Timecode> timecode_of_file(const MediaItem& item, int number, const Log& log) {
    try {
        const auto source =
            media::open_source(request_for(item, FrameRange{number, number + 1}, item.rate), log);
        return source->info().start_timecode;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input) throw;
        return std::nullopt;
    }
}

}  // namespace wetgate::conform
