#include "media/worked.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "media/exr_luma_chroma.h"
#include "media/worked_internal.h"

namespace wetgate::media {
namespace {

[[noreturn]] void internal(const std::string& message) {
    throw Error(ErrorKind::Internal, message);
}

double scale_of(const HostFrame& frame, const Plane& plane) {
    if (plane.type != SampleType::U8 && plane.type != SampleType::U16) return 1;
    return static_cast<double>((1 << bits_of(frame, plane)) - 1);
}

// One sample type's way back from a float. Where a touched pixel was not changed the sample keeps its own
// bits, which a conversion there and back could not always give (U32, NaN payloads).
template <class Sample, class Convert>
void put_back(Plane& plane, const float* values, const std::vector<float>& touch,
              const std::vector<char>& rows, double scale, Convert convert) {
    const auto width = static_cast<std::size_t>(plane.width);
    for (std::size_t y = 0; y < static_cast<std::size_t>(plane.height); ++y) {
        if (rows[y] == 0) continue;
        Sample* out = plane.samples<Sample>() + y * width;
        const float* in = values + y * width;
        const float* touched = touch.data() + y * width;
        for (std::size_t x = 0; x < width; ++x) {
            if (!(touched[x] > 0)) continue;
            const Sample sample = out[x];
            const float before = convert.read(sample, scale);
            if (std::memcmp(&before, &in[x], sizeof(float)) == 0) continue;
            out[x] = convert.write(in[x], scale, sample);
        }
    }
}

struct FloatSample {
    static float read(float value, double /*scale*/) { return value; }
    static float write(float value, double /*scale*/, float /*old*/) { return value; }
};

template <class Sample>
struct CodeSample {
    static float read(Sample code, double scale) {
        return static_cast<float>(code) / static_cast<float>(scale);
    }
    static Sample write(float value, double scale, Sample old) {
        if (std::isnan(value)) return old;  // integer codes have no NaN
        const double limit = scale > 1 ? scale : static_cast<double>(std::numeric_limits<Sample>::max());
        return static_cast<Sample>(
            std::floor(std::clamp(static_cast<double>(value) * scale, 0.0, limit) + 0.5));
    }
};

// What was read from a half converts to that half again, NaN payloads too: no need to look whether it
// changed.
void put_back_halves(Plane& plane, const float* values, const std::vector<float>& touch,
                     const std::vector<char>& rows) {
    const auto width = static_cast<std::size_t>(plane.width);
    std::vector<std::uint16_t> converted(width);
    for (std::size_t y = 0; y < rows.size(); ++y) {
        if (rows[y] == 0) continue;
        floats_to_halves(values + y * width, converted.data(), width);
        const float* __restrict touched = touch.data() + y * width;
        const std::uint16_t* __restrict in = converted.data();
        std::uint16_t* __restrict out = plane.samples<std::uint16_t>() + y * width;
        for (std::size_t x = 0; x < width; ++x) out[x] = touched[x] > 0 ? in[x] : out[x];
    }
}

void write_plane(const HostFrame& frame, Plane& plane, const float* values, const std::vector<float>& touch,
                 const std::vector<char>& rows) {
    plane.make_unique();
    const double scale = scale_of(frame, plane);
    switch (plane.type) {
        case SampleType::U8:
            put_back<std::uint8_t>(plane, values, touch, rows, scale, CodeSample<std::uint8_t>{});
            break;
        case SampleType::U16:
            put_back<std::uint16_t>(plane, values, touch, rows, scale, CodeSample<std::uint16_t>{});
            break;
        case SampleType::U32:
            put_back<std::uint32_t>(plane, values, touch, rows, scale, CodeSample<std::uint32_t>{});
            break;
        case SampleType::Half:
            put_back_halves(plane, values, touch, rows);
            break;
        case SampleType::F32:
            put_back<float>(plane, values, touch, rows, scale, FloatSample{});
            break;
    }
}

// Where a pass gave a grey picture colours: the luminance of BT.709 primaries, which reads back grey values
// exactly.
std::vector<float> luminance_of(const FloatImage& rgb, const std::vector<char>& rows) {
    std::vector<float> luminance(rgb.window.area());
    const auto width = static_cast<std::size_t>(rgb.window.width());
    const float* r = rgb.channel(0);
    const float* g = rgb.channel(1);
    const float* b = rgb.channel(2);
    for (std::size_t y = 0; y < rows.size(); ++y) {
        if (rows[y] == 0) continue;
        for (std::size_t i = y * width; i < (y + 1) * width; ++i) {
            const bool grey = std::memcmp(&r[i], &g[i], sizeof(float)) == 0 &&
                              std::memcmp(&r[i], &b[i], sizeof(float)) == 0;
            luminance[i] = grey ? r[i] : 0.2126F * r[i] + 0.7152F * g[i] + 0.0722F * b[i];
        }
    }
    return luminance;
}

}  // namespace

const Plane* worked_plane(const HostFrame& frame, int c) {
    const int index = frame.worked.plane[c];
    if (index < 0) return nullptr;
    return &frame.worked_part().planes.at(static_cast<std::size_t>(index));
}

Plane* worked_plane(HostFrame& frame, int c) {
    const int index = frame.worked.plane[c];
    if (index < 0) return nullptr;
    return &frame.worked_part().planes.at(static_cast<std::size_t>(index));
}

int bits_of(const HostFrame& frame, const Plane& plane) {
    const int most = plane.type == SampleType::U8 ? 8 : 16;
    return frame.color.bits > 0 ? std::min(frame.color.bits, most) : most;
}

void check_plane(const Plane& plane, const Box& window) {
    const int x_step = std::max(plane.x_sampling, 1);
    const int y_step = std::max(plane.y_sampling, 1);
    const bool fits = plane.width == (window.width() + x_step - 1) / x_step &&
                      plane.height == (window.height() + y_step - 1) / y_step;
    if (!fits || !plane.data ||
        plane.data->size() < plane.row_bytes() * static_cast<std::size_t>(plane.height)) {
        internal("plane " + plane.name + " does not have the size of the worked picture's window");
    }
}

void halves_to_floats(const std::uint16_t* in, float* out, std::size_t count) {
    // Branchless, so that it becomes vector code; a table of all halves was no faster. Denormals go through
    // an integer conversion: a multiplication of a denormal float would depend on the thread's
    // denormals-are-zero mode.
    const std::uint16_t* __restrict from = in;
    std::uint32_t* __restrict to = reinterpret_cast<std::uint32_t*>(out);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t bits = from[i];
        const std::uint32_t sign = (bits & 0x8000U) << 16;
        const std::uint32_t magnitude = bits & 0x7fffU;
        const std::uint32_t normal = (magnitude << 13) + (112U << 23);
        const std::uint32_t special = (magnitude << 13) | 0x7f800000U;
        const float tiny = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24F;
        std::uint32_t tiny_bits = 0;
        std::memcpy(&tiny_bits, &tiny, sizeof tiny_bits);
        std::uint32_t chosen = magnitude >= 0x7c00U ? special : normal;
        chosen = magnitude < 0x0400U ? tiny_bits : chosen;
        to[i] = chosen | sign;
    }
}

