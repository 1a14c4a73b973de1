#include "conform/otio.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "conform/otio_json.h"
#include "conform/text.h"
#include "core/error.h"
#include "spec/problem.h"
#include "spec/strict_json.h"

namespace wetgate::conform {
namespace {

using nlohmann::json;

/// What lies around an item: handed down the tree.
struct Surroundings {
    std::string track = "V1";
    int layer = 1;
    Verdict verdict = Verdict::Conformed;  // of everything below
    std::string reason;
};

/// Where an item shows: frames [from, to) of its own range (counted from its start) from `record` on, and
/// what transitions show beyond.
struct Showing {
    double record = 0, from = 0, to = 0;
    double head = 0, tail = 0;
};

class Walker {
public:
    Walker(const std::string& name, const std::optional<Rate>& rate) : name_(name) {
        if (rate) list_.rate = *rate;
        has_rate_ = rate.has_value();
        list_.file = base_name(name);
    }

    CutList read(const json& root) {
        const json* timeline = &root;
        std::string pointer;
        if (schema_of(root) == "SerializableCollection") {
            const json& children = member(root, "children");
            if (!children.is_array() || children.size() != 1)
                throw refuse("/children", "holds several timelines: save the one to conform on its own");
            timeline = &children.front();
            pointer = "/children/0";
        }
        const std::string schema = schema_of(*timeline);
        if (schema != "Timeline" && schema != "Stack" && schema != "Track") {
            throw refuse(pointer, schema.empty() ? "has no OTIO_SCHEMA: this is no OpenTimelineIO file"
                                                 : "is a " + clean_text(schema) + ", not a Timeline");
        }
        list_.title = text_of(*timeline, "name");
        const auto start = time_of(member(*timeline, "global_start_time"));
        if (!has_rate_ && start) set_rate(start->rate);
        const json& top = schema == "Timeline" ? member(*timeline, "tracks") : *timeline;
        if (schema == "Timeline") pointer += "/tracks";
        if (!has_rate_) find_rate(top, 0);
        const double record = start ? frames_at(*start, list_.rate) : 0;
        walk_item(top, pointer, {record, 0, duration(top, 0), 0, 0}, {}, 0);
        if (list_.events.empty())
            throw refuse(pointer, "has no clip on a video track: there is nothing to conform");
        return std::move(list_);
    }

private:
    static constexpr int deepest = 64;  // of nested compositions; the reader bounds the JSON below that

    Error refuse(const std::string& pointer, const std::string& what) const {
        return Error(ErrorKind::Input, (pointer.empty() ? "" : pointer + " ") + what,
                     {.file = name_, .shot = {}, .frame = {}});
    }

    void set_rate(double frames_a_second) {
        list_.rate = rate_of(frames_a_second);
        has_rate_ = true;
    }

    /// The rate of the first range there is.
    void find_rate(const json& item, int depth) {
        if (has_rate_ || depth > deepest) return;
        if (const auto range = own_range(item)) {
            set_rate(range->start.rate);
            return;
        }
        for (const json& child : member(item, "children")) find_rate(child, depth + 1);
    }

    static const json& reference_of(const json& clip) {
        const json& references = member(clip, "media_references");
        if (!references.is_object()) return member(clip, "media_reference");  // Clip.1
        const json& key = member(clip, "active_media_reference_key");
        const std::string name = key.is_string() ? key.get<std::string>() : "DEFAULT_MEDIA";
        return member(references, name.c_str());
    }

    static std::optional<OtioRange> own_range(const json& item) {
        if (auto range = range_of(member(item, "source_range"))) return range;
        if (schema_of(item) == "Clip") return range_of(member(reference_of(item), "available_range"));
        return std::nullopt;
    }

    static bool is_composition(const std::string& schema) { return schema == "Stack" || schema == "Track"; }

