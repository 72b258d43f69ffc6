// CTransPath's weights as the network on the CPU takes them (swin_network.h): float32, transposed and in panels, with
// everything folded into the products that is linear before or after them. No torch in this header.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "trainer/formats/ctranspath_weights.h"

namespace mtlgrid::swin {

// A right factor [k, n] in panels of kPanel columns, each [k, kPanel] row-major, so that a product reads it once and in
// order. n is a multiple of kPanel.
struct Panels {
  std::int64_t k = 0, n = 0;
  std::vector<float> values;
};
inline constexpr std::int64_t kPanel = 32;  // columns; measured: 16 to 96 are alike within 3 %, more is slower

// y = x W^T + bias. The weight and bias of a LayerNorm before it are folded in.
struct Folded {
  Panels product;
  std::vector<float> bias;  // [n]
};

struct Block {
  // Queries are scaled by 1 / sqrt(32). Of qkv's bias, [C] is the queries': the keys' changes no softmax, and the
  // values' is part of proj's, since the rows of a softmax sum to 1.
  Folded qkv, proj, fc1, fc2;
  std::vector<float> position;  // [heads, 49, kScoreStride]: relative position biases, very low in the padding
};

struct StageWeights {
  std::vector<Block> blocks;
  Folded merge;  // empty in the last stage
  // [4, 49, kScoreStride] of windows inside, at the right edge, at the bottom and in the corner of the shifted map.
  std::vector<float> masks;  // empty in the last stage
};

struct NetworkWeights {
  Folded stem[3];  // convolutions with their batch norms: [27, 32], [144, 32], [24, 96]; columns beyond 12, 24 are 0
  std::vector<float> stem_weight, stem_bias;  // LayerNorm after the stem
  std::array<StageWeights, 4> stages;
  std::vector<float> final_weight, final_bias;  // LayerNorm at the end
  std::array<std::array<float, 256>, 3> pixel;  // the normalised value of a channel's byte
};

// Folds in float64 and rounds once.
NetworkWeights pack(const ctranspath::Weights& weights);

}  // namespace mtlgrid::swin
