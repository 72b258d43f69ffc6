#include "balancers/weightings/equal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "tests/balancers/weightings/weightings.h"

namespace mtlgrid {
namespace {

TEST(EqualWeighting, IsOneForever) {
  auto w = make("equal", false, 3);
  w->step_done(Vector{1, 2, 3}, 0.1);
  w->epoch_done();
  EXPECT_EQ(w->weights(), Vector(3, 1.0));
}

}  // namespace
}  // namespace mtlgrid
