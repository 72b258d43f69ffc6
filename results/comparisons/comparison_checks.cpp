#include "results/comparisons/comparison_checks.h"

#include <cmath>
#include <stdexcept>

#include "base/errors.h"

namespace mtlgrid {

void require_numbers(std::span<const double> values, const char* what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw Error(ErrorKind::fatal, std::string(what) + " " + std::to_string(i) + " is " + std::to_string(values[i]) +
                                        ", expected a finite number");
    }
  }
}

void require_argument(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument(message);
}

void require_between_0_and_1(double value, const char* what) {
  if (!(value > 0 && value < 1)) {
    throw std::invalid_argument(std::string(what) + " is " + std::to_string(value) + ", expected between 0 and 1");
  }
}

std::size_t rows_of(std::span<const double> values, std::size_t columns, const char* what) {
  if (columns == 0 || values.size() % columns != 0) {
    throw std::invalid_argument(std::string(what) + ": " + std::to_string(values.size()) + " values in rows of " +
                                std::to_string(columns));
  }
  return values.size() / columns;
}

}  // namespace mtlgrid
