#pragma once
#include <ATen/core/Tensor.h>

#include <memory>

#include "passes/pass.h"

namespace wetgate::passes {

/// The job asks the pass for its network ("engine": "net").
bool uses_net(const PassContext& context);
/// The job's model for a pass, or the pass's `own`.
nets::ModelUse chosen_model(const PassContext& context, const char* own, const char* task);
/// chosen_model() of a pass that asks for its network; nullopt of one that does not.
std::optional<nets::ModelUse> model_of_engine(const PassContext& context, const char* own, const char* task);
/// Error{Model} when it is not there, altered, for another task or another show.
std::shared_ptr<const nets::LoadedModel> load_model(const PassContext& context, const nets::ModelUse& use);

/// What a network makes of a picture.
struct Made {
    at::Tensor change;  // [3,H,W] coded
    at::Tensor where;   // [1,H,W] in [0,1]: how far it is to be made; 0 leaves the plate its bits
};
/// `answer`: [3,H,W] coded, of a network that saw `seen` [3,H,W], or [4,H,W] of one that says where it means
/// it (NetworkShape::where).
Made made_of(const at::Tensor& answer, const at::Tensor& seen);

}  // namespace wetgate::passes
