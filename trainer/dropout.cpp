#include "trainer/dropout.h"

#include <ATen/ops/empty.h>

#include "trainer/philox.h"

namespace mtlgrid {
namespace {

void fill(const RandomStream& stream, double p, const at::Tensor& row) {
  const auto n = static_cast<std::size_t>(row.numel());
  if (row.scalar_type() == at::kDouble) {
    fill_dropout(stream, p, std::span(row.data_ptr<double>(), n));
  } else {
    fill_dropout(stream, p, std::span(row.data_ptr<float>(), n));
  }
}

}  // namespace

at::Tensor DropoutMasks::encoder(int layer, DropoutKind kind, at::IntArrayRef shape) const {
  if (p_ == 0) return {};
  at::Tensor mask = at::empty(shape, like_.options().device(at::kCPU));
  fill(stream_.child(static_cast<std::uint64_t>(16 * layer + static_cast<int>(kind))), p_, mask);
  return mask.to(like_.device());
}

at::Tensor DropoutMasks::decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const {
  if (p_ == 0) return {};
  at::Tensor mask = at::empty({tokens, size}, like_.options().device(at::kCPU));
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t place = 4096 + 32 * layer + 2 * static_cast<int>(kind) + t;
    fill(stream_.child(static_cast<std::uint64_t>(place)), p_, mask.select(0, t));
  }
  return mask.to(like_.device());
}

at::Tensor DropoutMasks::encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const {
  return encoder(layer, DropoutKind::weights, {heads, tiles, tiles});
}

at::Tensor DropoutMasks::encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const {
  return encoder(layer, kind, {tiles, d});
}

at::Tensor DropoutMasks::decoder_weights(int layer, std::int64_t heads, std::int64_t tokens) const {
  const at::Tensor mask = decoder(layer, DropoutKind::weights, tokens, heads * kMaximumTokens);
  if (!mask.defined()) return {};
  return mask.view({tokens, heads, kMaximumTokens}).narrow(2, 0, tokens).transpose(0, 1);
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
