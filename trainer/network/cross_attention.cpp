#include "trainer/network/cross_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>

#include <cmath>

#include "trainer/kernels/products.h"
#include "trainer/network/linear.h"
#include "trainer/network/masked_softmax.h"

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

// Query, key and value of one head: a third of the stacked in-projection, [F H, d / H, d].
at::Tensor head_weights(const AttentionView& p, int third, std::int64_t heads) {
  const std::int64_t members = p.in.weight.size(0), d = p.in.weight.size(2);
  return p.in.weight.narrow(1, third * d, d)
      .view({members, heads, d / heads, d})
      .reshape({members * heads, d / heads, d});
}

}  // namespace

at::Tensor cross_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& queries,
                           const at::Tensor& memory, const at::Tensor& mask, CrossAttentionSaved& saved) {
  const std::int64_t members = queries.size(0), tokens = queries.size(1), d = queries.size(2), c = d / heads;
  saved.queries = queries;
  saved.memory = memory;
  saved.q = split_heads(linear(p.in.rows(0, d), queries).mul_(1 / std::sqrt(static_cast<double>(c))), heads);
  saved.qk = product(saved.q, head_weights(p, 1, heads)).view({members, heads * tokens, d});
  const at::Tensor scores = product(saved.qk, memory.transpose(1, 2));  // [F, H T, N]
  saved.probabilities = at::softmax(scores, -1).view({members * heads, tokens, -1});
  saved.weights = dropped(saved.probabilities, mask);
  saved.weight_sum = saved.weights.sum(-1, true).view({members, heads, tokens, 1});
  saved.context = product(saved.weights.view({members, heads * tokens, -1}), memory).view({members * heads, tokens, d});
  const at::Tensor bias = p.in.bias.narrow(2, 2 * d, d).view({members, heads, 1, c});
  const at::Tensor values = product(saved.context, head_weights(p, 2, heads).transpose(1, 2));
  values.view({members, heads, tokens, c}).addcmul_(saved.weight_sum, bias);
  saved.merged = merge_heads(values, heads);
  return project(p.out, saved.merged);
}

namespace {

// Writes a third of the in-projection's weight gradient: left [F H, K T, c] (task-major rows) times right, of the same
// rows (K T) or the same for all tasks (T), [F H, *, d].
void write_head_weights(const at::Tensor& left, const at::Tensor& right, int third, const LinearView& grad,
                        std::int64_t members, std::int64_t tokens) {
  const std::int64_t heads = left.size(0) / members, c = left.size(2), d = right.size(2);
  const std::int64_t tasks = grad.weight.size(0) / members;
  const at::Tensor target = grad.weight.narrow(1, third * d, d).view({members, tasks, d, d});
  for (std::int64_t task = 0; task < tasks; ++task) {
    const auto of = [&](const at::Tensor& x) { return x.size(1) == tokens ? x : x.narrow(1, task * tokens, tokens); };
    target.select(1, task).copy_(product(of(left).transpose(1, 2), of(right)).view({members, heads * c, d}));
  }
}

}  // namespace

void cross_attention_backward(const AttentionView& p, const CrossAttentionSaved& saved, const at::Tensor& g,
                              const AttentionView& grad, const at::Tensor& by_queries, const at::Tensor& by_memory) {
  const std::int64_t members = g.size(0), tokens = saved.queries.size(1), d = g.size(2), tasks = g.size(1) / tokens;
  const std::int64_t heads = saved.q.size(0) / members, c = d / heads, n = saved.memory.size(1);
  const std::int64_t rows = heads * tokens;
  project_backward(saved.merged, g, grad.out.weight);
  const at::Tensor out = split_heads(product(g, p.out.weight), heads);  // [F H, K T, c]

  // Values: Wv (sum a_i x_i) + bv sum a_i.
  write_head_weights(out, saved.context, 2, grad.in, members, tokens);
  const at::Tensor out5 = out.view({members, heads, tasks, tokens, c});
  at::Tensor bias_gradient = grad.in.bias.view({members, tasks, 3, heads, c});
  bias_gradient.select(2, 1).zero_();
  bias_gradient.select(2, 2).copy_((out5 * saved.weight_sum.unsqueeze(2)).sum(3).transpose(1, 2));
  const at::Tensor bias = p.in.bias.narrow(2, 2 * d, d).view({members, heads, 1, 1, c});
  const at::Tensor sum_gradient = (out5 * bias).sum(-1, true);                  // [F, H, K, T, 1]
  const at::Tensor context_gradient = product(out, head_weights(p, 2, heads));  // [F H, K T, d]
  const at::Tensor scores = product(context_gradient.view({members, tasks * rows, d}), saved.memory.transpose(1, 2))
                                .view({members * heads, tasks, tokens, n});
  scores.add_(sum_gradient.view({members * heads, tasks, tokens, 1}));
  softmax_backward_(scores, saved.probabilities, saved.weights);

  // Scores: (Wk^T q).x.
  const at::Tensor qk_gradient =
      product(scores.view({members, tasks * rows, n}), saved.memory).view({members * heads, tasks * tokens, d});
  write_head_weights(saved.q, qk_gradient, 1, grad.in, members, tokens);
  const at::Tensor q_gradient =
      product(qk_gradient, head_weights(p, 1, heads).transpose(1, 2)).mul_(1 / std::sqrt(static_cast<double>(c)));

  // Memory: each tile was used as a key and as a value.
  const auto by_task = [&](const at::Tensor& x, std::int64_t last) {  // [F H, K T, *] -> [F K, H T, *]
    return x.view({members, heads, tasks, tokens, last}).transpose(1, 2).reshape({members * tasks, rows, last});
  };
  const auto every_task = [&](const at::Tensor& x, std::int64_t last) {  // [F, H T, *] -> [F K, H T, *]
    return x.view({members, 1, rows, last}).expand({members, tasks, rows, last}).reshape({members * tasks, rows, last});
  };
  const at::Tensor memory_rows = by_memory.view({members * tasks, n, d});
  multiply_add(memory_rows, by_task(scores, n).transpose(1, 2), every_task(saved.qk, d));
  multiply_add(memory_rows, every_task(saved.weights, n).transpose(1, 2), by_task(context_gradient, d));
  const at::Tensor queries = merge_heads(q_gradient, heads);
  by_queries.add_(linear_backward(p.in.rows(0, d), saved.queries, queries, grad.in.rows(0, d)));
}

}  // namespace mtlgrid
