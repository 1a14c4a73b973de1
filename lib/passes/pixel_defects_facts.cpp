#include <algorithm>
#include <limits>

#include "core/base64.h"
#include "core/error.h"
#include "passes/pixel_defects.h"

// Facts travel between the farm's tasks as JSON: the lists are packed into base64 text, little-endian, about
// 10 bytes a candidate, so that a 2K frame of foliage stays near 300 kB.

namespace wetgate::passes::pixel_defects {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostCandidates = 1 << 20;
constexpr std::int64_t kMostBlocks = 1 << 22;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::Input, "facts of pass 'pixel_defects' do not read: " + why +
                                      "; delete this frame's measurement and measure again");
}

std::vector<std::uint8_t> unpacked(const std::string& text) {
    auto bytes = from_base64(text);
    if (!bytes) refuse("a packed list has been cut or has a foreign letter");
    return *std::move(bytes);
}

void put(std::vector<std::uint8_t>& bytes, std::uint32_t value, int count) {
    for (int k = 0; k < count; ++k) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * k)));
}

class Reader {
public:
    explicit Reader(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

    std::uint32_t take(int count) {
        if (bytes_.size() - position_ < static_cast<std::size_t>(count)) refuse("a packed list is too short");
        std::uint32_t value = 0;
        for (int k = 0; k < count; ++k) value |= static_cast<std::uint32_t>(bytes_[position_++]) << (8 * k);
        return value;
    }
    std::int8_t take_signed8() { return static_cast<std::int8_t>(static_cast<std::uint8_t>(take(1))); }
    std::int16_t take_signed16() { return static_cast<std::int16_t>(static_cast<std::uint16_t>(take(2))); }
    bool at_end() const { return position_ == bytes_.size(); }

private:
    std::vector<std::uint8_t> bytes_;
    std::size_t position_ = 0;
};

std::int64_t integer_at(const nlohmann::json& json, const char* key, std::int64_t low, std::int64_t high) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_integer())
        refuse(std::string("no whole number '") + key + "'");
    if (found->is_number_unsigned() &&
        found->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
        refuse(std::string("'") + key + "' is out of range");
    }
    const auto value = found->get<std::int64_t>();
    if (value < low || value > high) refuse(std::string("'") + key + "' is out of range");
    return value;
}

std::string text_at(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) refuse(std::string("no text '") + key + "'");
    return found->get<std::string>();
}

Box box_at(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array() || found->size() != 4)
        refuse(std::string("no box '") + key + "'");
    std::array<int, 4> edges{};
    for (std::size_t i = 0; i < 4; ++i) {
        edges[i] = static_cast<int>(integer_at({{"edge", (*found)[i]}}, "edge", -(1 << 24), 1 << 24));
    }
    return {edges[0], edges[1], edges[2], edges[3]};
}

}  // namespace

nlohmann::json facts_to_json(const FrameFacts& facts) {
    std::vector<std::uint8_t> packed;
    const auto width = static_cast<std::uint32_t>(facts.window.width());
    std::uint32_t next = 0;
    for (const Candidate& candidate : facts.candidates) {
        const std::uint32_t index = static_cast<std::uint32_t>(candidate.y - facts.window.y0) * width +
                                    static_cast<std::uint32_t>(candidate.x - facts.window.x0);
        std::uint32_t gap = index - next;  // pixels passed over since the last one, 7 bits a byte
        for (; gap >= 128; gap >>= 7) put(packed, (gap & 127U) | 128U, 1);
        put(packed, gap, 1);
        next = index + 1;
        for (const std::int8_t score : candidate.score) put(packed, static_cast<std::uint8_t>(score), 1);
        put(packed, candidate.channel + 4U * candidate.size, 1);
        put(packed, static_cast<std::uint16_t>(candidate.value), 2);
        put(packed, static_cast<std::uint16_t>(candidate.surround), 2);
    }
    std::vector<std::uint8_t> grid;
    for (std::size_t channel = 0; channel < 3; ++channel) {
        grid.insert(grid.end(), facts.grid.level[channel].begin(), facts.grid.level[channel].end());
        grid.insert(grid.end(), facts.grid.sigma[channel].begin(), facts.grid.sigma[channel].end());
    }
    for (const std::uint16_t luma : facts.grid.luma) put(grid, luma, 2);
    const Box& w = facts.window;
    const Box& b = facts.grid.blocks;
    const Box& c = facts.grid.cells;
    return {{"version", kVersion},
            {"window", {w.x0, w.y0, w.x1, w.y1}},
            {"blocks", {b.x0, b.y0, b.x1, b.y1}},
            {"cells", {c.x0, c.y0, c.x1, c.y1}},
            {"cell_px", facts.grid.cell_px},
            {"threshold", facts.threshold},
            {"count", facts.candidates.size()},
            {"candidates", to_base64(packed)},
            {"grid", to_base64(grid)}};
}

