#include "spec/frame_text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "core/error.h"

namespace wetgate::spec {
namespace {

[[noreturn]] void refuse(std::string_view part, const std::string& why) {
    std::string shown(part.substr(0, 60));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c < ' ' || c == '\x7f'; }, '?');
    throw Error(ErrorKind::Usage, "frames \"" + shown + "\": " + why);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// One part of a list, read from left to right.
class Part {
public:
    explicit Part(std::string_view text) : whole_(text), rest_(text) {}

    std::string_view whole() const { return whole_; }
    bool done() const { return rest_.empty(); }
    bool accept(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    /// A whole number of either sign, zeros in front allowed.
    int number() {
        const bool negative = accept("-");
        std::size_t digits = 0;
        while (digits < rest_.size() && is_digit(rest_[digits])) ++digits;
        if (digits == 0)
            refuse(whole_, "expected a frame number" +
                               (done() ? std::string(" at the end")
                                       : " before '" + std::string(rest_.substr(0, 10)) + "'") +
                               "; write for instance 1001-1100x2");
        std::string_view text = rest_.substr(0, digits);
        rest_.remove_prefix(digits);
        while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
        int value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || value > largest_frame) {
            refuse(whole_, "a number is larger than " + std::to_string(largest_frame));
        }
        return negative ? -value : value;
    }

private:
    std::string_view whole_;
    std::string_view rest_;
};

enum class StepKind { Every, AllBut, Interleave };

struct Run {
    int from = 0;
    int to = 0;
    int step = 1;
    StepKind kind = StepKind::Every;
};

bool accept_step_word(Part& part) {
    return part.accept("step") || part.accept("by") || part.accept("every");
}

void read_colon_step(Part& part, Run& run, FramesSyntax syntax) {
    switch (syntax) {
        case FramesSyntax::None:
            refuse(part.whole(),
                   "':' means a step in OpenJD and Deadline (1-10:2 is 1,3,5,7,9) but interleave in OpenCue "
                   "(all ten frames); "
                   "write 'x' for a step, or say which with --frames-syntax openjd|deadline|opencue");
        case FramesSyntax::OpenCue:
            run.kind = StepKind::Interleave;
            break;
        case FramesSyntax::OpenJd:
        case FramesSyntax::Deadline:
            run.kind = StepKind::Every;
            break;
    }
    run.step = part.number();
}

Run read_run(std::string_view text, FramesSyntax syntax) {
    const bool deadline = syntax == FramesSyntax::Deadline;
    Part part(text);
    Run run;
    run.from = run.to = part.number();
    if (part.done()) return run;
    if (!part.accept("-") && !(deadline && part.accept(":"))) {
        refuse(text, "expected '-' after the first frame number; write for instance 1001-1100x2");
    }
    run.to = part.number();
    run.step = run.to < run.from ? -1 : 1;
    if (part.done()) return run;
    if (part.accept("x")) {
        run.step = part.number();
    } else if (part.accept("y")) {
        run.kind = StepKind::AllBut;
        run.step = part.number();
    } else if (part.accept(":")) {
        read_colon_step(part, run, syntax);
    } else if (accept_step_word(part)) {
        if (!deadline)
            refuse(text,
                   "this way to write a step is Deadline's; write 'x' instead, or give --frames-syntax "
                   "deadline");
        run.step = part.number();
    }
    if (!part.done()) refuse(text, "cannot read the end of it; write for instance 1001-1100x2 or 1-10y3");
    if (run.step == 0) refuse(text, "a step of 0 never ends");
    if (run.step < 0 && run.from < run.to)
        refuse(text, "a negative step never gets from the first frame to the last");
    return run;
}

/// Appends the frames of `run`, at most most_frames.
void append(const Run& run, std::string_view text, FrameSet& frames) {
    const int low = std::min(run.from, run.to);
    const int high = std::max(run.from, run.to);
    const int step = std::abs(run.step);
    const int length = high - low + 1;  // at most 2 * largest_frame + 1
    const int stepped = (length - 1) / step + 1;
    const int count = run.kind == StepKind::Every    ? stepped
                      : run.kind == StepKind::AllBut ? length - stepped
                                                     : length;
    if (count > most_frames) refuse(text, "more than " + std::to_string(most_frames) + " frames");
    const int towards = run.to < run.from ? -1 : 1;
    if (run.kind == StepKind::Every) {
        for (int i = 0; i < stepped; ++i) frames.push_back(run.from + towards * step * i);
        return;
    }
    if (length > 2 * most_frames) refuse(text, "more than " + std::to_string(most_frames) + " frames");
    for (int i = 0; i < length; ++i) {
        if (run.kind == StepKind::Interleave || i % step != 0) frames.push_back(run.from + towards * i);
    }
}

bool is_separator(char c) {
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

std::optional<FramesSyntax> parse_frames_syntax(std::string_view text) {
    if (text == "none") return FramesSyntax::None;
    if (text == "openjd") return FramesSyntax::OpenJd;
    if (text == "deadline") return FramesSyntax::Deadline;
    if (text == "opencue") return FramesSyntax::OpenCue;
    return std::nullopt;
}

FrameSet parse_frames(std::string_view text, FramesSyntax syntax) {
    constexpr std::size_t most_work =
        std::size_t{16} * most_frames;  // overlapping parts cost time before they merge
    FrameSet frames;
    std::size_t work = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_separator(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && !is_separator(text[end])) ++end;
        const std::string_view part = text.substr(at, end - at);
        const std::size_t before = frames.size();
        append(read_run(part, syntax), part, frames);
        work += frames.size() - before;
        if (work > most_work) refuse(text, "its parts overlap too often");
        if (frames.size() > std::size_t{2} * most_frames) {
            frames = normalized(std::move(frames));
            if (frames.size() > most_frames)
                refuse(text, "more than " + std::to_string(most_frames) + " frames");
        }
        at = end;
    }
    if (frames.empty()) refuse(text, "names no frame at all");
    frames = normalized(std::move(frames));
    if (frames.size() > most_frames) refuse(text, "more than " + std::to_string(most_frames) + " frames");
    return frames;
}

FrameRange parse_frame_range(std::string_view text, FramesSyntax syntax) {
    // The usual text is one run: a job of thousands of shots need not list all their frames to know their
    // ends.
    if (!text.empty() && std::none_of(text.begin(), text.end(), is_separator)) {
        const Run run = read_run(text, syntax);
        const FrameRange range{std::min(run.from, run.to), std::max(run.from, run.to) + 1};
        if (std::abs(run.step) == 1 && run.kind == StepKind::Every && range.size() <= most_frames)
            return range;
    }
    const FrameSet frames = parse_frames(text, syntax);
    const FrameRange range = hull(frames);
    if (static_cast<std::size_t>(range.size()) != frames.size()) {
        refuse(text, "has gaps, but one run of frames is wanted here; write for instance 1001-1100");
    }
    return range;
}

std::string print_frames(const FrameSet& frames) {
    std::string text;
    std::size_t at = 0;
    while (at < frames.size()) {
        std::size_t end = at + 1;
        const int step = end < frames.size() ? frames[end] - frames[at] : 1;
        while (end < frames.size() && frames[end] - frames[end - 1] == step) ++end;
        if (step != 1 && end - at < 3) end = at + 1;  // "1,5" rather than "1-5x4"
        if (!text.empty()) text += ',';
        text += std::to_string(frames[at]);
        if (end - at > 1) text += '-' + std::to_string(frames[end - 1]);
        if (end - at > 1 && step != 1) text += 'x' + std::to_string(step);
        at = end;
    }
    return text;
}

std::string print_frames(const FrameRange& range) {
    if (range.empty()) return {};
    if (range.size() == 1) return std::to_string(range.first);
    return std::to_string(range.first) + '-' + std::to_string(range.end - 1);
}

}  // namespace wetgate::spec
