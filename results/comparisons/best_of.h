// The value of the best of several methods, corrected for having been chosen as the best.
//
// Tsamardinos, Greasidou and Borboudakis, Machine Learning 107 (2018): bootstrap bias-corrected cross-validation. The
// largest of several estimates is too large. In each bootstrap replicate the method that is best on the patients drawn
// is evaluated on the patients that were not; the mean over replicates estimates the value of a method that is chosen
// this way, and percentiles of them its interval. No method is trained again. A replicate leaves out 37 % of the
// patients, so the interval is that of a smaller cohort: rather too wide than too narrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "results/metrics/registry.h"

namespace mtlgrid {

struct BestOf {
  double corrected = kMissing;                   // mean out-of-bag value of the method that is best in bag
  double ci_low = kMissing, ci_high = kMissing;  // percentiles of the out-of-bag values, linear interpolation
  // Mean over replicates of what the best method loses out of bag, positive where selection flatters. Replicates choose
  // on fewer distinct patients than the cohort has; what selection added to a reported best is that value -
  // `corrected`.
  double optimism = kMissing;
  std::int64_t used = 0;  // replicates that count
  std::string reason;     // why there is no estimate; empty where there is one
};

// `in_bag` and `out_of_bag` [replicate][method], `methods` numbers a row, NaN where a metric is undefined. A replicate
// counts if all its in-bag values and the chosen method's out-of-bag value are numbers: the best of those that happen
// to be defined would be the best of something else. Methods tied in bag are all chosen and their out-of-bag values
// averaged (departure: the paper takes the first, which depends on the order). No estimate if no replicate counts.
// Errors: std::invalid_argument for matrices of different sizes or rows that are not whole, a confidence outside (0,
// 1), or Better::neither; Error(fatal) for an infinite value.
BestOf best_of(std::span<const double> in_bag, std::span<const double> out_of_bag, std::size_t methods, Better better,
               double confidence);

}  // namespace mtlgrid
