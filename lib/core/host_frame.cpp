#include "core/host_frame.h"

#include <cstring>

namespace wetgate {

std::size_t size_of(SampleType type) {
    switch (type) {
        case SampleType::U8:
            return 1;
        case SampleType::U16:
        case SampleType::Half:
            return 2;
        case SampleType::U32:
        case SampleType::F32:
            return 4;
    }
    return 0;
}

void Plane::make_unique() {
    if (!data || data.use_count() == 1) return;
    auto own = std::make_shared<Buffer>(data->size());
    std::memcpy(own->data(), data->data(), data->size());
    data = std::move(own);
}

Plane make_plane(std::string name, SampleType type, int width, int height, int x_sampling, int y_sampling) {
    Plane plane{std::move(name), type, x_sampling, y_sampling, width, height, nullptr};
    plane.data = std::make_shared<Buffer>(plane.row_bytes() * static_cast<std::size_t>(height));
    return plane;
}

std::size_t HostFrame::bytes() const {
    std::size_t total = 0;
    for (const ImagePart& part : parts) {
        for (const Plane& plane : part.planes) total += plane.data ? plane.data->size() : 0;
    }
    return total;
}

FloatImage make_float_image(const Box& window) {
    return {window, std::make_shared<Buffer>(3 * window.area() * sizeof(float))};
}

}  // namespace wetgate
