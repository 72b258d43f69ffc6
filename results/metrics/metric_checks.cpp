#include "results/metrics/metric_checks.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "base/errors.h"

namespace mtlgrid {

void require_same_length(std::size_t a, std::size_t b) {
  if (a != b) throw std::invalid_argument("metric: " + std::to_string(a) + " and " + std::to_string(b) + " values");
}

void require_labels(std::span<const int> label) {
  for (int y : label) {
    if (y != 0 && y != 1) throw std::invalid_argument("metric: label " + std::to_string(y) + ", expected 0 or 1");
  }
}

void require_finite(std::span<const double> values, const char* what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw Error(ErrorKind::cell_failed, std::string(what) + " of row " + std::to_string(i) + " is " +
                                              std::to_string(values[i]) + ", expected a finite number");
    }
  }
}

}  // namespace mtlgrid
