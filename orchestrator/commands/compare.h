// Compares two results of the same cell, for `cell --verify`.
#pragma once

#include <string>
#include <vector>

#include "results/records/records.h"

namespace mtlgrid {

struct Comparison {
  enum class Verdict { bit_equal, within_tolerance, different };
  Verdict verdict = Verdict::bit_equal;
  double largest = 0;                    // largest absolute difference of two numbers
  std::string where;                     // its place; if `different`, the first one beyond the tolerance
  std::vector<std::string> environment;  // differences between the environments, "device: cpu against ..."
  std::string text() const;              // one line for people
};

// Absolute tolerance on every number, for results of other CPU types, libraries or devices: float32 training of a few
// hundred steps moves scores by less (measured on one-thread against two-thread runs).
inline constexpr double kVerifyTolerance = 1e-3;

// Compares best epoch, epochs (except their seconds), predictions, metrics and embeddings, in any order. Two missing
// numbers are equal.
Comparison compare_results(CellResult stored, CellResult fresh);

}  // namespace mtlgrid
