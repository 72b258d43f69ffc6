// Checks of what comparisons are called with.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mtlgrid {

// Throws Error(fatal) naming `what` and the index of the first number that is not finite: every comparison is of
// numbers that its caller has found to exist.
void require_numbers(std::span<const double> values, const char* what);

// Throws std::invalid_argument with `message` unless `holds`: a misuse that a caller can avoid.
void require_argument(bool holds, const std::string& message);

// Throws std::invalid_argument naming `what` unless 0 < `value` < 1 (a level, a confidence, a power).
void require_between_0_and_1(double value, const char* what);

// Rows of `values`, a matrix of `columns` numbers a row. Throws std::invalid_argument where they do not fill whole
// rows.
std::size_t rows_of(std::span<const double> values, std::size_t columns, const char* what);

}  // namespace mtlgrid
