#include "trainer/self_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "trainer/layers.h"
#include "trainer/products.h"
#include "trainer/rows.h"

namespace mtlgrid {
namespace {

// [F, n, H c] -> [F H, n, c].
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t members = x.size(0), n = x.size(1), c = x.size(2) / heads;
  return x.view({members, n, heads, c}).transpose(1, 2).reshape({members * heads, n, c});
}

bool by_tiles(const at::Tensor& x, const AttentionMask& mask) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && has_kernels() && (!mask.defined() || mask.in_parts());
}

// Rows of the weights that fit into 64 MB.
std::int64_t block_rows(std::int64_t stacked_heads, std::int64_t n) {
  return std::clamp<std::int64_t>((std::int64_t{1} << 24) / (stacked_heads * n), 1, n);
}

}  // namespace

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved) {
  if (by_tiles(qkv, mask)) return tiles::attend(qkv, bias, heads, mask, saved);
  return blocks::attend(qkv, bias, heads, mask, block_rows(qkv.size(0) * heads, qkv.size(1)), saved);
}

at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g) {
  if (saved.log_sums.defined()) return tiles::attend_backward(saved, g);
  return blocks::attend_backward(saved, g, block_rows(saved.queries.size(0), saved.queries.size(1)));
}

// probabilities [F H, n, m] times mask [H, n, m].
at::Tensor dropped(const at::Tensor& probabilities, const at::Tensor& mask) {
  if (!mask.defined()) return probabilities;
  const auto s = probabilities.sizes();
  return (probabilities.view({-1, mask.size(0), s[1], s[2]}) * mask).view(s);
}

// Through dropout and softmax, in place. `g` [F, H, K, n, m] becomes the gradient by the scores.
void softmax_backward_(at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& mask) {
  if (mask.defined()) g.mul_(mask.unsqueeze(1));
  const at::Tensor a = probabilities.view({g.size(0), g.size(1), 1, g.size(3), g.size(4)});
  g.mul_(a);
  g.addcmul_(a, g.sum(-1, true), -1);
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

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  std::int64_t rows, AttendSaved& saved) {
  const std::int64_t members = qkv.size(0), n = qkv.size(1), d = qkv.size(2) / 3, c = d / heads;
  saved.mask = mask;
  const at::Tensor stacked = (qkv + bias).view({members, n, 3, heads, c});
  stacked.select(2, 0).mul_(1 / std::sqrt(static_cast<double>(c)));
  const at::Tensor split = stacked.permute({2, 0, 3, 1, 4}).reshape({3, members * heads, n, c});
  saved.queries = split[0];
  saved.keys = split[1];
  saved.values = split[2];
  const at::Tensor out = at::empty({members * heads, n, c}, qkv.options());
  for (std::int64_t i = 0; i < n; i += rows) {
    const std::int64_t count = std::min(rows, n - i);
    const at::Tensor scores = at::bmm(saved.queries.narrow(1, i, count), saved.keys.transpose(1, 2));
    out.narrow(1, i, count).copy_(at::bmm(dropped(at::softmax(scores, -1), mask.rows(i, count)), saved.values));
  }
  saved.merged = out.view({members, heads, n, c}).transpose(1, 2).reshape({members, n, d});
  return saved.merged;
}

at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g, std::int64_t rows) {
  const std::int64_t members = g.size(0), n = saved.merged.size(1), d = g.size(2), tasks = g.size(1) / n;
  const std::int64_t heads = saved.queries.size(0) / members, c = d / heads;
  const double scale = 1 / std::sqrt(static_cast<double>(c));
  const at::Tensor out = split_heads(g.view({members * tasks, n, d}), heads)
                             .view({members, tasks, heads, n, c})
                             .transpose(1, 2)
                             .reshape({members * heads, tasks, n, c});
  const at::Tensor stacked = at::zeros({members, tasks, n, 3, heads, c}, g.options());
  // A part of `stacked`, by head: [F, H, n, c].
  const auto part = [&](std::int64_t task, int third) {
    return stacked.select(1, task).select(2, third).transpose(1, 2);
  };
  for (std::int64_t i = 0; i < n; i += rows) {
    const std::int64_t count = std::min(rows, n - i);
    const at::Tensor q = saved.queries.narrow(1, i, count), mask = saved.mask.rows(i, count);
    const at::Tensor probabilities = at::softmax(at::bmm(q, saved.keys.transpose(1, 2)), -1);
    const at::Tensor weights = dropped(probabilities, mask);
    for (std::int64_t task = 0; task < tasks; ++task) {
      const at::Tensor go = out.select(1, task).narrow(1, i, count);  // [F H, count, c]
      at::Tensor scores = at::bmm(go, saved.values.transpose(1, 2)).view({members, heads, 1, count, n});
      softmax_backward_(scores, probabilities, mask);
      scores = scores.view({members * heads, count, n});
      part(task, 0).narrow(2, i, count).copy_(at::bmm(scores, saved.keys).mul_(scale).view({members, heads, count, c}));
      part(task, 1).add_(at::bmm(scores.transpose(1, 2), q).view({members, heads, n, c}));  // q carries the scale
      part(task, 2).add_(at::bmm(weights.transpose(1, 2), go).view({members, heads, n, c}));
    }
  }
  return stacked.view({members, tasks * n, 3 * d});
}

}  // namespace blocks
}  // namespace mtlgrid
