#include "trainer/kernels/dropout.h"

#include <ATen/ops/empty.h>

#include <span>
#include <vector>

#include "base/philox.h"
#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {
namespace {

// Numbers of places, as the header says.
constexpr int kEncoderPlaces = 16, kDecoder = 4096, kDecoderPlaces = 32;
int encoder_place(int layer, DropoutKind kind) { return kEncoderPlaces * layer + static_cast<int>(kind); }

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

std::vector<std::int64_t> DropoutMasks::keys(int encoder_layers, int decoder_layers) const {
  std::vector<std::int64_t> keys;
  const auto add = [&](int place) {
    keys.push_back(static_cast<std::int64_t>(fill_key(stream_.child(static_cast<std::uint64_t>(place)))));
  };
  for (int i = 0; i < encoder_layers * kEncoderPlaces; ++i) add(i);
  for (int i = 0; i < decoder_layers * kDecoderPlaces; ++i) add(kDecoder + i);
  return keys;
}

DropoutFill DropoutMasks::fill_of(int place) const {
  if (!keys_.defined()) return {stream_.child(static_cast<std::uint64_t>(place)), p_};
  const int index = place < kDecoder ? place : encoder_layers_ * kEncoderPlaces + place - kDecoder;
  return {reinterpret_cast<const std::uint64_t*>(keys_.const_data_ptr<std::int64_t>()),
          static_cast<std::uint64_t>(index), p_};
}

at::Tensor DropoutMasks::decoder(int layer, DropoutKind kind, std::int64_t tokens, std::int64_t size) const {
  if (p_ == 0) return {};
  std::vector<DropoutFill> fills;
  for (std::int64_t t = 0; t < tokens; ++t) {
    fills.push_back(fill_of(kDecoder + kDecoderPlaces * layer + 2 * static_cast<int>(kind) + static_cast<int>(t)));
  }
  return made(fills, tokens, size, like_);
}

AttentionMask DropoutMasks::encoder_weights(int layer, std::int64_t heads, std::int64_t tiles) const {
  if (p_ == 0) return {};
  return {fill_of(encoder_place(layer, DropoutKind::weights)), heads, tiles, like_};
}

at::Tensor DropoutMasks::encoder_rows(int layer, DropoutKind kind, std::int64_t tiles, std::int64_t d) const {
  if (p_ == 0) return {};
  const DropoutFill source = fill_of(encoder_place(layer, kind));
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
