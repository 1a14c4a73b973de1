#pragma once
#include <map>
#include <memory>
#include <vector>

#include "pipeline/chain.h"
#include "pipeline/mover.h"
#include "pipeline/output_writer.h"

namespace wetgate::pipeline {

/// The frames around one that its moves fill uncovered places from, on the host, each made once and kept
/// until release_below(). For one thread.
class Neighbours {
public:
    /// `chain`, `feed`: of the passes before the moves, with the moves' reach around each frame.
    Neighbours(const ShotContext& shot, const std::vector<ShotMove>& moves, Chain& chain, FrameFeed& feed)
        : shot_(shot), moves_(moves), chain_(chain), feed_(feed) {}

    /// How far moves look around a frame.
    static passes::PassReach reach_of(const std::vector<ShotMove>& moves);

    /// Those of `frame` that could be read.
    std::vector<std::shared_ptr<const NeighbourFrame>> of(int frame);
    void release_below(int frame) { kept_.erase(kept_.begin(), kept_.lower_bound(frame)); }

private:
    std::shared_ptr<const NeighbourFrame> made(int frame);

    const ShotContext& shot_;
    const std::vector<ShotMove>& moves_;
    Chain& chain_;
    FrameFeed& feed_;
    std::map<int, std::shared_ptr<const NeighbourFrame>> kept_;
};

}  // namespace wetgate::pipeline
