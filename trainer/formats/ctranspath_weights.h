// CTransPath's network in numbers, and its weights from a file. No torch.
//
// Wang et al., "Transformer-based unsupervised contrastive learning for histopathological image classification",
// Medical Image Analysis 81 (2022): Swin-T (Liu et al., ICCV 2021) behind a stem of three convolutions. CHIEF (Wang et
// al., Nature 634, 2024) publishes other weights of the same network.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "trainer/contract/parameters.h"

namespace mtlgrid::ctranspath {

struct Stage {
  int blocks, channels, heads;
  int side;  // tokens a side
};
inline constexpr std::array<Stage, 4> kStages = {{{2, 96, 3, 56}, {2, 192, 6, 28}, {6, 384, 12, 14}, {2, 768, 24, 7}}};
inline constexpr int kSide = 224, kWidth = 768;     // pixels a side of a tile; features
inline constexpr int kWindow = 7, kTokens = 49;     // of a window: tokens a side, tokens
inline constexpr int kShift = 3;                    // tokens, in every second block
inline constexpr int kHead = 32;                    // channels of a head
inline constexpr int kStemOne = 12, kStemTwo = 24;  // channels between the convolutions
inline constexpr int kOffsets = 169;                // relative positions in a window: 13 x 13
inline constexpr double kMasked = -100;             // added to scores between regions
// Of ImageNet's pixels, as torchvision has them: in float32.
inline constexpr std::array<float, 3> kMean = {0.485F, 0.456F, 0.406F}, kDeviation = {0.229F, 0.224F, 0.225F};

// Whether block `block` of a stage has shifted windows: odd ones, where there is more than one window.
bool shifted(const Stage& stage, int block);
// The row of the table of relative position biases for a query and a key, tokens of a window in row-major order.
int relative_position(int query, int key);
// The region, 0 to 8, of token (row, column) of the shifted map of `side` tokens: tokens of two regions of a window
// were not neighbours before the shift, and their score gets kMasked.
int region(int side, int row, int column);

struct Weights {
  ParameterLayout layout;      // name, shape and place of each parameter and running statistic
  std::vector<double> values;  // [layout.total]
  // Of one parameter, row-major. `name` must be one of the layout's.
  std::span<const double> at(const std::string& name) const;
};

// Names and shapes as in the published file, sorted by name.
ParameterLayout parameter_layout();
// Reads a file of torch.save: a dict with the state dict under "model", as published, or the state dict alone. The
// buffers relative_position_index, attn_mask and num_batches_tracked may be there; they follow from the network, and
// their values are not read. Anything else beside the parameters is refused, `head.weight` too, as STAMP does. Throws
// InputError with every problem, each with the file (trainer/formats/state_dict.h).
Weights read_weights(const std::filesystem::path& file);

}  // namespace mtlgrid::ctranspath
