#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wetgate::qc {

/// Writes elements in order. Every text and every attribute value goes through escaped(); names of elements
/// and attributes are the caller's own.
class Markup {
public:
    using Attributes = std::vector<std::pair<std::string_view, std::string>>;

    void open(std::string_view tag, const Attributes& attributes = {});
    void close();  ///< the innermost open element
    void text(std::string_view text);
    /// open(), text() and close().
    void element(std::string_view tag, std::string_view text, const Attributes& attributes = {});
    /// An element of HTML that has no content: img, input, meta.
    void void_element(std::string_view tag, const Attributes& attributes);
    /// Markup made by another writer.
    void append(const Markup& other) { written_ += other.written_; }

    std::size_t size() const { return written_.size(); }
    const std::string& str() const { return written_; }

private:
    void start(std::string_view tag, const Attributes& attributes);

    std::string written_;
    std::vector<std::string_view> open_;
};

}  // namespace wetgate::qc
