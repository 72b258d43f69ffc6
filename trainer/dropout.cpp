#include "trainer/dropout.h"

#include <ATen/ops/empty.h>

#include "trainer/philox.h"

namespace mtlgrid {
namespace {

void fill(const DropoutFill& source, std::uint64_t first, const at::Tensor& row) {
  const auto n = static_cast<std::size_t>(row.numel());
  if (row.scalar_type() == at::kDouble) {
    source.fill(first, std::span(row.data_ptr<double>(), n));
  } else {
    source.fill(first, std::span(row.data_ptr<float>(), n));
  }
}

}  // namespace

at::Tensor AttentionMask::rows(std::int64_t begin, std::int64_t count) const {
  if (whole_.defined()) return whole_.narrow(1, begin, count);
  if (!fill_) return {};
  const at::Tensor block = at::empty({heads_, count, n_}, like_.options().device(at::kCPU));
  for (std::int64_t h = 0; h < heads_; ++h) {
    fill(*fill_, static_cast<std::uint64_t>((h * n_ + begin) * n_), block.select(0, h));
  }
  return block.to(like_.device());
}

DropoutFill DropoutMasks::encoder(int layer, DropoutKind kind) const {
  return {stream_.child(static_cast<std::uint64_t>(16 * layer + static_cast<int>(kind))), p_};
}

at::Tensor DropoutMasks::decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const {
  if (p_ == 0) return {};
  at::Tensor mask = at::empty({tokens, size}, like_.options().device(at::kCPU));
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t place = 4096 + 32 * layer + 2 * static_cast<int>(kind) + t;
    fill({stream_.child(static_cast<std::uint64_t>(place)), p_}, 0, mask.select(0, t));
  }
  return mask.to(like_.device());
}

AttentionMask DropoutMasks::encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const {
  if (p_ == 0) return {};
  return {encoder(layer, DropoutKind::weights), heads, tiles, like_};
}

at::Tensor DropoutMasks::encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const {
  if (p_ == 0) return {};
  const at::Tensor mask = at::empty({tiles, d}, like_.options().device(at::kCPU));
  fill(encoder(layer, kind), 0, mask);
  return mask.to(like_.device());
}

AttentionMask DropoutMasks::decoder_weights(int layer, std::int64_t heads, std::int64_t tokens) const {
  const at::Tensor mask = decoder(layer, DropoutKind::weights, tokens, heads * kMaximumTokens);
  if (!mask.defined()) return {};
  return AttentionMask(mask.view({tokens, heads, kMaximumTokens}).narrow(2, 0, tokens).transpose(0, 1));
}

at::Tensor DropoutMasks::cross_weights(int layer, std::int64_t heads, std::int64_t tokens, std::int64_t tiles) const {
  const at::Tensor mask = decoder(layer, DropoutKind::cross_weights, tokens, heads * tiles);
  if (!mask.defined()) return {};
  return mask.view({tokens, heads, tiles}).transpose(0, 1);
}

at::Tensor DropoutMasks::decoder_rows(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t d) const {
  return decoder(layer, kind, tokens, d);
}

}  // namespace mtlgrid
