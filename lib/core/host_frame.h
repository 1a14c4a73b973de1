#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "core/timecode.h"

namespace wetgate {

/// Sample formats as files have them. U16 also holds 9 to 16 bit code values, in the low bits.
enum class SampleType : std::uint8_t { U8, U16, U32, Half, F32 };

/// Bytes of one sample.
std::size_t size_of(SampleType type);

/// Memory that is not cleared when made: a frame's planes are always written whole.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t size)
        : data_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

    std::byte* data() { return data_.get(); }
    const std::byte* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    std::span<std::byte> span() { return {data_.get(), size_}; }
    std::span<const std::byte> span() const { return {data_.get(), size_}; }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
};

/// One channel of one part, rows tightly packed, top row first.
struct Plane {
    std::string name;  ///< as the file says: "R", "left.G", "Z"; video planes are "Y", "Cb", "Cr", "A"
    SampleType type = SampleType::Half;
    int x_sampling = 1;  ///< one sample every x_sampling pixels
    int y_sampling = 1;
    int width = 0;   ///< samples a row
    int height = 0;  ///< rows
    std::shared_ptr<Buffer>
        data;  ///< width * height * size_of(type) bytes; shared between copies of a frame until written

    std::size_t row_bytes() const { return static_cast<std::size_t>(width) * size_of(type); }
    template <class T>
    const T* samples() const {
        return reinterpret_cast<const T*>(data->data());
    }
    template <class T>
    T* samples() {
        return reinterpret_cast<T*>(data->data());
    }
    /// Gives this plane a buffer of its own (copying the samples) before it is written to.
    void make_unique();
};

/// A plane of the given geometry with fresh, unwritten samples.
Plane make_plane(std::string name, SampleType type, int width, int height, int x_sampling = 1,
                 int y_sampling = 1);

/// One resolution level of one part of a picture file. Most files have exactly one.
struct ImagePart {
    int part = 0;                  ///< index in the file
    int level_x = 0, level_y = 0;  ///< mip / rip level; 0 is full resolution
    Box window;                    ///< data window in picture coordinates
    std::vector<Plane> planes;
};

/// How the worked picture is coded in its planes.
enum class PixelModel : std::uint8_t {
    None,        ///< nothing that a pass can work on (a depth or mask file): carried, never changed
    Rgb,         ///< planes R, G, B; an absent one has index -1 and reads as 0
    Luminance,   ///< one plane, read as R = G = B
    LumaChroma,  ///< OpenEXR's Y, RY, BY
    YCbCr        ///< video code values: Y', Cb, Cr
};

/// Which planes of which part the passes see.
struct WorkedPlanes {
    PixelModel model = PixelModel::None;
    int part_index = 0;           ///< index into HostFrame::parts
    int plane[3] = {-1, -1, -1};  ///< R,G,B / Y / Y,RY,BY / Y',Cb,Cr
};

/// Rec. ITU-T H.273 code points (2 = unspecified) and what else a Y'CbCr decoder must know.
struct ColorInfo {
    int primaries = 2;
    int transfer = 2;
    int matrix = 2;
    bool full_range = false;
    int bits = 0;  ///< significant bits of integer code values; 0 for float pictures
    /// Position of a 4:2:x chroma sample inside its luma block, in luma pixels from the top left sample's
    /// centre: MPEG-2 "left" is (0, 0.5), JPEG "centre" (0.5, 0.5), DV/BT.2020 "topleft" (0, 0).
    float chroma_x = 0.0F, chroma_y = 0.5F;
    bool operator==(const ColorInfo&) const = default;
};

/// What only a format's own reader and writer understand (an EXR header, say); carried, not looked into.
struct FormatHeader {
    virtual ~FormatHeader() = default;
};

/// A decoded frame with everything its file said. Copies share planes until one is written to.
struct HostFrame {
    int number = 0;
    std::vector<ImagePart> parts;
    WorkedPlanes worked;
    ColorInfo color;
    Box display_window;
    float pixel_aspect = 1.0F;
    std::optional<Timecode> timecode;
    std::shared_ptr<const FormatHeader> header;

    const ImagePart& worked_part() const { return parts.at(static_cast<std::size_t>(worked.part_index)); }
    ImagePart& worked_part() { return parts.at(static_cast<std::size_t>(worked.part_index)); }
    /// Data window of the worked picture.
    Box window() const { return parts.empty() ? Box{} : worked_part().window; }
    /// Bytes held by all planes.
    std::size_t bytes() const;
};

/// A planar float picture on the host: [3,H,W], in whatever colour space its owner says.
struct FloatImage {
    Box window;
    std::shared_ptr<Buffer> data;  // 3 * H * W floats

    float* channel(int c) {
        return reinterpret_cast<float*>(data->data()) + static_cast<std::size_t>(c) * window.area();
    }
    const float* channel(int c) const {
        return reinterpret_cast<const float*>(data->data()) + static_cast<std::size_t>(c) * window.area();
    }
};

FloatImage make_float_image(const Box& window);

}  // namespace wetgate
