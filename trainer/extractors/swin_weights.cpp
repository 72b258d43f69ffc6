#include "trainer/extractors/swin_weights.h"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "trainer/extractors/swin_rows.h"

namespace mtlgrid::swin {
namespace {

using ctranspath::kTokens;
using ctranspath::Weights;

constexpr double kBatchEps = 1e-5;  // of PyTorch's BatchNorm2d
constexpr float kPadding = -1e30F;  // a score that softmax makes 0

std::vector<float> rounded(std::span<const double> values) { return {values.begin(), values.end()}; }

// A dense layer in float64: weight [n, k], bias [n].
struct Dense {
  std::size_t n, k;
  std::vector<double> weight, bias;
  double& at(std::size_t i, std::size_t j) { return weight[i * k + j]; }
};

Dense dense(const Weights& w, const std::string& name, bool with_bias) {
  const auto weight = w.at(name + ".weight");
  Dense d;
  if (with_bias) {
    const auto bias = w.at(name + ".bias");
    d.bias.assign(bias.begin(), bias.end());
    d.n = bias.size();
  } else {
    for (const ParameterSpec& spec : w.layout.parameters) {
      if (spec.name == name + ".weight") d.n = static_cast<std::size_t>(spec.shape[0]);
    }
    d.bias.assign(d.n, 0);
  }
  d.k = weight.size() / d.n;
  d.weight.assign(weight.begin(), weight.end());
  return d;
}

// norm(x) W^T + b with the norm's weight and bias inside W and b.
void fold_norm(Dense& d, std::span<const double> weight, std::span<const double> bias) {
  for (std::size_t i = 0; i < d.n; ++i) {
    for (std::size_t j = 0; j < d.k; ++j) {
      d.bias[i] += d.at(i, j) * bias[j];
      d.at(i, j) *= weight[j];
    }
  }
}

Folded packed(Dense& d) {
  Folded out;
  out.product.k = static_cast<std::int64_t>(d.k);
  out.product.n = static_cast<std::int64_t>(d.n);
  out.product.values.resize(d.k * d.n);
  const std::size_t panel = kPanel;
  for (std::size_t i = 0; i < d.n; ++i) {
    float* to = out.product.values.data() + i / panel * panel * d.k + i % panel;
    for (std::size_t j = 0; j < d.k; ++j) to[j * panel] = static_cast<float>(d.at(i, j));
  }
  out.bias = rounded(d.bias);
  return out;
}

Block block(const Weights& w, const std::string& name, const ctranspath::Stage& stage) {
  const auto channels = static_cast<std::size_t>(stage.channels);
  Block out;
  Dense qkv = dense(w, name + ".attn.qkv", true), proj = dense(w, name + ".attn.proj", true);
  fold_norm(qkv, w.at(name + ".norm1.weight"), w.at(name + ".norm1.bias"));
  for (std::size_t i = 0; i < channels; ++i) {
    const double scale = 1 / std::sqrt(static_cast<double>(ctranspath::kHead));
    qkv.bias[i] *= scale;
    for (std::size_t j = 0; j < channels; ++j) qkv.at(i, j) *= scale;
    for (std::size_t j = 0; j < channels; ++j) proj.bias[i] += proj.at(i, j) * qkv.bias[2 * channels + j];
  }
  qkv.bias.resize(channels);
  out.qkv = packed(qkv);
  out.proj = packed(proj);
  Dense fc1 = dense(w, name + ".mlp.fc1", true), fc2 = dense(w, name + ".mlp.fc2", true);
  fold_norm(fc1, w.at(name + ".norm2.weight"), w.at(name + ".norm2.bias"));
  out.fc1 = packed(fc1);
  out.fc2 = packed(fc2);
  const auto table = w.at(name + ".attn.relative_position_bias_table");
  const auto heads = static_cast<std::size_t>(stage.heads);
  out.position.assign(heads * kTokens * kScoreStride, kPadding);
  for (std::size_t h = 0; h < heads; ++h) {
    for (int i = 0; i < kTokens; ++i) {
      float* row = out.position.data() + (h * kTokens + static_cast<std::size_t>(i)) * kScoreStride;
      for (int j = 0; j < kTokens; ++j) {
        row[j] = static_cast<float>(table[static_cast<std::size_t>(ctranspath::relative_position(i, j)) * heads + h]);
      }
    }
  }
  return out;
}

// Of the last two windows of a map's rows and columns, of which only the last is at an edge.
std::vector<float> masks(const ctranspath::Stage& stage) {
  using ctranspath::kWindow;
  std::vector<float> out(std::size_t{4} * kTokens * kScoreStride, 0.F);
  const int last = stage.side - kWindow;
  for (int kind = 0; kind < 4; ++kind) {
    const auto of = [&](int token) {
      const int row = (kind / 2 == 1 ? last : last - kWindow) + token / kWindow;
      return ctranspath::region(stage.side, row, (kind % 2 == 1 ? last : last - kWindow) + token % kWindow);
    };
    for (int i = 0; i < kTokens; ++i) {
      for (int j = 0; j < kTokens; ++j) {
        if (of(i) == of(j)) continue;
        out[static_cast<std::size_t>((kind * kTokens + i) * kScoreStride + j)] =
            static_cast<float>(ctranspath::kMasked);
      }
    }
  }
  return out;
}

// A convolution of 3 x 3 with the batch norm after it, as a product with rows of 3 x 3 x `channels` numbers, the
// input's channels innermost and padded to `channels`, and kPanel outputs.
Folded convolution(const Weights& w, int number, int inputs, int channels, int outputs) {
  const auto weight = w.at(fmt::format("patch_embed.proj.{}.weight", number));
  const auto norm = [&](const char* part) { return w.at(fmt::format("patch_embed.proj.{}.{}", number + 1, part)); };
  const auto gamma = norm("weight"), beta = norm("bias"), mean = norm("running_mean"), variance = norm("running_var");
  Dense d{kPanel, static_cast<std::size_t>(9 * channels), {}, std::vector<double>(kPanel, 0.)};
  d.weight.assign(d.n * d.k, 0);
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    const double scale = gamma[o] / std::sqrt(variance[o] + kBatchEps);
    d.bias[o] = beta[o] - mean[o] * scale;
    for (std::size_t c = 0; c < static_cast<std::size_t>(inputs); ++c) {
      for (std::size_t tap = 0; tap < 9; ++tap) {
        d.at(o, tap * static_cast<std::size_t>(channels) + c) =
            weight[(o * static_cast<std::size_t>(inputs) + c) * 9 + tap] * scale;
      }
    }
  }
  return packed(d);
}

}  // namespace

