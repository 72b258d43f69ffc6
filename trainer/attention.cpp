#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>

#include <cmath>

#include "trainer/layers.h"

namespace mtlgrid {
namespace {

// [F, n, H c] -> [F H, n, c].
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t members = x.size(0), n = x.size(1), c = x.size(2) / heads;
  return x.view({members, n, heads, c}).transpose(1, 2).reshape({members * heads, n, c});
}

// [F H, n, c] -> [F, n, H c].
at::Tensor merge_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t members = x.size(0) / heads, n = x.size(1), c = x.size(2);
  return x.view({members, heads, n, c}).transpose(1, 2).reshape({members, n, heads * c});
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

// Query, key and value of one head: a third of the stacked in-projection, [F H, d / H, d].
at::Tensor head_weights(const AttentionView& p, int third, std::int64_t heads) {
  const std::int64_t members = p.in.weight.size(0), d = p.in.weight.size(2);
  return p.in.weight.narrow(1, third * d, d)
      .view({members, heads, d / heads, d})
      .reshape({members * heads, d / heads, d});
}

}  // namespace

at::Tensor self_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& x, const at::Tensor& mask,
                          SelfAttentionSaved& saved) {
  const std::int64_t members = x.size(0), n = x.size(1), d = x.size(2), c = d / heads;
  saved.x = x;
  saved.mask = mask;
  const at::Tensor stacked = linear(p.in, x).view({members, n, 3, heads, c});
  stacked.select(2, 0).mul_(1 / std::sqrt(static_cast<double>(c)));
  saved.qkv = stacked.permute({2, 0, 3, 1, 4}).reshape({3, members * heads, n, c});
  const at::Tensor scores = at::bmm(saved.qkv.select(0, 0), saved.qkv.select(0, 1).transpose(1, 2));
  saved.probabilities = at::softmax(scores, -1);
  saved.merged = merge_heads(at::bmm(dropped(saved.probabilities, mask), saved.qkv.select(0, 2)), heads);
  return linear(p.out, saved.merged);
}

at::Tensor self_attention_backward(const AttentionView& p, const SelfAttentionSaved& saved, const at::Tensor& g,
                                   const AttentionView& grad) {
  const std::int64_t members = g.size(0), n = saved.x.size(1), d = g.size(2), tasks = g.size(1) / n;
  const std::int64_t heads = saved.qkv.size(1) / members, c = d / heads;
  const at::Tensor q = saved.qkv.select(0, 0), k = saved.qkv.select(0, 1), v = saved.qkv.select(0, 2);
  const at::Tensor out = split_heads(linear_backward(p.out, saved.merged, g, grad.out), heads);  // [F H, K n, c]
  at::Tensor scores = at::bmm(out, v.transpose(1, 2)).view({members, heads, tasks, n, n});
  softmax_backward_(scores, saved.probabilities, saved.mask);

  at::Tensor stacked = at::empty({members, tasks, n, 3, heads, c}, g.options());
  const at::Tensor dq =
      at::bmm(scores.view({members * heads, tasks * n, n}), k).mul_(1 / std::sqrt(static_cast<double>(c)));
  stacked.select(3, 0).copy_(dq.view({members, heads, tasks, n, c}).permute({0, 2, 3, 1, 4}));
  const at::Tensor weights = dropped(saved.probabilities, saved.mask).transpose(1, 2);
  const at::Tensor scores4 = scores.view({members * heads, tasks, n, n}),
                   out4 = out.view({members * heads, tasks, n, c});
  for (std::int64_t task = 0; task < tasks; ++task) {
    const at::Tensor dk = at::bmm(scores4.select(1, task).transpose(1, 2), q);  // q carries the scale
    const at::Tensor dv = at::bmm(weights, out4.select(1, task));
    stacked.select(1, task).select(2, 1).copy_(dk.view({members, heads, n, c}).transpose(1, 2));
    stacked.select(1, task).select(2, 2).copy_(dv.view({members, heads, n, c}).transpose(1, 2));
  }
  return linear_backward(p.in, saved.x, stacked.view({members, tasks * n, 3 * d}), grad.in);
}

at::Tensor cross_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& queries,
                           const at::Tensor& memory, const at::Tensor& mask, CrossAttentionSaved& saved) {
  const std::int64_t members = queries.size(0), tokens = queries.size(1), d = queries.size(2), c = d / heads;
  saved.queries = queries;
  saved.memory = memory;
  saved.mask = mask;
  saved.q = split_heads(linear(p.in.rows(0, d), queries).mul_(1 / std::sqrt(static_cast<double>(c))), heads);
  saved.qk = at::bmm(saved.q, head_weights(p, 1, heads)).view({members, heads * tokens, d});
  const at::Tensor scores = at::bmm(saved.qk, memory.transpose(1, 2));  // [F, H T, N]
  saved.probabilities = at::softmax(scores, -1).view({members * heads, tokens, -1});
  const at::Tensor weights = dropped(saved.probabilities, mask);
  saved.weight_sum = weights.sum(-1, true).view({members, heads, tokens, 1});
  saved.context = at::bmm(weights.view({members, heads * tokens, -1}), memory).view({members * heads, tokens, d});
  const at::Tensor bias = p.in.bias.narrow(2, 2 * d, d).view({members, heads, 1, c});
  const at::Tensor values = at::bmm(saved.context, head_weights(p, 2, heads).transpose(1, 2));
  values.view({members, heads, tokens, c}).addcmul_(saved.weight_sum, bias);
  saved.merged = merge_heads(values, heads);
  return linear(p.out, saved.merged);
}

