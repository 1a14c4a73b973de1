#include "train/footage.h"

#include <ATen/ATen.h>

#include "compute/transfer.h"
#include "media/worked.h"

namespace wetgate::train {

Footage::Footage(const FootageSpec& spec, const color::Config& colors, const Log& log)
    : to_working_(colors.transform(colors.resolve(spec.colorspace), working_space)) {
    media::SourceRequest request;
    request.display_name = spec.path.text();
    request.path_of = [path = spec.path](int frame) { return path.path(frame); };
    request.is_sequence = spec.path.is_sequence();
    request.range = spec.range;
    request.first_frame = spec.first_frame;
    source_ = media::open_source(request, log);
}

at::Tensor Footage::linear(int frame) {
    FloatImage image = media::read_worked(source_->read(frame));
    to_working_->apply(image);
    return compute::upload(image, frame, c10::Device(c10::kCPU)).pixels.clone();
}

}  // namespace wetgate::train