void floats_to_halves(const float* in, std::uint16_t* out, std::size_t count) {
    // Branchless like halves_to_floats(), and the same bits as Imath's conversion for every value up to
    // 65504.
    const std::uint32_t* __restrict from = reinterpret_cast<const std::uint32_t*>(in);
    std::uint16_t* __restrict to = out;
    constexpr std::uint32_t infinity = 0x7f800000U;
    constexpr std::uint32_t largest_half = 0x477fe000U;     // 65504
    constexpr std::uint32_t smallest_normal = 0x38800000U;  // 2^-14
    constexpr std::uint32_t one_half = 0x3f000000U;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t bits = from[i];
        const std::uint32_t magnitude = bits & 0x7fffffffU;
        const std::uint32_t finite = magnitude > largest_half ? largest_half : magnitude;
        const std::uint32_t normal = (finite - (112U << 23) + 0xfffU + (finite >> 13 & 1U)) >> 13;
        // The last place of 0.5 is the last place of a denormal half: the addition rounds to nearest even.
        float sum = 0;
        const std::uint32_t small = finite < smallest_normal ? finite : 0U;
        std::memcpy(&sum, &small, sizeof sum);
        sum += 0.5F;
        std::uint32_t denormal = 0;
        std::memcpy(&denormal, &sum, sizeof denormal);
        denormal -= one_half;
        const std::uint32_t payload = magnitude >> 13 & 0x3ffU;
        const std::uint32_t nan = 0x7c00U | payload | (payload == 0 ? 1U : 0U);
        std::uint32_t chosen = finite < smallest_normal ? denormal : normal;
        chosen = magnitude == infinity ? 0x7c00U : chosen;
        chosen = magnitude > infinity ? nan : chosen;
        to[i] = static_cast<std::uint16_t>(chosen | (bits >> 16 & 0x8000U));
    }
}

void samples_to_floats(const Plane& plane, double scale, float* out) {
    const std::size_t count = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
    const auto divide = [&](const auto* in) {
        const auto divisor = static_cast<float>(scale);
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) / divisor;
    };
    switch (plane.type) {
        case SampleType::U8:
            divide(plane.samples<std::uint8_t>());
            break;
        case SampleType::U16:
            divide(plane.samples<std::uint16_t>());
            break;
        case SampleType::U32:
            divide(plane.samples<std::uint32_t>());
            break;
        case SampleType::Half:
            halves_to_floats(plane.samples<std::uint16_t>(), out, count);
            break;
        case SampleType::F32:
            std::memcpy(out, plane.samples<float>(), count * sizeof(float));
            break;
    }
}

