#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "compute/transfer.h"
#include "core/error.h"
#include "passes/cdl.h"
#include "passes/pass.h"

// A known grade: an ASC CDL by torch operations on the device; what needs OpenColorIO goes through the host.

namespace wetgate::passes {
namespace {

using nlohmann::json;

bool is_neutral(const color::Cdl& cdl) {
    const color::Cdl neutral;
    return cdl.slope == neutral.slope && cdl.offset == neutral.offset && cdl.power == neutral.power &&
           cdl.saturation == neutral.saturation;
}

/// [1,H,W] bool: a pixel any channel of which differs. A NaN that stays a NaN is no difference.
at::Tensor differs(const at::Tensor& a, const at::Tensor& b) {
    return a.ne(b).logical_and(a.isnan().logical_and(b.isnan()).logical_not()).any(0, /*keepdim=*/true);
}

at::Tensor view_of(FloatImage& image) {  // [3,H,W] float32 over the image's own memory
    return at::from_blob(image.channel(0), {3, image.window.height(), image.window.width()}, at::kFloat);
}

class Grade final : public FramePass {
public:
    explicit Grade(const PassContext& context) {
        const spec::Params& params = context.params;
        clamps_ = params.text("clamp") == "asc";
        cdl_ = cdl_of(params);
        const std::string space = params.has("space") ? params.text("space") : context.working_space;
        if (context.color == nullptr)
            throw Error(ErrorKind::Internal, "grade: the job's colour config is missing");
        to_space_ = context.color->transform(context.working_space, space);
        from_space_ = context.color->transform(space, context.working_space);
        if (params.has("lut") && params.has("transform")) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: a grade has a \"lut\" or a \"transform\", not both: use two passes",
                                    params.pointer()));
        }
        if (params.has("lut")) look_ = context.color->file_transform(params.text("lut"));
        if (params.has("transform")) {
            const json& both = params.values().at("transform");
            look_ = context.color->transform(both.at("from").get<std::string>(),
                                             both.at("to").get<std::string>());
        }
        has_look_ = look_ != nullptr && !look_->is_identity();
        has_cdl_ = clamps_ || !is_neutral(cdl_);  // the clamp alone changes a picture too
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        if ((!has_cdl_ && !has_look_) || frame.pixels.numel() == 0) return untouched(frame.pixels);
        if (!has_look_ && to_space_->is_identity()) {
            const at::Tensor graded = with_cdl(frame.pixels, cdl_, clamps_);
            return made(frame.pixels, graded, differs(frame.pixels, graded));
        }
        FloatImage image = compute::download(frame);
        const at::Tensor pixels = view_of(image);
        to_space_->apply(image);
        const at::Tensor before = pixels.clone();
        if (has_cdl_) pixels.copy_(with_cdl(before, cdl_, clamps_));
        if (has_look_) look_->apply(image);
        // Compared inside the space: what the way there and back rounds off is no grade.
        const at::Tensor changed = differs(before, pixels);
        from_space_->apply(image);
        return made(frame.pixels, pixels.to(frame.pixels.device()), changed.to(frame.pixels.device()));
    }

private:
    static color::Cdl inline_cdl(const spec::Params& params) {
        color::Cdl cdl;
        const auto three = [&](const char* key, std::array<double, 3>& out) {
            const std::vector<double> values = params.numbers(key);
            if (values.size() != 3) {
                throw Error(ErrorKind::Usage,
                            fmt::format("{}/{}: must be three numbers, R, G and B", params.pointer(), key));
            }
            std::copy(values.begin(), values.end(), out.begin());
        };
        three("slope", cdl.slope);
        three("offset", cdl.offset);
        three("power", cdl.power);
        cdl.saturation = params.number("saturation");
        return cdl;
    }

    static color::Cdl cdl_of(const spec::Params& params) {
        const color::Cdl values = inline_cdl(params);
        if (!params.has("cdl")) return values;
        if (!is_neutral(values)) {
            throw Error(
                ErrorKind::Usage,
                fmt::format("{}: a grade has a \"cdl\" file or slope, offset, power and saturation, not both",
                            params.pointer()));
        }
        return color::read_cdl(params.text("cdl"));
    }

    static PassResult untouched(const at::Tensor& pixels) {
        return {pixels, at::zeros({1, pixels.size(1), pixels.size(2)}, pixels.options()), json::object()};
    }

    static PassResult made(const at::Tensor& original, const at::Tensor& graded, const at::Tensor& changed) {
        return {at::where(changed, graded, original), changed.to(at::kFloat), json::object()};
    }

    color::Cdl cdl_;
    bool clamps_ = false;
    bool has_cdl_ = false;
    bool has_look_ = false;
    std::unique_ptr<color::Transform> to_space_;
    std::unique_ptr<color::Transform> from_space_;
    std::unique_ptr<color::Transform> look_;
};

}  // namespace

PassEntry grade_entry() {
    return {"grade", [](const PassContext& context) { return std::make_unique<Grade>(context); }, nullptr};
}

}  // namespace wetgate::passes
