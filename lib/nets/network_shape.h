#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace wetgate::nets {

/// What a network is built from. See Note [The networks].
struct NetworkShape {
    enum class Kind {
        ResUnet,  ///< residual U-Net: picture in, picture of the same size out
        SrNet,    ///< super-resolution: picture in, picture twice as wide and high out
        Script    ///< a user's TorchScript, of which only what its card declares is known
    };
    Kind kind = Kind::ResUnet;
    int channels_in = 3;
    std::vector<int> widths;     ///< channels of each level, the finest first; SrNet: of its one level
    int blocks = 2;              ///< residual blocks a level, down and up each; SrNet: in all
    std::vector<int> dilations;  ///< ResUnet: of each block of the coarsest level
    int residual = 0;            ///< ResUnet: first of the three input channels that its output is added to
    bool where = false;          ///< ResUnet: a fourth channel out says where the picture is to change
    double slope = 0;            ///< of the leaky activation below 0; 0 is ReLU
    /// Channels between the two convolutions of each block, in the order of work (down, middle, up); empty:
    /// as many as the block has outside.
    std::vector<int> hidden;
    int halo = 0;  ///< Script: its radius_px()
    int step = 1;  ///< Script: its multiple()

    int channels_out() const { return where ? 4 : 3; }
    int scale() const { return kind == Kind::SrNet ? 2 : 1; }  ///< output pixels an input pixel
    int multiple() const;                                      ///< what height and width must be multiples of
    std::size_t block_count() const;                           ///< residual blocks in all
    /// How far an output pixel looks, in input pixels, at most: the least halo with which tiles agree with
    /// the whole picture.
    int radius_px() const;
};

/// `architecture`: "resunet", "srnet" or "torchscript"; `hyper_parameters`: of a model card. Sizes are
/// bounded. Error{Model} for what cannot be built; `name` is the model in the message.
NetworkShape network_shape(const std::string& architecture, const nlohmann::json& hyper_parameters,
                           const std::string& name);

}  // namespace wetgate::nets
