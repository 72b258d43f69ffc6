#include "trainer/contract/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.h"
#include "base/philox.h"

namespace mtlgrid {
namespace {

class LayoutBuilder {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape, Start start, double bound = 0) {
    ParameterSpec p;
    p.name = name;
    p.size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    p.shape = std::move(shape);
    p.offset = layout.total;
    p.start = start;
    p.bound = bound;
    layout.total += p.size;
    layout.parameters.push_back(std::move(p));
  }
  void linear(const std::string& name, std::int64_t in, std::int64_t out) {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    add(name + ".weight", {out, in}, Start::uniform, bound);
    add(name + ".bias", {out}, Start::uniform, bound);
  }
  void norm(const std::string& name, std::int64_t d) {
    add(name + ".weight", {d}, Start::one);
    add(name + ".bias", {d}, Start::zero);
  }
  void attention(const std::string& name, std::int64_t d) {
    // Xavier on the stacked matrix: fan_in d, fan_out 3 d.
    add(name + ".in_proj_weight", {3 * d, d}, Start::uniform, std::sqrt(6.0 / static_cast<double>(4 * d)));
    add(name + ".in_proj_bias", {3 * d}, Start::zero);
    add(name + ".out_proj.weight", {d, d}, Start::uniform, 1 / std::sqrt(static_cast<double>(d)));
    add(name + ".out_proj.bias", {d}, Start::zero);
  }
  void encoder_layer(const std::string& name, const ModelSettings& m) {
    attention(name + ".self_attn", m.d_model);
    linear(name + ".linear1", m.d_model, m.ff);
    linear(name + ".linear2", m.ff, m.d_model);
    norm(name + ".norm1", m.d_model);
    norm(name + ".norm2", m.d_model);
  }
  void decoder_layer(const std::string& name, const ModelSettings& m) {
    attention(name + ".self_attn", m.d_model);
    attention(name + ".multihead_attn", m.d_model);
    linear(name + ".linear1", m.d_model, m.ff);
    linear(name + ".linear2", m.ff, m.d_model);
    for (const char* norm_name : {".norm1", ".norm2", ".norm3"}) norm(name + norm_name, m.d_model);
  }
  // `layer(name)` adds one layer; parameters of later layers are linked to those of the first.
  template <typename Layer>
  void stack(const std::string& name, int layers, const Layer& layer) {
    const std::size_t first = layout.parameters.size();
    std::size_t per_layer = 0;
    for (int i = 0; i < layers; ++i) {
      layer(name + ".layers." + std::to_string(i));
      if (i == 0) per_layer = layout.parameters.size() - first;
      if (i == 0) continue;
      const std::size_t begin = first + static_cast<std::size_t>(i) * per_layer;
      for (std::size_t j = 0; j < per_layer; ++j) {
        layout.parameters[begin + j].same_as = static_cast<int>(first + j);
      }
    }
  }
  ParameterLayout layout;
};

// Far above any network of this kind, and so small that sizes and their sums fit: 2^44 values at most.
constexpr int kWidest = 1 << 16, kMostLayers = 1 << 8;
constexpr std::int64_t kMostFeatures = 1 << 20;

std::string key(std::string column) {
  std::replace(column.begin(), column.end(), '.', '_');  // PyTorch's module names hold no dots
  return column;
}

}  // namespace

ParameterLayout make_layout(const ModelSettings& m, std::int64_t width, const std::string& label,
                            const std::string& auxiliary) {
  if (width <= 0 || m.d_model <= 0 || m.heads <= 0 || m.ff <= 0 || m.encoder_layers <= 0 || m.decoder_layers <= 0 ||
      m.d_model % m.heads != 0) {
    throw Error(ErrorKind::bad_input, "model: sizes must be positive and d_model a multiple of heads");
  }
  if (width > kMostFeatures || std::max(m.d_model, m.ff) > kWidest ||
      std::max(m.encoder_layers, m.decoder_layers) > kMostLayers) {
    throw InputError(fmt::format("model: at most {} features a tile, {} values a layer and {} layers are possible",
                                 kMostFeatures, kWidest, kMostLayers));
  }
  LayoutBuilder b;
  b.linear("projector.0", width, m.d_model);
  b.stack("transformer_encoder", m.encoder_layers, [&](const std::string& name) { b.encoder_layer(name, m); });
  b.stack("transformer_decoder", m.decoder_layers, [&](const std::string& name) { b.decoder_layer(name, m); });
  b.layout.shared = b.layout.total;
  b.add("class_tokens." + key(label), {m.d_model}, Start::token);
  b.linear("head_class." + key(label), m.d_model, 2);
  b.layout.classification = b.layout.total;
  b.add("class_tokens." + key(auxiliary), {m.d_model}, Start::token);
  b.linear("head_regr." + key(auxiliary), m.d_model, 1);
  return b.layout;
}

void initialise(const ParameterLayout& layout, const RandomStream& weights, std::span<float> row) {
  if (static_cast<std::int64_t>(row.size()) != layout.total) {
    throw Error(ErrorKind::fatal, "initialise: row of the wrong length");
  }
  for (std::size_t i = 0; i < layout.parameters.size(); ++i) {
    const ParameterSpec& p = layout.parameters[i];
    const auto out = row.subspan(static_cast<std::size_t>(p.offset), static_cast<std::size_t>(p.size));
    if (p.same_as >= 0) {
      const ParameterSpec& first = layout.parameters[static_cast<std::size_t>(p.same_as)];
      std::copy_n(row.begin() + first.offset, first.size, out.begin());
    } else if (p.start == Start::zero || p.start == Start::one) {
      std::fill(out.begin(), out.end(), p.start == Start::one ? 1.0f : 0.0f);
    } else {
      fill_uniform(weights.child(i), out);
      if (p.start == Start::token) continue;
      const auto bound = static_cast<float>(p.bound);
      for (float& x : out) x = (2 * x - 1) * bound;
    }
  }
}

}  // namespace mtlgrid
