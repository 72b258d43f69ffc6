#include "trainer/network/self_attention_blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <cmath>

#include "trainer/kernels/gpu_kernels.h"
#include "trainer/kernels/products.h"
#include "trainer/network/masked_softmax.h"

namespace mtlgrid::blocks {
namespace {

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

}  // namespace mtlgrid::blocks
