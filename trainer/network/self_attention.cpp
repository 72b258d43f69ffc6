#include "trainer/network/self_attention.h"

#include <algorithm>

#include "trainer/kernels/products.h"
#include "trainer/kernels/rows.h"
#include "trainer/network/linear.h"
#include "trainer/network/self_attention_blocks.h"
#include "trainer/network/self_attention_tiles.h"

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

}  // namespace mtlgrid
