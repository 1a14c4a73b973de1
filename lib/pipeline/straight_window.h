#pragma once
#include <map>
#include <vector>

#include "passes/move.h"
#include "passes/pass.h"
#include "pipeline/mover.h"

namespace wetgate::pipeline {

/// The frames of a window as moves that need no artefact (a lens) show them, for measurements of a pass
/// behind these: a picture that a lens bends does not move as one. Each frame is moved when it is first asked
/// for. Refers to `plates` and `moves`. For one thread.
class StraightWindow final : public passes::FrameWindow {
public:
    /// `plates`: what the moves start from; `moves`, in order, make pictures of the plate's own size over
    /// `display`.
    StraightWindow(const passes::FrameWindow& plates, const std::vector<const ShotMove*>& moves, Box display)
        : plates_(plates), moves_(moves), display_(display) {}

    const compute::DeviceFrame& operator[](int k) const override;
    bool is_real(int k) const override { return plates_.is_real(k); }
    /// Mattes are drawn for the plate: undefined.
    at::Tensor matte(int) const override { return {}; }
    at::Tensor matte_called(const std::string&) const override { return {}; }
    std::uint64_t seed() const override { return plates_.seed(); }

private:
    const passes::FrameWindow& plates_;
    const std::vector<const ShotMove*>& moves_;
    Box display_;
    mutable std::map<int, compute::DeviceFrame> moved_;  // by frame number
};

}  // namespace wetgate::pipeline