NetworkWeights pack(const Weights& w) {
  NetworkWeights out;
  out.stem[0] = convolution(w, 0, 3, 3, ctranspath::kStemOne);
  out.stem[1] = convolution(w, 3, ctranspath::kStemOne, 16, ctranspath::kStemTwo);
  Dense last = dense(w, "patch_embed.proj.6", true);
  out.stem[2] = packed(last);
  out.stem_weight = rounded(w.at("patch_embed.norm.weight"));
  out.stem_bias = rounded(w.at("patch_embed.norm.bias"));
  out.final_weight = rounded(w.at("norm.weight"));
  out.final_bias = rounded(w.at("norm.bias"));
  for (std::size_t s = 0; s < ctranspath::kStages.size(); ++s) {
    const ctranspath::Stage& stage = ctranspath::kStages[s];
    for (int b = 0; b < stage.blocks; ++b) {
      out.stages[s].blocks.push_back(block(w, fmt::format("layers.{}.blocks.{}", s, b), stage));
    }
    if (s + 1 == ctranspath::kStages.size()) break;
    const std::string merge = fmt::format("layers.{}.downsample", s);
    Dense reduction = dense(w, merge + ".reduction", false);
    fold_norm(reduction, w.at(merge + ".norm.weight"), w.at(merge + ".norm.bias"));
    out.stages[s].merge = packed(reduction);
    out.stages[s].masks = masks(stage);
  }
  for (std::size_t c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) {
      out.pixel[c][static_cast<std::size_t>(v)] =
          static_cast<float>((v / 255. - double{ctranspath::kMean[c]}) / double{ctranspath::kDeviation[c]});
    }
  }
  return out;
}

}  // namespace mtlgrid::swin
