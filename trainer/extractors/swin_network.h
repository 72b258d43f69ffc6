// CTransPath on the CPU in float32, as fast as its matrix products allow. No torch in this header.
//
// A tile's tokens pass a block in chunks of four windows: gather with LayerNorm, queries, keys and values in one
// product, attention, projection onto the residual, LayerNorm, feed-forward with GELU, and back to their places.
// Between gather and scatter all is in buffers of a chunk (1 MB), so that activations are read and written once a
// block. Products are oneDNN's (trainer/kernels/products.h).
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/extractors/swin_weights.h"

namespace mtlgrid::swin {

// Buffers of one thread, 11 MB.
struct Workspace {
  Workspace();
  std::vector<float> pixels, rows, stem, x[4];            // stem and activations of the four stages
  std::vector<float> residual, normal, qkv, out, hidden;  // of a chunk
  std::vector<float> keys, scores;                        // of a head
};

class Network {
 public:
  // Tiles that pass the last stage together: its map is one window.
  static constexpr int kGroup = 4;

  explicit Network(const ctranspath::Weights& weights);
  // Features out [kGroup, 768] of tiles [kGroup, 224, 224, 3]. A tile's bits depend on neither its place in the group
  // nor on the others. Threads may share the network, each with a workspace of its own.
  void run(const std::uint8_t* tiles, float* out, Workspace& workspace) const;

 private:
  NetworkWeights weights_;
  std::vector<int> order_[4][2];  // per stage, without and with shift: the token at each place of the windows, in order
};

}  // namespace mtlgrid::swin
