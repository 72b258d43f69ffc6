#include "trainer/dropout.h"

#include <ATen/ops/empty.h>

#include <span>
#include <vector>

#include "trainer/gpu_kernels.h"
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

// [rows, n] of the type and on the device of `like`: a fill a row.
at::Tensor made(std::span<const DropoutFill> fills, std::int64_t rows, std::int64_t n, const at::Tensor& like) {
  at::Tensor mask = at::empty({rows, n}, like.options());
  if (!mask.is_cpu()) {
    gpu::fill_dropout(fills, 0, 0, mask);
    return mask;
  }
  for (std::int64_t r = 0; r < rows; ++r) fill(fills[static_cast<std::size_t>(r)], 0, mask.select(0, r));
  return mask;
}

}  // namespace

at::Tensor AttentionMask::rows(std::int64_t begin, std::int64_t count) const {
  if (whole_.defined()) return whole_.narrow(1, begin, count);
  if (!fill_) return {};
  const at::Tensor block = at::empty({heads_, count, n_}, like_.options());
  const auto first = static_cast<std::uint64_t>(begin * n_), head = static_cast<std::uint64_t>(n_ * n_);
  if (!block.is_cpu()) {
    gpu::fill_dropout({&*fill_, 1}, first, head, block);
    return block;
  }
  for (std::int64_t h = 0; h < heads_; ++h) {
    fill(*fill_, static_cast<std::uint64_t>(h) * head + first, block.select(0, h));
  }
  return block;
}

DropoutFill DropoutMasks::encoder(int layer, DropoutKind kind) const {
  return {stream_.child(static_cast<std::uint64_t>(16 * layer + static_cast<int>(kind))), p_};
}

at::Tensor DropoutMasks::decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const {
  if (p_ == 0) return {};
  std::vector<DropoutFill> fills;
  for (std::int64_t t = 0; t < tokens; ++t) {
    const std::int64_t place = 4096 + 32 * layer + 2 * static_cast<int>(kind) + t;
    fills.emplace_back(stream_.child(static_cast<std::uint64_t>(place)), p_);
  }
  return made(fills, tokens, size, like_);
}

AttentionMask DropoutMasks::encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const {
  if (p_ == 0) return {};
  return {encoder(layer, DropoutKind::weights), heads, tiles, like_};
}

at::Tensor DropoutMasks::encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const {
  if (p_ == 0) return {};
  const DropoutFill source = encoder(layer, kind);
  return made({&source, 1}, 1, tiles * d, like_).view({tiles, d});
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
