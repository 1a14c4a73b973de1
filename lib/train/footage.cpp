#include "train/footage.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <system_error>

#include "compute/transfer.h"
#include "core/error.h"
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

passes::Coding display_coding(const color::Config& colors) {
    passes::PassContext context;
    context.color = &colors;
    context.working_space = working_space;
    context.source_space = "sRGB";
    return {passes::Coding::Kind::Plate, 0, context};
}

std::vector<FootageSpec> all_footage(const TrainSpec& spec) {
    std::vector<FootageSpec> all = spec.pictures;
    for (const std::filesystem::path& file : pictures_in(spec.stills)) {
        FootageSpec& footage = all.emplace_back();
        footage.path = spec::PathPattern::parse(file.filename().string()).resolved(file.parent_path());
        footage.colorspace = "sRGB";
    }
    return all;
}

std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    if (folder.empty()) return files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        const std::string type = entry.path().extension().string();
        if (type == ".jpg" || type == ".jpeg" || type == ".png") files.push_back(entry.path());
    }
    if (files.empty()) {
        throw Error(ErrorKind::Input, "holds no JPEG or PNG pictures",
                    {.file = folder.string(), .shot = {}, .frame = {}});
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace wetgate::train
