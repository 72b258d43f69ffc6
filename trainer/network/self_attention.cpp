#include "trainer/network/self_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <cmath>

#include "trainer/kernels/gpu_kernels.h"
#include "trainer/kernels/products.h"
#include "trainer/kernels/rows.h"
#include "trainer/network/layers.h"

namespace mtlgrid {
namespace {

bool by_tiles(const at::Tensor& x, const AttentionMask& mask) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && has_kernels() && (!mask.defined() || mask.in_parts());
}

// Rows of the weights that fit into 64 MB, on a GPU 512 MB: fewer and larger products.
std::int64_t block_rows(const at::Tensor& like, std::int64_t stacked_heads, std::int64_t n) {
  const std::int64_t most = std::int64_t{1} << (like.is_cpu() ? 24 : 27);
  return std::clamp<std::int64_t>(most / (stacked_heads * n), 1, n);
}

// Softmax of scores [F H, count, n], rows begin, begin + 1, ... of each head, before and after dropout. The scores'
// memory is taken.
struct Weights {
  at::Tensor probabilities, dropped;
};
Weights weights_of(const at::Tensor& scores, std::int64_t heads, const AttentionMask& mask, std::int64_t begin,
                   bool backward) {
  if (!scores.is_cpu() && (mask.in_parts() || !mask.defined())) {
    const DropoutFill* source = mask.in_parts() ? &mask.source() : nullptr;
    return {scores, gpu::attention_weights(scores, heads, begin, source, backward)};
  }
  const at::Tensor probabilities = at::softmax(scores, -1);
  return {probabilities, dropped(probabilities, mask.rows(begin, scores.size(1)))};
}

}  // namespace

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved) {
  if (by_tiles(qkv, mask)) return tiles::attend(qkv, bias, heads, mask, saved);
  return blocks::attend(qkv, bias, heads, mask, block_rows(qkv, qkv.size(0) * heads, qkv.size(1)), saved);
}

at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g) {
  if (saved.log_sums.defined()) return tiles::attend_backward(saved, g);
  return blocks::attend_backward(saved, g, block_rows(g, saved.queries.size(0), saved.queries.size(1)));
}

// probabilities [F H, n, m] times mask [H, n, m].
at::Tensor dropped(const at::Tensor& probabilities, const at::Tensor& mask) {
  if (!mask.defined()) return probabilities;
  const auto s = probabilities.sizes();
  return (probabilities.view({-1, mask.size(0), s[1], s[2]}) * mask).view(s);
}

// With weights w = m p of a mask m: p (m g - sum m g p) = w g - p sum w g.
void softmax_backward_(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights) {
  if (!g.is_cpu()) return gpu::attention_weights_backward(g, probabilities, weights);
  g.mul_(weights.unsqueeze(1));
  g.addcmul_(probabilities.unsqueeze(1), g.sum(-1, true), -1);
}

at::Tensor self_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& x, const AttentionMask& mask,
                          SelfAttentionSaved& saved) {
  saved.x = x;
  return project(p.out, attend(project(p.in, x), p.in.bias, heads, mask, saved.attend));
}

void self_attention_backward(const AttentionView& p, const SelfAttentionSaved& saved, const at::Tensor& g,
                             const AttentionView& grad, const at::Tensor& by_x) {
  project_backward(saved.attend.merged, g, grad.out.weight);
  const at::Tensor by_qkv = attend_backward(saved.attend, product(g, p.out.weight));
  project_backward(saved.x, by_qkv, grad.in.weight);
  column_sums(by_qkv, grad.in.bias);
  multiply_add(by_x, by_qkv, p.in.weight);
}

namespace blocks {
namespace {

// Queries (scaled), keys and values by head, [3, F H, n, c], of qkv [F, n, 3 d] and bias [F, 1, 3 d].
at::Tensor split(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads) {
  const std::int64_t members = qkv.size(0), n = qkv.size(1), c = qkv.size(2) / 3 / heads;
  const double scale = 1 / std::sqrt(static_cast<double>(c));
  if (!qkv.is_cpu()) return gpu::split_heads(qkv, bias, heads, scale);
  const at::Tensor stacked = (qkv + bias).view({members, n, 3, heads, c});
  stacked.select(2, 0).mul_(scale);
  return stacked.permute({2, 0, 3, 1, 4}).reshape({3, members * heads, n, c});
}

// [T, F H, K, n, c] -> [F, K, n, T, H, c].
at::Tensor merge(const at::Tensor& x, std::int64_t heads) {
  const auto s = x.sizes();
  if (!x.is_cpu()) return gpu::merge_heads(x, heads);
  return x.view({s[0], s[1] / heads, heads, s[2], s[3], s[4]}).permute({1, 3, 4, 0, 2, 5}).contiguous();
}

}  // namespace

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  std::int64_t rows, AttendSaved& saved) {
  const std::int64_t members = qkv.size(0), n = qkv.size(1), d = qkv.size(2) / 3, c = d / heads;
  saved.mask = mask;
  const at::Tensor parts = split(qkv, bias, heads);
  saved.queries = parts[0];
  saved.keys = parts[1];
  saved.values = parts[2];
  const at::Tensor out = at::empty({members * heads, n, c}, qkv.options());
  for (std::int64_t i = 0; i < n; i += rows) {
    const std::int64_t count = std::min(rows, n - i);
    const at::Tensor scores = product(saved.queries.narrow(1, i, count), saved.keys.transpose(1, 2));
    multiply(out.narrow(1, i, count), weights_of(scores, heads, mask, i, false).dropped, saved.values);
  }
  saved.merged = merge(out.view({1, members * heads, 1, n, c}), heads).view({members, n, d});
  return saved.merged;
}

at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g, std::int64_t rows) {
  const std::int64_t members = g.size(0), n = saved.merged.size(1), d = g.size(2), tasks = g.size(1) / n;
  const std::int64_t stack = saved.queries.size(0), heads = stack / members, c = d / heads;
  // By head, a task's rows together: [F H, K, n, c].
  const at::Tensor out = g.view({members, tasks, n, heads, c}).permute({0, 3, 1, 2, 4}).reshape({stack, tasks, n, c});
  // Gradients by queries, keys and values.
  const at::Tensor by = at::empty({3, stack, tasks, n, c}, g.options());
  for (std::int64_t i = 0; i < n; i += rows) {
    const std::int64_t count = std::min(rows, n - i);
    const at::Tensor q = saved.queries.narrow(1, i, count);
    const Weights w = weights_of(product(q, saved.keys.transpose(1, 2)), heads, saved.mask, i, true);
    const at::Tensor go = out.narrow(2, i, count).reshape({stack, tasks * count, c});
    const at::Tensor scores = product(go, saved.values.transpose(1, 2)).view({stack, tasks, count, n});
    softmax_backward_(scores, w.probabilities, w.dropped);
    for (std::int64_t task = 0; task < tasks; ++task) {
      const at::Tensor by_scores = scores.select(1, task);
      const auto add = i > 0 ? multiply_add : multiply;
      multiply(by[0].select(1, task).narrow(1, i, count), by_scores, saved.keys);
      add(by[1].select(1, task), by_scores.transpose(1, 2), q);  // q carries the scale
      add(by[2].select(1, task), w.dropped.transpose(1, 2), go.narrow(1, task * count, count));
    }
  }
  by[0].mul_(1 / std::sqrt(static_cast<double>(c)));
  return merge(by, heads).view({members, tasks * n, 3 * d});
}

}  // namespace blocks
}  // namespace mtlgrid
