#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace wetgate::spec {

/// The name of a file or of a sequence of files. A frame number in the file name is written `####` (as wide
/// as there are #),
/// `%04d`, `%d`, `$F4`, `$F`, or `@@@@` (a run of @ between `.`, `_`, `-` or the ends of the name); `%%` is
/// one %. A name without any is one file. In folder names all of these are plain letters.
class PathPattern {
public:
    PathPattern() = default;
    /// Error{Usage} for an empty name, control characters, two frame numbers or a printf letter that is no
    /// %d.
    static PathPattern parse(std::string_view text);

    /// The same name below `base` unless it is absolute, lexically normal.
    PathPattern resolved(const std::filesystem::path& base) const;

    bool is_sequence() const { return is_sequence_; }
    /// The file of `frame`; the one file when this is no sequence. The sign of a negative number counts as a
    /// digit of the width, as in printf.
    std::filesystem::path path(int frame) const;
    /// The frame whose path() is `file_name` (no folder); nullopt when there is none or this is no sequence.
    std::optional<int> frame_of(std::string_view file_name) const;

    /// As written, or with its folder after resolved().
    const std::string& text() const { return text_; }
    const std::filesystem::path& folder() const { return folder_; }
    const std::string& prefix() const {
        return prefix_;
    }  ///< of the file name, before the number; all of it for one file
    const std::string& suffix() const { return suffix_; }  ///< behind the number
    int width() const { return width_; }                   ///< least number of characters of the number
    /// ".exr", lower case; empty where the name has none.
    std::string extension() const;

private:
    std::string file_name(int frame) const;

    std::string text_;
    std::filesystem::path folder_;
    std::string name_;  ///< file name as written
    std::string prefix_;
    std::string suffix_;
    int width_ = 0;
    bool is_sequence_ = false;
};

}  // namespace wetgate::spec