    /// Frames that an item takes up, at the list's rate.
    double duration(const json& item, int depth) {
        if (const auto range = own_range(item)) return std::max(0.0, frames_at(range->duration, list_.rate));
        if (depth > deepest) return 0;
        const std::string schema = schema_of(item);
        double length = 0;
        for (const json& child : member(item, "children")) {
            if (schema_of(child) == "Transition") continue;
            const double one = duration(child, depth + 1);
            length = schema == "Track" ? length + one : std::max(length, one);
        }
        return length;
    }

    double offset_of(const json& transition, const char* key) const {
        const auto time = time_of(member(transition, key));
        return time ? std::max(0.0, frames_at(*time, list_.rate)) : 0;
    }

    void walk_item(const json& item, const std::string& pointer, const Showing& showing, Surroundings around,
                   int depth) {
        if (depth > deepest) throw refuse(pointer, "is nested deeper than 64 levels");
        const std::string schema = schema_of(item);
        add_effects(item, around);
        const json& enabled = member(item, "enabled");
        if (enabled.is_boolean() && !enabled.get<bool>() && around.verdict == Verdict::Conformed) {
            around.verdict = Verdict::Skipped;
            around.reason = "disabled in the list";
        }
        if (schema == "Clip") {
            add_clip(item, pointer, showing, around);
        } else if (is_composition(schema)) {
            // What a transition shows of a composition is shown of what is in it.
            Showing inner = showing;
            inner.from -= showing.head;
            inner.to += showing.tail;
            inner.record -= showing.head;
            inner.head = inner.tail = 0;
            if (const auto range = own_range(item)) {
                const double start = frames_at(range->start, list_.rate);
                inner.from += start;
                inner.to += start;
            }
            if (schema == "Track")
                walk_track(item, pointer, inner, around, depth);
            else
                walk_stack(item, pointer, inner, around, depth);
        } else if (schema != "Gap" && !schema.empty()) {
            note_once("a " + clean_text(schema) + " is not known and was left out (" + pointer + ")");
        }
    }

    void walk_stack(const json& stack, const std::string& pointer, const Showing& showing,
                    const Surroundings& around, int depth) {
        int video = 0, audio = 0;
        std::size_t index = 0;
        for (const json& child : member(stack, "children")) {
            const std::string here = pointer + "/children/" + std::to_string(index++);
            if (schema_of(child) == "Track" && lower(text_of(child, "kind")) == "audio") {
                ++audio;
                const json& clips = member(child, "children");
                note_once(fmt::format("audio track A{}: {} items, not conformed", audio,
                                      clips.is_array() ? clips.size() : 0));
                continue;
            }
            Surroundings inner = around;
            inner.track =
                depth == 0 ? "V" + std::to_string(++video) : around.track + "." + std::to_string(++video);
            inner.layer = ++layers_;
            Showing part = showing;
            part.to = std::min(part.to, duration(child, 0));
            if (part.to > part.from) walk_item(child, here, part, std::move(inner), depth + 1);
        }
    }

    void walk_track(const json& track, const std::string& pointer, const Showing& showing,
                    const Surroundings& around, int depth) {
        const json& children = member(track, "children");
        if (!children.is_array()) return;
        double at = 0;
        for (std::size_t i = 0; i < children.size(); ++i) {
            const json& child = children[i];
            if (schema_of(child) == "Transition") continue;
            const double length = duration(child, 0);
            Showing part;
            part.from = std::max(0.0, showing.from - at);
            part.to = std::min(length, showing.to - at);
            part.record = showing.record + std::max(at, showing.from) - showing.from;
            if (i > 0 && schema_of(children[i - 1]) == "Transition" && part.from == 0)
                part.head = i > 1 ? offset_of(children[i - 1], "in_offset") : 0;
            if (i + 1 < children.size() && schema_of(children[i + 1]) == "Transition" && part.to == length)
                part.tail = i + 2 < children.size() ? offset_of(children[i + 1], "out_offset") : 0;
            at += length;
            if (part.to <= part.from) continue;
            walk_item(child, pointer + "/children/" + std::to_string(i), part, around, depth + 1);
        }
    }