namespace {

// Writes a third of the in-projection's weight gradient: left [F H, K T, c] (task-major rows) times right, of the same
// rows (K T) or the same for all tasks (T), [F H, *, d].
void write_head_weights(const at::Tensor& left, const at::Tensor& right, int third, const LinearView& grad,
                        std::int64_t members, std::int64_t tokens) {
  const std::int64_t heads = left.size(0) / members, c = left.size(2), d = right.size(2);
  const std::int64_t tasks = grad.weight.size(0) / members;
  const at::Tensor target = grad.weight.narrow(1, third * d, d);  // [F K, d, d]
  for (std::int64_t task = 0; task < tasks; ++task) {
    const auto of = [&](const at::Tensor& x) { return x.size(1) == tokens ? x : x.narrow(1, task * tokens, tokens); };
    const at::Tensor product = at::bmm(of(left).transpose(1, 2), of(right)).view({members, heads * c, d});
    for (std::int64_t f = 0; f < members; ++f) target.select(0, f * tasks + task).copy_(product.select(0, f));
  }
}

}  // namespace

at::Tensor cross_attention_backward(const AttentionView& p, const CrossAttentionSaved& saved, const at::Tensor& g,
                                    const AttentionView& grad, at::Tensor& memory_gradient) {
  const std::int64_t members = g.size(0), tokens = saved.queries.size(1), d = g.size(2), tasks = g.size(1) / tokens;
  const std::int64_t heads = saved.q.size(0) / members, c = d / heads, n = saved.memory.size(1);
  const std::int64_t rows = heads * tokens;
  const at::Tensor out = split_heads(linear_backward(p.out, saved.merged, g, grad.out), heads);  // [F H, K T, c]

  // Values: Wv (sum a_i x_i) + bv sum a_i.
  write_head_weights(out, saved.context, 2, grad.in, members, tokens);
  const at::Tensor out5 = out.view({members, heads, tasks, tokens, c});
  at::Tensor bias_gradient = grad.in.bias.view({members, tasks, 3, heads, c});
  bias_gradient.select(2, 1).zero_();
  bias_gradient.select(2, 2).copy_((out5 * saved.weight_sum.unsqueeze(2)).sum(3).transpose(1, 2));
  const at::Tensor bias = p.in.bias.narrow(2, 2 * d, d).view({members, heads, 1, 1, c});
  const at::Tensor sum_gradient = (out5 * bias).sum(-1, true);                  // [F, H, K, T, 1]
  const at::Tensor context_gradient = at::bmm(out, head_weights(p, 2, heads));  // [F H, K T, d]
  at::Tensor scores = at::bmm(context_gradient.view({members, tasks * rows, d}), saved.memory.transpose(1, 2))
                          .view({members, heads, tasks, tokens, n});
  scores.add_(sum_gradient);
  softmax_backward_(scores, saved.probabilities, saved.mask);

  // Scores: (Wk^T q).x.
  const at::Tensor qk_gradient =
      at::bmm(scores.view({members, tasks * rows, n}), saved.memory).view({members * heads, tasks * tokens, d});
  write_head_weights(saved.q, qk_gradient, 1, grad.in, members, tokens);
  const at::Tensor q_gradient =
      at::bmm(qk_gradient, head_weights(p, 1, heads).transpose(1, 2)).mul_(1 / std::sqrt(static_cast<double>(c)));

  // Memory: each tile was used as a key and as a value.
  const auto by_task = [&](const at::Tensor& x, std::int64_t last) {  // [F H, K T, *] -> [F K, H T, *]
    return x.view({members, heads, tasks, tokens, last}).transpose(1, 2).reshape({members * tasks, rows, last});
  };
  const auto every_task = [&](const at::Tensor& x, std::int64_t last) {  // [F, H T, *] -> [F K, H T, *]
    return x.view({members, 1, rows, last}).expand({members, tasks, rows, last}).reshape({members * tasks, rows, last});
  };
  const at::Tensor weights = dropped(saved.probabilities, saved.mask);
  at::Tensor memory_rows = memory_gradient.view({members * tasks, n, d});
  memory_rows.baddbmm_(by_task(scores, n).transpose(1, 2), every_task(saved.qk, d));
  memory_rows.baddbmm_(every_task(weights, n).transpose(1, 2), by_task(context_gradient, d));
  return linear_backward(p.in.rows(0, d), saved.queries, merge_heads(q_gradient, heads), grad.in.rows(0, d));
}

}  // namespace mtlgrid
