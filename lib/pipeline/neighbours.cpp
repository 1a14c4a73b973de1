#include "pipeline/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "compute/transfer.h"

namespace wetgate::pipeline {

passes::PassReach Neighbours::reach_of(const std::vector<ShotMove>& moves) {
    passes::PassReach widest;
    for (const ShotMove& move : moves) {
        const passes::PassReach reach = move.pass->reach();
        widest = {std::max(widest.before, reach.before), std::max(widest.after, reach.after)};
    }
    return widest;
}

std::vector<std::shared_ptr<const NeighbourFrame>> Neighbours::of(int frame) {
    std::set<int> frames;
    for (const ShotMove& move : moves_) {
        const auto wanted = move.pass->fill_from(frame);
        if (!wanted) continue;
        for (const passes::MoveNeighbour& neighbour : *wanted) frames.insert(neighbour.frame);
    }
    std::vector<std::shared_ptr<const NeighbourFrame>> all;
    for (const int number : frames)
        if (feed_.get(number)->is_real()) all.push_back(made(number));
    return all;
}

std::shared_ptr<const NeighbourFrame> Neighbours::made(int frame) {
    auto& kept = kept_[frame];
    if (kept) return kept;
    const ChainResult result = chain_.make(frame);
    const bool is_as_it_came = shot_.scale() == 1 && !result.frame.touch.any().item<bool>();
    kept = std::make_shared<const NeighbourFrame>(NeighbourFrame{
        frame, result.source, is_as_it_came ? result.source->working : compute::download(result.frame)});
    return kept;
}

}  // namespace wetgate::pipeline
