#include <torch/script.h>

#include <mutex>
#include <sstream>

#include "core/error.h"
#include "nets/network_body.h"

namespace wetgate::nets {
namespace {

struct ScriptBody final : NetworkBody {
    explicit ScriptBody(torch::jit::Module module) : module_(std::move(module)) {}

    at::Tensor forward(const at::Tensor& x, const BlockWatch&) override {
        const std::lock_guard lock(mutex_);  // a user's code may keep state of its own
        return module_.forward({x.to(type_)}).toTensor().to(at::kFloat);
    }
    std::vector<std::pair<std::string, at::Tensor>> parameters() override { return {}; }
    void place(c10::Device device, at::ScalarType type) override {
        module_.to(device, type);
        type_ = type;
    }

private:
    std::mutex mutex_;
    torch::jit::Module module_;
    at::ScalarType type_ = at::kFloat;
};

}  // namespace

std::shared_ptr<NetworkBody> script_body(const std::string& archive, const std::string& name) {
    try {
        std::istringstream stream(archive);
        torch::jit::Module module = torch::jit::load(stream, c10::Device(c10::kCPU));
        module.eval();
        return std::make_shared<ScriptBody>(std::move(module));
    } catch (const std::exception& problem) {  // c10::Error, and what its unpickler throws
        const std::string text = problem.what();
        throw Error(ErrorKind::Model, "the model '" + name +
                                          "' is no TorchScript that this LibTorch loads (" +
                                          text.substr(0, text.find('\n')) + "); save it again");
    }
}

}  // namespace wetgate::nets
