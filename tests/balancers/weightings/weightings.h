// What the tests of loss weightings share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "balancers/weightings/make_weighting.h"
#include "tests/balancers/numbers.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid {

inline std::unique_ptr<LossWeighting> make(const std::string& name, bool released = false, int tasks = 2) {
  return make_weighting(name, tasks, released ? Protocol::released_code() : Protocol::paper());
}

inline void expect_near(const Vector& found, const Vector& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], tolerance) << "task " << k;
}

}  // namespace mtlgrid
