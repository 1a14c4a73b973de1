#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compute/device_frame.h"
#include "media/source.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// The mattes of a shot, read frame by frame. A matte is 0 where nothing may change and 1 where everything
/// may; values are clamped to [0,1]; where its file has no data it is 0.
class MatteStore {
public:
    explicit MatteStore(const ShotContext& shot);
    ~MatteStore();

    /// [1,H,W] float32 over `window`, on the runtime's device. Error{Input} when the matte's frame cannot be
    /// read.
    at::Tensor matte(const std::string& name, int frame, const Box& window);
    /// The file that holds it, for keys.
    static std::filesystem::path file_of(const ShotContext& shot, const std::string& name, int frame);

private:
    struct Opened;
    const ShotContext& shot_;
    std::map<std::string, std::unique_ptr<Opened>> opened_;
};

}  // namespace wetgate::pipeline
