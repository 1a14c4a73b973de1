#pragma once
#include <memory>
#include <vector>

#include "qc/check.h"

namespace wetgate::qc {

// One function a file of checks; check.cpp puts them in order.
using Checks = std::vector<std::unique_ptr<const Check>>;

void add_level_checks(Checks& checks);
void add_sequence_checks(Checks& checks);
void add_flicker_checks(Checks& checks);
void add_flash_checks(Checks& checks);
void add_spot_checks(Checks& checks);
void add_texture_checks(Checks& checks);
void add_framing_checks(Checks& checks);
void add_fix_checks(Checks& checks);

/// Runs of frames where `value` (nullopt: unknown, which ends a run) is at or above `threshold`; the
/// occurrence's value is the greatest.
template <class Value, class Message>
std::vector<Occurrence> runs_above(const ShotFacts& shot, double threshold, Value value, Message message) {
    std::vector<Occurrence> found;
    bool is_open = false;
    for (std::size_t i = 0; i < shot.frames.size(); ++i) {
        const std::optional<double> here = value(i);
        if (!here || *here < threshold) {
            is_open = false;
            continue;
        }
        if (!is_open) found.push_back({i, i, *here, "", {}});
        is_open = true;
        found.back().end = i + 1;
        found.back().value = std::max(found.back().value, *here);
    }
    for (Occurrence& occurrence : found) occurrence.message = message(occurrence);
    return found;
}

/// What a picture of one side says, as runs_above() asks for it; nullopt where there is none. `value` gives a
/// number or an optional one.
template <class Value>
auto of_pictures(const ShotFacts& shot, Side side, Value value) {
    return [&shot, side, value](std::size_t i) -> std::optional<double> {
        const PictureFacts* picture = shot.picture(side, i);
        return picture == nullptr ? std::nullopt : std::optional<double>(value(*picture));
    };
}

}  // namespace wetgate::qc
