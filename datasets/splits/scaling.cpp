#include "datasets/splits/scaling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"

namespace mtlgrid {

MinMax MinMax::fit(const std::vector<double>& values) {
  if (values.empty()) throw Error(ErrorKind::fatal, "min-max scaling of no values");
  for (const double value : values) {
    if (!std::isfinite(value)) throw Error(ErrorKind::fatal, "min-max scaling of a value that is not finite");
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double range = *high - *low;
  // scikit-learn's threshold for "constant" (_handle_zeros_in_scale): 10 machine epsilons.
  const bool constant = range < 10 * std::numeric_limits<double>::epsilon();
  return {*low, constant ? 1.0 : range};
}

}  // namespace mtlgrid
