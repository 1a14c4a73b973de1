#include <algorithm>

#include "qc/html/page.h"

namespace wetgate::qc::page {
namespace {

std::string title_of(std::string key) {
    if (key == "sha256") return "SHA-256";
    std::replace(key.begin(), key.end(), '_', ' ');
    if (!key.empty() && key[0] >= 'a' && key[0] <= 'z') key[0] = static_cast<char>(key[0] - 'a' + 'A');
    return key;
}

// Numbers that a person reads as a share.
std::string value_text(const std::string& key, const nlohmann::json& value) {
    if (key == "mean_touched" && value.is_number()) return number_text(100 * value.get<double>()) + " %";
    return text_of(value);
}

std::vector<std::string> keys_of(const nlohmann::json& list, std::vector<std::string> keys) {
    constexpr std::size_t looked_at = 200, most = 16;
    const auto present = [&](const std::string& key) {
        return std::any_of(list.begin(), list.end(),
                           [&](const nlohmann::json& row) { return row.is_object() && row.contains(key); });
    };
    std::erase_if(keys, [&](const std::string& key) { return !present(key); });
    for (std::size_t i = 0; i < std::min(list.size(), looked_at); ++i) {
        if (!list[i].is_object()) continue;
        for (const auto& [key, value] : list[i].items()) {
            if (keys.size() < most && std::find(keys.begin(), keys.end(), key) == keys.end())
                keys.push_back(key);
        }
    }
    return keys;
}

}  // namespace

void badge(Markup& to, std::string_view kind, std::string_view word) {
    to.element("span", word, {{"class", "badge " + std::string(kind)}});
}

void open_table(Markup& to, std::string_view caption, const std::vector<Column>& columns,
                const Markup::Attributes& attributes) {
    to.open("div", {{"class", "scroll"}});
    to.open("table", attributes);
    to.element("caption", caption);
    to.open("thead");
    to.open("tr");
    for (const Column& column : columns) {
        Markup::Attributes head = {{"scope", "col"}};
        if (!column.kind.empty()) head.emplace_back("class", column.kind);
        to.element("th", column.title, head);
    }
    to.close();
    to.close();
    to.open("tbody");
}

void close_table(Markup& to) {
    for (int level = 0; level < 3; ++level) to.close();
}

void cell(Markup& to, const Column& column, std::string_view text) {
    to.element("td", text,
               column.kind.empty() ? Markup::Attributes{} : Markup::Attributes{{"class", column.kind}});
}

void object_table(Markup& to, std::string_view caption, const nlohmann::json& list,
                  const std::vector<std::string>& first, Budget& budget) {
    if (list.empty()) return;
    const std::vector<std::string> keys = keys_of(list, first);
    std::vector<Column> columns;
    for (const std::string& key : keys) {
        const bool number = std::all_of(list.begin(), list.end(), [&](const nlohmann::json& row) {
            return !row.is_object() || !row.contains(key) || row.at(key).is_number();
        });
        const bool hash = key == "hash" || key == "sha256" || key == "packets" || key == "file";
        columns.push_back({title_of(key), number ? "number" : (hash ? "hash" : "")});
    }
    open_table(to, caption, columns);
    std::size_t left_out = 0;
    for (const nlohmann::json& item : list) {
        if (!item.is_object()) continue;
        Markup row;
        row.open("tr");
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto found = item.find(keys[i]);
            cell(row, columns[i], found == item.end() ? "" : value_text(keys[i], *found));
        }
        row.close();
        if (left_out > 0 || !budget.take(row.size())) {
            ++left_out;
            continue;
        }
        to.append(row);
    }
    close_table(to);
    if (left_out > 0) to.element("p", counted(left_out, "more row") + " in report.json", {{"class", "note"}});
}

void object_list(Markup& to, const nlohmann::json& object) {
    if (!object.is_object() || object.empty()) return;
    to.open("dl");
    for (const auto& [key, value] : object.items()) {
        const std::string text = text_of(value);
        if (text.empty()) continue;
        to.open("div");
        to.element("dt", title_of(clipped(key, 100)));
        to.element("dd", text);
        to.close();
    }
    to.close();
}

}  // namespace wetgate::qc::page
