// A column of a table by method, and which of its values is the best.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "results/metrics/registry.h"
#include "results/tables/paper_table.h"

namespace mtlgrid {

// A column's values in the order of TableGrid::methods, and what footnotes must say about it.
struct TableColumnValues {
  std::vector<TableValue> values;
  std::map<std::string, int> undefined;  // reason: cells that have a result but not this metric
  int left_out = 0;  // most replicates left out of one value, because the metric was undefined in one of its cells
  int untested = 0;  // methods without a test, because their values rest on other cells than `baseline`'s
};

// a - b, and 0 where they are within 1e-12 of the larger: means of the same cells summed in another order are a tie.
double difference_of(double a, double b);

// The same of each replicate of two values, without those in which one of them is undefined (NaN).
std::vector<double> differences_of(std::span<const double> a, std::span<const double> b);

// Marks the best value. Only values over as many cells as the fullest of the column compete: a mean over one easy fold
// does not compare with a mean over five. Ties (difference_of) share it. With fewer than two values, and
// where neither direction is better, there is no best.
void mark_best(Better better, std::vector<TableValue>& values);

}  // namespace mtlgrid