    void add_effects(const json& item, Surroundings& around) {
        for (const json& effect : member(item, "effects")) {
            const std::string schema = schema_of(effect);
            const json& enabled = member(effect, "enabled");
            if (enabled.is_boolean() && !enabled.get<bool>()) continue;
            std::string reason;
            if (schema == "FreezeFrame") {
                reason = "a freeze frame";
            } else if (schema == "LinearTimeWarp") {
                const json& scalar = member(effect, "time_scalar");
                const double speed = scalar.is_number() ? scalar.get<double>() : 1;
                if (speed != 1) reason = fmt::format("a retime: time_scalar {}", speed);
            } else if (schema == "TimeEffect" || schema.find("TimeWarp") != std::string::npos) {
                reason = "a retime (" + clean_text(schema) + ")";
            }
            if (reason.empty() || around.verdict != Verdict::Conformed) continue;
            around.verdict = Verdict::Refused;
            around.reason = std::move(reason);
        }
    }

    void add_clip(const json& clip, const std::string& pointer, const Showing& showing,
                  const Surroundings& around) {
        if (list_.events.size() >= most_events) {
            throw refuse(pointer, "is one clip too many: a list may have " + std::to_string(most_events) +
                                      "; split the timeline by reel");
        }
        CutEvent event;
        event.number = fmt::format("{:03}", list_.events.size() + 1);
        event.place = name_ + ": " + pointer;
        event.track = around.track;
        event.layer = around.layer;
        event.clip = text_of(clip, "name");
        event.reel = text_of(member(member(clip, "metadata"), "cmx_3600"), "reel");
        if (around.verdict != Verdict::Conformed) set_aside(event, around.verdict, around.reason);
        take_reference(event, reference_of(clip));
        take_cdl(event, member(member(clip, "metadata"), "cdl"));
        take_times(event, clip, showing);
        list_.events.push_back(std::move(event));
    }

    void take_times(CutEvent& event, const json& clip, const Showing& showing) {
        const auto range = own_range(clip);
        const auto record = whole_frames(showing.record);
        event.record_in = {std::llround(std::clamp(showing.record, -1e12, 1e12)), list_.rate, false};
        if (!range) {
            set_aside(event, Verdict::Refused, "has neither a source_range nor an available_range");
            return;
        }
        const Rate rate = rate_of(range->start.rate);
        // From the list's frames to the clip's own.
        const double scale = frames_at({1, list_.rate.fps()}, rate);
        const auto in = whole_frames(range->start.value + showing.from * scale);
        const auto length = whole_frames((showing.to - showing.from) * scale);
        const auto head = whole_frames(showing.head * scale);
        const auto tail = whole_frames(showing.tail * scale);
        if (!in || !length || !head || !tail || !record) {
            set_aside(event, Verdict::Refused,
                      fmt::format("its times lie between frames (source {:.3f}, {:.3f} long, record {:.3f})",
                                  range->start.value + showing.from * scale,
                                  (showing.to - showing.from) * scale, showing.record));
            return;
        }
        event.source_in = {*in, rate, false};
        event.source_out = {*in + *length, rate, false};
        event.frames = *length;
        event.record_frames = std::llround(std::clamp(showing.to - showing.from, 0.0, 1e12));
        event.head = static_cast<int>(std::min<std::int64_t>(*head, 1'000'000));
        event.tail = static_cast<int>(std::min<std::int64_t>(*tail, 1'000'000));
        if (event.head > 0)
            event.notes.push_back(fmt::format("transition: {} frames added before the cut", event.head));
        if (event.tail > 0)
            event.notes.push_back(fmt::format("transition: {} frames added behind the cut", event.tail));
        if (event.available_in) {
            const auto available = range_of(member(reference_of(clip), "available_range"));
            if (rate_of(available->start.rate).nominal() != rate.nominal())
                event.available_in.reset(), event.available_frames.reset();
        }
    }

