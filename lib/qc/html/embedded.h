#pragma once
#include <string_view>

namespace wetgate::qc::page {

/// A file of the page as it was at build time, with its SHA-256 in hex: what the content security policy
/// names.
struct EmbeddedFile {
    std::string_view text;
    std::string_view sha256;
};

extern const EmbeddedFile page_template;  ///< report.html; {{name}} is replaced
extern const EmbeddedFile page_style;
extern const EmbeddedFile page_script;
extern const EmbeddedFile plot_style;   ///< dygraphs
extern const EmbeddedFile plot_script;  ///< dygraphs

}  // namespace wetgate::qc::page
