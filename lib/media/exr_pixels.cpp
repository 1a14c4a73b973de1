#include "media/exr_pixels.h"

namespace wetgate::media::exr {

Imf::FrameBuffer frame_buffer_over(const ImagePart& part) {
    Imf::FrameBuffer buffer;
    for (const Plane& plane : part.planes) {
        const Imf::PixelType type = plane.type == SampleType::U32
                                        ? Imf::UINT
                                        : (plane.type == SampleType::Half ? Imf::HALF : Imf::FLOAT);
        const auto x_stride = static_cast<std::int64_t>(size_of(plane.type));
        const auto y_stride = static_cast<std::int64_t>(plane.row_bytes());
        // OpenEXR addresses samples from pixel (0, 0), which may lie far outside the plane: no pointer until
        // then.
        const std::int64_t origin =
            part.window.x0 / plane.x_sampling * x_stride + part.window.y0 / plane.y_sampling * y_stride;
        const auto base =
            reinterpret_cast<std::uintptr_t>(plane.data->data()) - static_cast<std::uintptr_t>(origin);
        buffer.insert(plane.name,
                      Imf::Slice(type, reinterpret_cast<char*>(base), static_cast<std::size_t>(x_stride),
                                 static_cast<std::size_t>(y_stride), plane.x_sampling, plane.y_sampling));
    }
    return buffer;
}

}  // namespace wetgate::media::exr