FrameFacts facts_from_json(const nlohmann::json& json) {
    if (!json.is_object()) refuse("they are not an object");
    integer_at(json, "version", kVersion, kVersion);
    FrameFacts facts;
    facts.window = box_at(json, "window");
    facts.grid.blocks = box_at(json, "blocks");
    facts.grid.cells = box_at(json, "cells");
    facts.grid.cell_px = static_cast<int>(integer_at(json, "cell_px", 1, 1 << 16));
    const bool fits = facts.grid.blocks == squares_of(facts.window, facts.grid.block_px()) &&
                      facts.grid.cells == squares_of(facts.window, facts.grid.cell_px);
    if (!fits && !(facts.grid.blocks.empty() && facts.grid.cells.empty())) {
        refuse("the grid does not fit the picture");
    }
    const auto threshold = json.find("threshold");
    if (threshold == json.end() || !threshold->is_number()) refuse("no number 'threshold'");
    facts.threshold = threshold->get<double>();

    const auto blocks = static_cast<std::int64_t>(facts.grid.blocks.area());
    const auto cells = static_cast<std::int64_t>(facts.grid.cells.area());
    if (blocks > kMostBlocks || cells > 4 * kMostBlocks) refuse("the picture is too large");
    std::vector<std::uint8_t> packed = unpacked(text_at(json, "grid"));
    if (static_cast<std::int64_t>(packed.size()) != 6 * blocks + 2 * cells)
        refuse("the grid has another size");
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto begin = packed.begin() + static_cast<std::ptrdiff_t>(channel) * 2 * blocks;
        facts.grid.level[channel].assign(begin, begin + blocks);
        facts.grid.sigma[channel].assign(begin + blocks, begin + 2 * blocks);
    }
    Reader luma(std::vector<std::uint8_t>(packed.begin() + 6 * blocks, packed.end()));
    for (std::int64_t cell = 0; cell < cells; ++cell) {
        facts.grid.luma.push_back(static_cast<std::uint16_t>(luma.take(2)));
    }

    const std::int64_t count = integer_at(json, "count", 0, kMostCandidates);
    Reader reader(unpacked(text_at(json, "candidates")));
    const auto width = static_cast<std::int64_t>(facts.window.width());
    const auto area = static_cast<std::int64_t>(facts.window.area());
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        std::int64_t gap = 0;
        for (int shift = 0;; shift += 7) {
            const std::uint32_t byte = reader.take(1);
            gap |= static_cast<std::int64_t>(byte & 127U) << shift;
            if (byte < 128) break;
            if (shift >= 28) refuse("a position is out of range");
        }
        const std::int64_t index = next + gap;
        if (index >= area) refuse("a position is outside the picture");
        next = index + 1;
        Candidate candidate;
        candidate.x = facts.window.x0 + static_cast<int>(index % width);
        candidate.y = facts.window.y0 + static_cast<int>(index / width);
        for (std::int8_t& score : candidate.score) score = reader.take_signed8();
        const std::uint32_t channel_and_size = reader.take(1);  // size is at most 63
        candidate.channel = static_cast<std::uint8_t>(channel_and_size & 3U);
        candidate.size = static_cast<std::uint8_t>(channel_and_size >> 2);
        if (candidate.channel > 2) refuse("a channel is out of range");
        candidate.value = reader.take_signed16();
        candidate.surround = reader.take_signed16();
        facts.candidates.push_back(candidate);
    }
    if (!reader.at_end()) refuse("a packed list is too long");
    return facts;
}

}  // namespace wetgate::passes::pixel_defects
