// Whether two results of the same cell are the same: for `cell --verify`.
#pragma once

#include <string>
#include <vector>

#include "results/records/records.h"

namespace mtlgrid {

struct Comparison {
  enum class Verdict { bit_equal, within_tolerance, different };
  Verdict verdict = Verdict::bit_equal;
  double largest = 0;                    // largest absolute difference of two numbers
  std::string where;                     // where it is; for `different`, the first beyond the tolerance
  std::vector<std::string> environment;  // what differs in the environments, "device: cpu against ..."
  std::string text() const;              // one line for people
};

// Absolute tolerance on every number, for results of other CPU types, libraries or devices: float32 training of a few
// hundred steps moves scores by less (measured on one-thread against two-thread runs).
inline constexpr double kVerifyTolerance = 1e-3;

// Compares best epoch, epochs (but for their seconds), predictions, metrics and embeddings; order does not matter.
// Two missing numbers are equal.
Comparison compare_results(CellResult stored, CellResult fresh);

}  // namespace mtlgrid
