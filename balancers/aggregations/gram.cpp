#include "balancers/aggregations/gram.h"

#include <ATen/core/Tensor.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "balancers/aggregations/gradients.h"
#include "balancers/aggregations/inner_products.h"

namespace mtlgrid {

GramMatrix gram_matrix(int tasks, std::vector<double> products) {
  GramMatrix gram{tasks, std::move(products)};
  for (int i = 0; i < tasks; ++i) {
    if (!std::isfinite(gram(i, i))) {
      throw std::domain_error("gradient of task " + std::to_string(i) + " is not finite");
    }
    for (int j = 0; j < i; ++j) {  // symmetric to the last bit, whatever the order of the sums was
      gram.values[static_cast<std::size_t>(i * tasks + j)] = gram.values[static_cast<std::size_t>(j * tasks + i)];
    }
  }
  return gram;
}

GramMatrix gram_matrix(const at::Tensor& gradients) {
  require_gradients(gradients);
  return gram_matrix(static_cast<int>(gradients.size(0)), inner_products(gradients, gradients));
}

}  // namespace mtlgrid
