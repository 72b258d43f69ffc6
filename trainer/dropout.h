// Dropout masks of one pass over a bag: every element a pure function of (stream, place in the network, position).
//
// Nothing depends on the number of members or query tokens, so `baseline` sees for its class token the very masks of
// the joint methods, and a member of a pack those of the cell alone. Each place has its own child stream:
//   encoder layer l, kind k                  child(16 l + k)
//   decoder layer l, kind k, query token t   child(4096 + 32 l + 2 k + t)
// Masks are made on the CPU and copied where the network lives (only the CPU has been seen running).
#pragma once

#include <ATen/core/Tensor.h>

#include "datasets/random.h"

namespace mtlgrid {

// Where in a layer a mask acts. `weights`: attention weights; `cross_*`: the decoder's attention to the tiles.
enum class DropoutKind { weights = 0, attention = 1, inner = 2, outer = 3, cross_weights = 4, cross_attention = 5 };

inline constexpr int kMaximumTokens = 2;  // class and regression

class DropoutMasks {
 public:
  // Masks hold 0 or 1 / (1 - p), of type `like`'s dtype, on its device. p = 0 gives no masks (undefined tensors).
  DropoutMasks(const RandomStream& stream, double p, const at::Tensor& like) : stream_(stream), p_(p), like_(like) {}

  double p() const { return p_; }
  at::Tensor encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const;                     // [H, N, N]
  at::Tensor encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const;          // [N, d]
  at::Tensor decoder_weights(int layer, std::int64_t heads, std::int64_t tokens) const;                    // [H, T, T]
  at::Tensor cross_weights(int layer, std::int64_t heads, std::int64_t tokens, std::int64_t tiles) const;  // [H, T, N]
  at::Tensor decoder_rows(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t d) const;         // [T, d]

 private:
  at::Tensor encoder(int layer, DropoutKind kind, at::IntArrayRef shape) const;
  at::Tensor decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const;  // [T, size]

  RandomStream stream_;
  double p_;
  at::Tensor like_;
};

}  // namespace mtlgrid
