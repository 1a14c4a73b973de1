#pragma once
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/problem.h"

namespace wetgate::spec {

/// A JSON object of a job that may be wrong: reads what has the right type and leaves out the rest, which
/// spec/rules.h has reported by then. So one mistake does not hide the others.
class JobNode {
public:
    JobNode(const nlohmann::json* value, std::string pointer) : value_(value), pointer_(std::move(pointer)) {}

    bool is_there() const { return value_ != nullptr; }
    const std::string& pointer() const { return pointer_; }
    std::string pointer(const std::string& key) const { return join_pointer(pointer_, key); }
    const nlohmann::json& value() const { return *value_; }

    JobNode operator[](const std::string& key) const {
        const bool has = value_ != nullptr && value_->is_object() && value_->contains(key);
        return {has ? &value_->at(key) : nullptr, pointer(key)};
    }
    JobNode item(std::size_t index) const { return {&value_->at(index), join_pointer(pointer_, index)}; }
    /// Entries of a list that are read; 0 for anything else. No list of a job may have more than
    /// most_entries, and one that has was reported: what lies behind would cost memory for nothing.
    std::size_t items() const {
        return value_ != nullptr && value_->is_array() ? std::min(value_->size(), most_entries) : 0;
    }
    /// Names of an object's members that are read, likewise.
    std::vector<std::string> keys() const {
        std::vector<std::string> names;
        if (value_ == nullptr || !value_->is_object()) return names;
        for (auto member = value_->begin(); member != value_->end() && names.size() < most_entries; ++member)
            names.push_back(member.key());
        return names;
    }

    std::optional<std::string> text(const std::string& key) const {
        const JobNode member = (*this)[key];
        if (!member.is_there() || !member.value().is_string()) return std::nullopt;
        return member.value().get<std::string>();
    }
    /// A text, or a whole number as text (frames and EXR parts may be either).
    std::optional<std::string> text_or_integer(const std::string& key) const {
        const JobNode member = (*this)[key];
        if (member.is_there() && member.value().is_number_integer()) return member.value().dump();
        return text(key);
    }
    bool flag(const std::string& key, bool fallback) const {
        const JobNode member = (*this)[key];
        return member.is_there() && member.value().is_boolean() ? member.value().get<bool>() : fallback;
    }
    std::optional<double> number(const std::string& key) const {
        const JobNode member = (*this)[key];
        if (!member.is_there() || !member.value().is_number()) return std::nullopt;
        return member.value().get<double>();
    }
    std::optional<std::int64_t> integer(const std::string& key) const {
        const JobNode member = (*this)[key];
        if (!member.is_there() || !member.value().is_number_integer()) return std::nullopt;
        return member.value().get<std::int64_t>();
    }
    /// An integer that fits an int; nullopt outside (the schema's range has reported it).
    std::optional<int> small_integer(const std::string& key) const {
        const auto wide = integer(key);
        if (!wide || *wide < std::numeric_limits<int>::min() || *wide > std::numeric_limits<int>::max())
            return std::nullopt;
        return static_cast<int>(*wide);
    }

    static constexpr std::size_t most_entries = 10'000;

private:
    const nlohmann::json* value_;
    std::string pointer_;
};

}  // namespace wetgate::spec
