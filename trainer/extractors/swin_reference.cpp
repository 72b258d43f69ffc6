#include "trainer/extractors/swin_reference.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <vector>

namespace mtlgrid::swin {
namespace {

using ctranspath::kShift;
using ctranspath::kStages;
using ctranspath::kTokens;
using ctranspath::kWindow;
using ctranspath::Stage;

// [windows, 49, 49]: kMasked between tokens of different regions.
at::Tensor region_mask(const Stage& stage) {
  const int windows = stage.side / kWindow;
  at::Tensor mask = at::zeros({windows * windows, kTokens, kTokens}, at::kDouble);
  auto* out = mask.data_ptr<double>();
  for (int w = 0; w < windows * windows; ++w) {
    const auto of = [&](int token) {
      return ctranspath::region(stage.side, w / windows * kWindow + token / kWindow,
                                w % windows * kWindow + token % kWindow);
    };
    for (int i = 0; i < kTokens; ++i) {
      for (int j = 0; j < kTokens; ++j, ++out) *out = of(i) == of(j) ? 0 : ctranspath::kMasked;
    }
  }
  return mask;
}

at::Tensor position_bias(const at::Tensor& table) {
  std::vector<std::int64_t> rows;
  for (int i = 0; i < kTokens; ++i) {
    for (int j = 0; j < kTokens; ++j) rows.push_back(ctranspath::relative_position(i, j));
  }
  return table.index_select(0, at::tensor(rows, at::kLong))
      .view({kTokens, kTokens, -1})
      .permute({2, 0, 1})
      .unsqueeze(0);
}

// [n, side, side, C] to [n * windows, 49, C], and back.
at::Tensor windows_of(const at::Tensor& x) {
  const std::int64_t n = x.size(0), count = x.size(1) / kWindow, c = x.size(3);
  return x.view({n, count, kWindow, count, kWindow, c}).transpose(2, 3).reshape({n * count * count, kTokens, c});
}
at::Tensor map_of(const at::Tensor& windows, std::int64_t n, std::int64_t side) {
  const std::int64_t count = side / kWindow, c = windows.size(2);
  return windows.view({n, count, count, kWindow, kWindow, c}).transpose(2, 3).reshape({n, side, side, c});
}

}  // namespace

Reference::Reference(const ctranspath::Weights& weights, at::ScalarType type, at::Device device) {
  const auto place = at::TensorOptions().dtype(type).device(device);
  std::map<std::string, at::Tensor> exact;
  for (const ParameterSpec& spec : weights.layout.parameters) {
    at::Tensor value = at::empty(spec.shape, at::kDouble);
    const auto from = weights.at(spec.name);
    std::copy(from.begin(), from.end(), value.data_ptr<double>());
    weights_[spec.name] = value.to(place);
    exact[spec.name] = value;
  }
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    for (int b = 0; b < kStages[s].blocks; ++b) {
      const std::string name = fmt::format("layers.{}.blocks.{}", s, b);
      at::Tensor bias = position_bias(exact.at(name + ".attn.relative_position_bias_table"));
      if (ctranspath::shifted(kStages[s], b)) bias = bias + region_mask(kStages[s]).unsqueeze(1);
      bias_[name] = bias.to(place);
    }
  }
  const auto wide = place.dtype(type == at::kDouble ? at::kDouble : at::kFloat);
  mean_ = at::tensor(ctranspath::kMean).view({3, 1, 1}).to(wide);
  deviation_ = at::tensor(ctranspath::kDeviation).view({3, 1, 1}).to(wide);
}

at::Tensor Reference::norm(const std::string& name, const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weights_.at(name + ".weight"), weights_.at(name + ".bias"));
}

at::Tensor Reference::linear(const std::string& name, const at::Tensor& x) const {
  const auto bias = weights_.find(name + ".bias");
  return at::linear(x, weights_.at(name + ".weight"), bias == weights_.end() ? at::Tensor() : bias->second);
}

