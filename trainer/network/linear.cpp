#include "trainer/network/linear.h"

#include "trainer/kernels/products.h"
#include "trainer/kernels/rows.h"

namespace mtlgrid {

at::Tensor project(const LinearView& p, const at::Tensor& x) { return product(x, p.weight.transpose(1, 2)); }

void project_backward(const at::Tensor& x, const at::Tensor& g, const at::Tensor& weight_gradient) {
  const std::int64_t members = x.size(0), n = x.size(1), in = x.size(2), out = g.size(2), tasks = g.size(1) / n;
  multiply(weight_gradient.view({members, tasks, out, in}), g.view({members, tasks, n, out}).transpose(2, 3),
           x.unsqueeze(1).expand({members, tasks, n, in}));
}

at::Tensor linear(const LinearView& p, const at::Tensor& x) { return project(p, x).add_(p.bias); }

at::Tensor linear_backward(const LinearView& p, const at::Tensor& x, const at::Tensor& g, const LinearView& grad) {
  project_backward(x, g, grad.weight);
  column_sums(g, grad.bias);
  return product(g, p.weight);
}

}  // namespace mtlgrid
