// Yu et al. 2020, algorithm 1, on coefficients: h_i = sum_m C_im g_m stays in the span of the task gradients, so all
// inner products come from M. Departure under `epsilons` (the released code): the projection is on
// g_j / (|g_j| + 1e-8). The released code's mean over tasks is multiplied by K afterwards: a sum, as here.
#include "balancers/aggregations/pcgrad.h"

#include <cmath>
#include <stdexcept>

namespace mtlgrid {
namespace {

void require_order(const std::vector<std::vector<int>>& order, int tasks) {
  const auto reject = [] { throw std::invalid_argument("pcgrad: order[i] must list every task but i, once each"); };
  if (order.size() != static_cast<std::size_t>(tasks)) reject();
  for (int i = 0; i < tasks; ++i) {
    const auto& others = order[static_cast<std::size_t>(i)];
    std::vector<bool> seen(static_cast<std::size_t>(tasks), false);
    seen[static_cast<std::size_t>(i)] = true;
    if (others.size() + 1 != seen.size()) reject();
    for (int j : others) {
      if (j < 0 || j >= tasks || seen[static_cast<std::size_t>(j)]) reject();
      seen[static_cast<std::size_t>(j)] = true;
    }
  }
}

// Coefficients of h_i; `others` in the order of projection.
std::vector<double> projected(const GramMatrix& gram, int i, const std::vector<int>& others, double epsilon) {
  std::vector<double> h(static_cast<std::size_t>(gram.tasks), 0.0);
  h[static_cast<std::size_t>(i)] = 1;
  for (int j : others) {
    double dot = 0;  // <h_i, g_j>
    for (int m = 0; m < gram.tasks; ++m) dot += h[static_cast<std::size_t>(m)] * gram(m, j);
    if (dot >= 0 || gram(j, j) <= 0) continue;  // no conflict, or g_j = 0
    const double length = std::sqrt(gram(j, j)) + epsilon;
    h[static_cast<std::size_t>(j)] -= epsilon == 0 ? dot / gram(j, j) : dot / length / length;
  }
  return h;
}

// Two tasks leave no choice of order.
std::vector<std::vector<int>> projection_order(TaskGradients& gradients) {
  if (gradients.tasks() == 1) return {{}};
  if (gradients.tasks() == 2) return {{1}, {0}};
  return gradients.order();
}

}  // namespace

std::vector<double> pcgrad_coefficients(const GramMatrix& gram, const std::vector<std::vector<int>>& order,
                                        const Protocol& protocol) {
  require_order(order, gram.tasks);
  const double epsilon = protocol.epsilons ? 1e-8 : 0;
  std::vector<double> sum(static_cast<std::size_t>(gram.tasks), 0.0);
  for (int i = 0; i < gram.tasks; ++i) {
    const auto h = projected(gram, i, order[static_cast<std::size_t>(i)], epsilon);
    for (std::size_t m = 0; m < sum.size(); ++m) sum[m] += h[m];
  }
  return sum;
}

Aggregated PcGrad::aggregate(TaskGradients& gradients) {
  return {pcgrad_coefficients(gradients.gram(), projection_order(gradients), protocol_), {}};
}

}  // namespace mtlgrid
