#include "spec/schema.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace wetgate::spec {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

// Note [Patterns are not for valijson]
// valijson runs "pattern" through std::regex, which recurses for each character of the text and ends the
// process on a long one, whatever "maxLength" says beside it. Names are checked by hand in shot_reader.cpp;
// the patterns are for editors.
json without_patterns(json schema, bool is_schema = true) {
    if (schema.is_array()) {
        for (json& item : schema) item = without_patterns(std::move(item));
    } else if (schema.is_object()) {
        if (is_schema) schema.erase("pattern");
        for (auto& [key, member] : schema.items()) {
            if (key == "default" || key == "enum" || key == "const" || key == "x-wetgate") continue;
            member = without_patterns(std::move(member), key != "properties" && key != "definitions");
        }
    }
    return schema;
}

/// valijson gives the way to a value as {"<root>", "[\"shots\"]", "[0]"}.
std::string pointer_of(const std::vector<std::string>& way, std::string pointer) {
    for (const std::string& step : way) {
        if (step.size() < 3 || step.front() != '[') continue;
        std::string inner = step.substr(1, step.size() - 2);
        if (inner.size() >= 2 && inner.front() == '"') inner = inner.substr(1, inner.size() - 2);
        pointer = join_pointer(pointer, inner);
    }
    return pointer;
}

bool is_at_or_below(const std::string& pointer, const std::string& above) {
    return pointer.starts_with(above) && (pointer.size() == above.size() || pointer[above.size()] == '/');
}

}  // namespace

struct Schema::Impl {
    json document;  // valijson's adapters point into it while parsing
    valijson::Schema compiled;
};

Schema::Schema(const json& document) : impl_(std::make_unique<Impl>()) {
    impl_->document = without_patterns(document);
    try {
        valijson::SchemaParser parser;
        parser.populateSchema(NlohmannJsonAdapter(impl_->document), impl_->compiled);
    } catch (const std::exception& error) {
        throw Error(ErrorKind::Internal, std::string("a schema cannot be compiled: ") + error.what());
    }
}

Schema::~Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;

bool Schema::accepts(const json& value) const {
    valijson::Validator validator;
    return validator.validate(impl_->compiled, NlohmannJsonAdapter(value), nullptr);
}

std::vector<Problem> Schema::problems(const json& value, const std::string& pointer) const {
    std::vector<Problem> problems;
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(impl_->compiled, NlohmannJsonAdapter(value), &results)) return problems;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        std::string message = error.description.substr(0, 300);
        if (message.ends_with('.')) message.pop_back();
        problems.push_back({pointer_of(error.context, pointer), std::move(message), ""});
    }
    return problems;
}

void add_unreported(std::vector<Problem>& problems, std::vector<Problem> second) {
    // valijson repeats a fault at every level above it, deepest first; the deepest is the useful one.
    std::stable_sort(second.begin(), second.end(),
                     [](const Problem& a, const Problem& b) { return a.pointer.size() > b.pointer.size(); });
    for (Problem& candidate : second) {
        const bool known = std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
            return is_at_or_below(problem.pointer, candidate.pointer) ||
                   is_at_or_below(candidate.pointer, problem.pointer);
        });
        if (!known) problems.push_back(std::move(candidate));
    }
}

}  // namespace wetgate::spec
