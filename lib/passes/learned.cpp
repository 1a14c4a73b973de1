#include "passes/learned.h"

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

}  // namespace wetgate::passes
