// The fixture of comparisons, and how close a number must be to it.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"

namespace mtlgrid {

using Values = std::vector<double>;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline const nlohmann::json& comparisons(const char* subject) { return oracle_file("comparisons.json").at(subject); }

// A tolerance that the generator names (TOLERANCES in comparisons.py).
inline double tolerance(const char* name) { return comparisons("tolerances").at(name).get<double>(); }

inline void expect_relative(double found, double expected, const std::string& what) {
  expect_close(found, expected, what, tolerance("relative"));
}

inline void expect_absolute(double found, double expected, const std::string& what) {
  EXPECT_NEAR(found, expected, tolerance("absolute")) << what;
}

// Rows one after another; null becomes NaN.
inline Values flattened(const nlohmann::json& j) {
  if (j.is_null()) return {std::numeric_limits<double>::quiet_NaN()};
  if (j.is_number()) return {j.get<double>()};
  Values out;
  for (const auto& part : j) {
    const Values values = flattened(part);
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

}  // namespace mtlgrid
