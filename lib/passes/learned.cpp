#include "passes/learned.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace wetgate::passes {

bool uses_net(const PassContext& context) {
    return context.params.text("engine") == "net";
}

nets::ModelUse chosen_model(const PassContext& context, const char* own, const char* task) {
    return {context.model.empty() ? own : context.model, task};
}

std::optional<nets::ModelUse> model_of_engine(const PassContext& context, const char* own, const char* task) {
    if (!uses_net(context)) return std::nullopt;
    return chosen_model(context, own, task);
}

std::shared_ptr<const nets::LoadedModel> load_model(const PassContext& context, const nets::ModelUse& use) {
    if (context.models == nullptr) throw Error(ErrorKind::Internal, "the job's models are missing");
    return context.models->load(use);
}

Made made_of(const at::Tensor& answer, const at::Tensor& seen) {
    constexpr double least_change = 1.0 / 4096;  // says nothing new
    constexpr double never = 0.25, surely = 0.75;
    const at::Tensor change = answer.narrow(0, 0, 3) - seen;
    at::Tensor where = (change.abs() > least_change).any(0, /*keepdim=*/true).to(at::kFloat);
    if (answer.size(0) == 4)
        where *= ((answer.narrow(0, 3, 1).sigmoid() - never) / (surely - never)).clamp(0, 1);
    return {change, where};
}

}  // namespace wetgate::passes
