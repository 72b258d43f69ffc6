// Min-max scaling of an auxiliary target, fitted on the inner training rows (paper's code: sklearn MinMaxScaler).
#pragma once

#include <vector>

namespace mtlgrid {

// A target outside the fitted range is not clipped. Departure: scikit-learn computes x * (1 / range) - min *
// (1 / range), which differs from (x - min) / range in the last bits of a double; both are cast to float32.
struct MinMax {
  double minimum = 0, range = 1;  // range 1 for a constant target (range < 10 epsilons), as scikit-learn
  // Throws Error(fatal) if there are no values or one is not finite: callers drop such patients first.
  static MinMax fit(const std::vector<double>& values);
  double scale(double table_units) const { return (table_units - minimum) / range; }
  double unscale(double scaled) const { return scaled * range + minimum; }
};

}  // namespace mtlgrid
