// How close a number must be to that of an oracle.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace mtlgrid {

// Relative to `expected`; where that is 0, `found` must be. An oracle adds in another order, so two correct results
// differ by some units in the last of 16 digits.
inline void expect_close(double found, double expected, const std::string& what, double tolerance = 1e-12) {
  EXPECT_LE(std::abs(found - expected), tolerance * std::abs(expected))
      << what << ": " << found << ", expected " << expected;
}

}  // namespace mtlgrid
