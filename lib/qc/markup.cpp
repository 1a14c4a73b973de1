#include "qc/markup.h"

#include "core/escape.h"

namespace wetgate::qc {

void Markup::start(std::string_view tag, const Attributes& attributes) {
    written_ += '<';
    written_ += tag;
    for (const auto& [name, value] : attributes) {
        written_ += ' ';
        written_ += name;
        written_ += "=\"";
        written_ += escaped(value);
        written_ += '"';
    }
    written_ += '>';
}

void Markup::open(std::string_view tag, const Attributes& attributes) {
    start(tag, attributes);
    open_.push_back(tag);
}

void Markup::close() {
    written_ += "</";
    written_ += open_.back();
    written_ += ">\n";
    open_.pop_back();
}

void Markup::text(std::string_view text) {
    written_ += escaped(text);
}

void Markup::element(std::string_view tag, std::string_view text, const Attributes& attributes) {
    open(tag, attributes);
    this->text(text);
    close();
}

void Markup::void_element(std::string_view tag, const Attributes& attributes) {
    start(tag, attributes);
}

}  // namespace wetgate::qc
