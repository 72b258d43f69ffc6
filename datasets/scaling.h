// Min-max scaling of an auxiliary target, fitted on the inner training rows (paper's code: sklearn MinMaxScaler).
#pragma once

#include <vector>

namespace mtlgrid {

struct MinMax {
  double minimum = 0, range = 1;  // range 1 for a constant target, as scikit-learn
  static MinMax fit(const std::vector<double>& values);
  double scale(double table_units) const { return (table_units - minimum) / range; }
  double unscale(double scaled) const { return scaled * range + minimum; }
};

}  // namespace mtlgrid
