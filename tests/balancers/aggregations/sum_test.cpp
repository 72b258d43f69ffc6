#include "balancers/aggregations/sum.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

TEST(Sum, AddsTheGradientsOfAllTasks) {
  const Rows rows = {{1, -2}, {-2, 3}, {5, 7}};
  EXPECT_EQ(values_of(aggregate("none", tensor_of(rows))), (Vector{4, 8}));
  EXPECT_EQ(sum_coefficients(3), Vector(3, 1.0));
}

TEST(Sum, OverflowIsAnError) {
  EXPECT_THROW(aggregate("none", tensor_of({{3e38}, {3e38}}, at::kFloat)), std::domain_error);
}

}  // namespace
}  // namespace mtlgrid
