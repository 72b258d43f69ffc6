// Checks of what metrics are called with.
#pragma once

#include <cstddef>
#include <span>

namespace mtlgrid {

// Throws std::invalid_argument if two vectors of values differ in length.
void require_same_length(std::size_t a, std::size_t b);

// Throws std::invalid_argument if a label is neither 0 nor 1.
void require_labels(std::span<const int> label);

// Throws Error(cell_failed) naming `what` and the row of the first number that is not finite.
void require_finite(std::span<const double> values, const char* what);

}  // namespace mtlgrid