    static void take_reference(CutEvent& event, const json& reference) {
        const std::string schema = schema_of(reference);
        if (schema == "GeneratorReference") {
            set_aside(event, Verdict::Skipped, "a generator (" + text_of(reference, "generator_kind") + ")");
            return;
        }
        if (const auto available = range_of(member(reference, "available_range"))) {
            event.available_in = whole_frames(available->start.value);
            event.available_frames =
                whole_frames(frames_at(available->duration, rate_of(available->start.rate)));
        }
        if (const std::string reel = text_of(member(member(reference, "metadata"), "cmx_3600"), "reel");
            event.reel.empty()) {
            event.reel = reel;
        }
        if (schema == "ImageSequenceReference") {
            take_sequence(event, reference);
        } else if (const json& url = member(reference, "target_url"); url.is_string()) {
            event.source_file = path_of_url(url.get_ref<const std::string&>());
        }
    }

    static void take_sequence(CutEvent& event, const json& reference) {
        const json& step = member(reference, "frame_step");
        if (step.is_number() && step.get<double>() != 1) {
            set_aside(event, Verdict::Refused, "its sequence holds frames (frame_step is not 1)");
            return;
        }
        const json& first = member(reference, "start_frame");
        const double number = first.is_number() ? first.get<double>() : 1;
        if (std::abs(number) > 100'000'000 || number != std::floor(number)) {
            set_aside(event, Verdict::Refused, "its start_frame is no frame number");
            return;
        }
        ListedSequence& sequence = event.sequence.emplace();
        sequence.prefix = text_of(reference, "name_prefix");
        sequence.suffix = text_of(reference, "name_suffix");
        sequence.first_number = static_cast<int>(number);
        event.source_file = path_of_url(text_of(reference, "target_url_base"));
        if (!event.source_file.empty() && event.source_file.back() != '/') event.source_file += '/';
        event.source_file += sequence.prefix + "#" + sequence.suffix;
    }

    /// As the cmx_3600 adapter keeps it: metadata.cdl.asc_sop {slope, offset, power}, asc_sat.
    static void take_cdl(CutEvent& event, const json& node) {
        if (!node.is_object()) return;
        ListedCdl cdl;
        bool good = true;
        const auto triple = [&](const char* key, std::array<double, 3>& values) {
            const json& list = member(member(node, "asc_sop"), key);
            if (list.is_null()) return;
            good = good && list.is_array() && list.size() == 3;
            for (std::size_t c = 0; good && c < 3; ++c) {
                good = list[c].is_number() && std::isfinite(list[c].get<double>());
                if (good) values[c] = list[c].get<double>();
            }
        };
        triple("slope", cdl.slope);
        triple("offset", cdl.offset);
        triple("power", cdl.power);
        const json& saturation = member(node, "asc_sat");
        if (saturation.is_number()) cdl.saturation = saturation.get<double>();
        good = good && std::all_of(cdl.slope.begin(), cdl.slope.end(), [](double v) { return v >= 0; }) &&
               std::all_of(cdl.power.begin(), cdl.power.end(), [](double v) { return v > 0; }) &&
               cdl.saturation >= 0;
        if (good)
            event.cdl = cdl;
        else
            event.notes.emplace_back("its CDL is none (slope >= 0, power > 0): left out");
    }

    void note_once(std::string note) {
        constexpr std::size_t most_notes = 100;
        if (list_.notes.size() < most_notes &&
            std::find(list_.notes.begin(), list_.notes.end(), note) == list_.notes.end())
            list_.notes.push_back(std::move(note));
    }

    const std::string& name_;
    CutList list_;
    bool has_rate_ = false;
    int layers_ = 0;
};

}  // namespace

CutList read_otio(std::string_view text, const std::string& name, const std::optional<Rate>& rate) {
    json root;
    try {
        root = spec::parse_strict_json(text, name, {most_otio_bytes, 128, 8'000'000});
    } catch (const Error& error) {  // of an input here, not of the job
        throw Error(ErrorKind::Input, error.message(), error.context());
    }
    CutList list = Walker(name, rate).read(root);
    note_overlaps(list);
    return list;
}

}  // namespace wetgate::conform