at::Tensor Reference::stem(const at::Tensor& tiles) const {
  const at::Tensor& first = weights_.at("patch_embed.proj.0.weight");
  // Channels last: the bytes are in that order already.
  at::Tensor x = tiles.to(first.device()).permute({0, 3, 1, 2}).to(mean_.scalar_type());
  x = x.div_(255).sub_(mean_).div_(deviation_).to(first.scalar_type());
  for (const int i : {0, 3}) {
    const std::string convolution = fmt::format("patch_embed.proj.{}", i),
                      batch = fmt::format("patch_embed.proj.{}", i + 1);
    x = at::conv2d(x, weights_.at(convolution + ".weight"), {}, 2, 1);
    x = at::batch_norm(x, weights_.at(batch + ".weight"), weights_.at(batch + ".bias"),
                       weights_.at(batch + ".running_mean"), weights_.at(batch + ".running_var"), false, 0, 1e-5,
                       false);
    x = at::relu_(x);
  }
  x = at::conv2d(x, weights_.at("patch_embed.proj.6.weight"), weights_.at("patch_embed.proj.6.bias"));
  return norm("patch_embed.norm", x.permute({0, 2, 3, 1}).contiguous());
}

at::Tensor Reference::attention(const std::string& name, const Stage& stage, bool shift, const at::Tensor& x) const {
  const std::int64_t n = x.size(0), c = stage.channels, windows = stage.side / kWindow * (stage.side / kWindow);
  const at::Tensor moved = shift ? at::roll(x, {-kShift, -kShift}, {1, 2}) : x;
  const at::Tensor qkv = linear(name + ".attn.qkv", windows_of(moved))
                             .view({n * windows, kTokens, 3, stage.heads, ctranspath::kHead})
                             .permute({2, 0, 3, 1, 4});  // [3, n windows, heads, 49, 32]
  const double scale = 1 / std::sqrt(static_cast<double>(ctranspath::kHead));
  at::Tensor scores = at::matmul(qkv[0] * scale, qkv[1].transpose(-2, -1));
  const at::Tensor& bias = bias_.at(name);
  scores = (scores.view({n, windows, stage.heads, kTokens, kTokens}) + bias)
               .view({n * windows, stage.heads, kTokens, kTokens});
  const at::Tensor out = at::matmul(at::softmax(scores, -1), qkv[2]).transpose(1, 2).reshape({n * windows, kTokens, c});
  const at::Tensor back = map_of(linear(name + ".attn.proj", out), n, stage.side);
  return shift ? at::roll(back, {kShift, kShift}, {1, 2}) : back;
}

at::Tensor Reference::block(const std::string& name, const Stage& stage, bool shift, const at::Tensor& x) const {
  const at::Tensor y = x + attention(name, stage, shift, norm(name + ".norm1", x));
  return y + linear(name + ".mlp.fc2", at::gelu(linear(name + ".mlp.fc1", norm(name + ".norm2", y))));
}

at::Tensor Reference::merge(const std::string& name, const at::Tensor& x) const {
  const auto part = [&](std::int64_t row, std::int64_t column) {
    return x.slice(1, row, std::nullopt, 2).slice(2, column, std::nullopt, 2);
  };
  const at::Tensor joined = at::cat({part(0, 0), part(1, 0), part(0, 1), part(1, 1)}, -1);
  return linear(name + ".reduction", norm(name + ".norm", joined));
}

at::Tensor Reference::run(const at::Tensor& tiles) const {
  at::Tensor x = stem(tiles);  // [n, side, side, C]
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    for (int b = 0; b < kStages[s].blocks; ++b) {
      x = block(fmt::format("layers.{}.blocks.{}", s, b), kStages[s], ctranspath::shifted(kStages[s], b), x);
    }
    if (s + 1 < kStages.size()) x = merge(fmt::format("layers.{}.downsample", s), x);
  }
  const at::Tensor last = norm("norm", x).flatten(1, 2);
  return last.to(mean_.scalar_type()).mean(1).cpu();
}

}  // namespace mtlgrid::swin
