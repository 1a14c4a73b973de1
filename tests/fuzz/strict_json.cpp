// Strict JSON: what is taken is JSON to others too, keeps its bounds and survives being printed.
#include "spec/strict_json.h"

#include "fuzz/input.h"

namespace {

std::size_t depth_of(const nlohmann::json& value) {
    std::size_t deepest = 0;
    if (value.is_structured()) {
        for (const nlohmann::json& member : value) deepest = std::max(deepest, depth_of(member));
    }
    return deepest + (value.is_structured() ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace fuzz = wetgate::fuzz;
    const std::string_view text = fuzz::text_of(data, size);
    nlohmann::json value;
    const auto read = [&] { value = wetgate::spec::parse_strict_json(text, "fuzz.json"); };
    if (!fuzz::takes({wetgate::ErrorKind::Usage}, read)) return 0;
    fuzz::require(depth_of(value) <= wetgate::spec::JsonLimits{}.depth,
                  "no value is nested deeper than the limit");
    fuzz::require(nlohmann::json::accept(text), "strict JSON is JSON");
    fuzz::require(wetgate::spec::parse_strict_json(value.dump(), "again") == value,
                  "a value survives being printed and read again");
    return 0;
}
