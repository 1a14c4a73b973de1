#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace wetgate::spec {

/// Where the paths of a job lie on this machine. Whole folders match ("/a/b" does not match "/a/bc"), the
/// longest rule wins, and one rule is applied once.
class PathMap {
public:
    /// `from` of a Windows machine ("P:\show" or "\\server\share") matches without regard to case and to the
    /// kind of slash. Error{Usage} when `from` or `to` is empty.
    void add(std::string from, std::string to);

    /// `text` with its front replaced; unchanged when no rule fits.
    std::string apply(std::string_view text) const;
    bool empty() const { return rules_.empty(); }

private:
    struct Rule {
        std::string from;
        std::string to;
        bool windows = false;
    };
    std::vector<Rule> rules_;  // longest `from` first
};

/// "FROM=TO" of the command line. Error{Usage} without a '='.
void add_path_rule(PathMap& map, std::string_view from_equals_to);

/// Adds the rules of an OpenJD path mapping file ("version": "pathmapping-1.0"; an empty object has none).
/// Error{Input}, Error{Usage}.
void read_path_map(PathMap& map, const std::filesystem::path& file);
PathMap read_path_map(const std::filesystem::path& file);

}  // namespace wetgate::spec
