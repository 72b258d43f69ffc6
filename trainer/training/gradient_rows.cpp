#include "trainer/training/gradient_rows.h"

#include <ATen/ops/zeros.h>

#include "balancers/aggregations/inner_products.h"
#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {
namespace {

GradientSum sum(const at::Tensor& rows, const std::vector<double>& c) {
  GradientSum s;
  for (std::size_t k = 0; k < c.size(); ++k) s.row.push_back(rows[static_cast<std::int64_t>(k)]);
  s.coefficient = c;
  return s;
}

}  // namespace

GradientRows::GradientRows(const ParameterLayout& layout, const ModelSettings& model, std::size_t members,
                           std::int64_t tasks, const at::TensorOptions& options)
    : tasks_a_member(tasks),
      shared(at::zeros({static_cast<std::int64_t>(members) * tasks, layout.shared}, options)),
      own(at::zeros({static_cast<std::int64_t>(members) * tasks, layout.total - layout.shared}, options)),
      view(make_views(layout, model, shared, own)) {}

GradientSum GradientRows::shared_sum(std::size_t member, const std::vector<double>& c) const {
  return sum(shared_of(member), c);
}
GradientSum GradientRows::own_sum(std::size_t member, const std::vector<double>& c) const {
  return sum(own_of(member), c);
}

std::vector<std::vector<double>> member_products(const at::Tensor& a, const at::Tensor& b, std::size_t members) {
  const auto f = static_cast<std::int64_t>(members);
  const at::Tensor a3 = a.view({f, -1, a.size(1)}), b3 = b.view({f, -1, b.size(1)});
  std::vector<std::vector<double>> all;
  if (a.is_cpu()) {
    for (std::int64_t i = 0; i < f; ++i) all.push_back(inner_products(a3[i], b3[i]));
    return all;
  }
  const at::Tensor products = gpu::inner_products(a3, b3);
  const std::int64_t n = products.numel() / f;
  for (const double* p = products.const_data_ptr<double>(); all.size() < members; p += n) all.emplace_back(p, p + n);
  return all;
}

}  // namespace mtlgrid