std::vector<char> touched_rows(const std::vector<float>& touch, const Box& window) {
    std::vector<char> rows(static_cast<std::size_t>(window.height()), 0);
    const auto width = static_cast<std::size_t>(window.width());
    for (std::size_t y = 0; y < rows.size(); ++y) {
        const float* row = touch.data() + y * width;
        int any = 0;  // no early exit: a row without touch is the common case, and this is vector code
        for (std::size_t x = 0; x < width; ++x) any |= row[x] > 0 ? 1 : 0;
        rows[y] = static_cast<char>(any);
    }
    return rows;
}

FloatImage read_worked(const HostFrame& frame) {
    switch (frame.worked.model) {
        case PixelModel::None:
            throw Error(ErrorKind::Input,
                        "the frame holds no picture that a pass can work on (no R, G, B, Y planes)",
                        {.file = {}, .shot = {}, .frame = frame.number});
        case PixelModel::LumaChroma:
            return rgb_from_luma_chroma(frame);
        case PixelModel::YCbCr:
            return read_video(frame);
        case PixelModel::Rgb:
        case PixelModel::Luminance:
            break;
    }
    FloatImage image = make_float_image(frame.window());
    const std::size_t area = image.window.area();
    for (int c = 0; c < 3; ++c) {
        if (c > 0 && frame.worked.model == PixelModel::Luminance) {
            std::copy_n(image.channel(0), area, image.channel(c));
            continue;
        }
        const Plane* plane = worked_plane(frame, c);
        if (plane == nullptr) {
            std::fill_n(image.channel(c), area, 0.0F);
            continue;
        }
        if (plane->x_sampling != 1 || plane->y_sampling != 1) {
            throw Error(ErrorKind::Input,
                        "channel " + plane->name + " is subsampled; only Y, RY, BY pictures may be",
                        {.file = {}, .shot = {}, .frame = frame.number});
        }
        check_plane(*plane, image.window);
        samples_to_floats(*plane, scale_of(frame, *plane), image.channel(c));
    }
    return image;
}

void write_worked(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch) {
    const Box window = frame.window();
    if (!(rgb.window == window) || touch.size() != window.area()) {
        internal("the picture to put back does not have the frame's window");
    }
    const std::vector<char> rows = touched_rows(touch, window);
    if (std::none_of(rows.begin(), rows.end(), [](char row) { return row != 0; })) return;
    switch (frame.worked.model) {
        case PixelModel::None:
            internal("a frame without a picture was touched");
        case PixelModel::LumaChroma:
            luma_chroma_from_rgb(frame, rgb, touch);
            return;
        case PixelModel::YCbCr:
            write_video(frame, rgb, touch, rows);
            return;
        case PixelModel::Luminance: {
            Plane* plane = worked_plane(frame, 0);
            if (plane == nullptr) internal("a luminance picture has no plane");
            check_plane(*plane, window);
            write_plane(frame, *plane, luminance_of(rgb, rows).data(), touch, rows);
            return;
        }
        case PixelModel::Rgb:
            break;
    }
    for (int c = 0; c < 3; ++c) {
        Plane* plane = worked_plane(frame, c);
        if (plane == nullptr) continue;
        check_plane(*plane, window);
        write_plane(frame, *plane, rgb.channel(c), touch, rows);
    }
}

std::optional<std::vector<float>> read_alpha(const HostFrame& frame) {
    if (frame.parts.empty()) return std::nullopt;
    const ImagePart& part = frame.worked_part();
    // "left.R" goes with "left.A".
    std::string wanted = "A";
    if (const Plane* first = worked_plane(frame, 0)) {
        if (const auto dot = first->name.rfind('.'); dot != std::string::npos)
            wanted = first->name.substr(0, dot + 1) + "A";
    }
    for (const Plane& plane : part.planes) {
        if (plane.name != wanted || plane.x_sampling != 1 || plane.y_sampling != 1) continue;
        check_plane(plane, part.window);
        std::vector<float> alpha(part.window.area());
        samples_to_floats(plane, scale_of(frame, plane), alpha.data());
        return alpha;
    }
    return std::nullopt;
}

FloatImage read_matte(const HostFrame& frame, const std::optional<std::string>& channel) {
    HostFrame single = frame;  // the matte as a picture of its own
    for (std::size_t p = 0; p < frame.parts.size(); ++p) {
        const std::vector<Plane>& planes = frame.parts[p].planes;
        std::vector<std::string> names = {"A", "Y", "R"};
        if (channel) names = {*channel};
        for (const std::string& name : names) {
            const auto plane = std::find_if(planes.begin(), planes.end(),
                                            [&](const Plane& each) { return each.name == name; });
            if (plane == planes.end()) continue;
            if (plane->x_sampling != 1 || plane->y_sampling != 1) break;
            single.worked = {PixelModel::Luminance,
                             static_cast<int>(p),
                             {static_cast<int>(plane - planes.begin()), -1, -1}};
            return read_worked(single);
        }
    }
    throw Error(ErrorKind::Input, channel ? "has no channel '" + *channel + "' to use as a matte"
                                          : "has no channel A, Y or R to use as a matte");
}

}  // namespace wetgate::media
