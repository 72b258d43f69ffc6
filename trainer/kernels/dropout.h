// Dropout masks of one pass over a bag: every element a pure function of (stream, place in the network, position).
//
// Masks do not depend on the number of members or query tokens: the class token of `baseline` gets the same masks as in
// the joint methods, and a member of a pack the same as the cell alone. Each place has its own child stream:
//   encoder layer l, kind k                  child(16 l + k)
//   decoder layer l, kind k, query token t   child(4096 + 32 l + 2 k + t)
// Masks are computed on the network's device, with the same values on every device.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "base/philox.h"
#include "base/random.h"

namespace mtlgrid {

// Where in a layer a mask acts. `weights`: attention weights; `cross_*`: the decoder's attention to the tiles.
enum class DropoutKind { weights = 0, attention = 1, inner = 2, outer = 3, cross_weights = 4, cross_attention = 5 };

inline constexpr int kMaximumTokens = 2;  // class and regression

// The mask of a self-attention's weights, [H, n, n]. An encoder's mask is never complete in memory: parts of it are
// computed where they are used, in the forward pass and again in the backward pass.
class AttentionMask {
 public:
  AttentionMask() = default;  // no dropout
  explicit AttentionMask(at::Tensor whole) : whole_(std::move(whole)) {}
  AttentionMask(const DropoutFill& fill, std::int64_t heads, std::int64_t n, const at::Tensor& like)
      : fill_(fill), like_(like), heads_(heads), n_(n) {}

  bool defined() const { return whole_.defined() || fill_.has_value(); }
  // Rows [begin, begin + count) of every head, [H, count, n], on the network's device; undefined without dropout.
  at::Tensor rows(std::int64_t begin, std::int64_t count) const;
  // For a mask that is not complete in memory: its source, and part of one row. Element (head, row, column) is number
  // (head n + row) n + column of the source.
  bool in_parts() const { return fill_.has_value(); }
  const DropoutFill& source() const { return *fill_; }
  void part(std::int64_t head, std::int64_t row, std::int64_t column, std::span<float> out) const {
    fill_->fill(static_cast<std::uint64_t>((head * n_ + row) * n_ + column), out);
  }

 private:
  at::Tensor whole_;
  std::optional<DropoutFill> fill_;
  at::Tensor like_;
  std::int64_t heads_ = 0, n_ = 0;
};

class DropoutMasks {
 public:
  // Masks hold 0 or 1 / (1 - p), of type `like`'s dtype, on its device. p = 0 gives no masks (undefined tensors).
  DropoutMasks(const RandomStream& stream, double p, const at::Tensor& like) : stream_(stream), p_(p), like_(like) {}
  // For recorded passes on a GPU: the masks of the keys() that `keys` [n] int64, on that GPU, holds when the recording
  // is played. For a network of `encoder_layers`.
  DropoutMasks(const at::Tensor& keys, int encoder_layers, double p, const at::Tensor& like)
      : stream_(0, ""), keys_(keys), encoder_layers_(encoder_layers), p_(p), like_(like) {}
  // The keys of all places of a network's masks.
  std::vector<std::int64_t> keys(int encoder_layers, int decoder_layers) const;

  double p() const { return p_; }
  AttentionMask encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const;                  // [H, N, N]
  at::Tensor encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const;          // [N, d]
  AttentionMask decoder_weights(int layer, std::int64_t heads, std::int64_t tokens) const;                 // [H, T, T]
  at::Tensor cross_weights(int layer, std::int64_t heads, std::int64_t tokens, std::int64_t tiles) const;  // [H, T, N]
  at::Tensor decoder_rows(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t d) const;         // [T, d]

 private:
  DropoutFill fill_of(int place) const;
  at::Tensor decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const;  // [T, size]

  RandomStream stream_;
  at::Tensor keys_;  // undefined: the keys of the stream
  int encoder_layers_ = 0;
  double p_;
  at::Tensor like_;
};

}  // namespace mtlgrid
