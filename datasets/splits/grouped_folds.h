// Folds and validation in which site groups stay whole: the rows with one value of a column (configuration key
// `groups`) are never in two folds, nor in both the training and the validation rows of a fold.
//
// A row's class is a code from 0 on, and so is its site group; every code below the highest occurs. Rows of the results
// are ascending, unless noted otherwise. Everything is deterministic in the arguments, on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/splits/folds.h"

namespace mtlgrid {

// How near the class counts of folds are to equal shares, N_c / k for the N_c rows of class c.
struct FoldBalance {
  double largest = 0;   // the largest deviation of any fold and class, in rows
  double possible = 0;  // no division of whole site groups has a smaller one
  bool best = false;    // whether `largest` is proven to be the smallest, and so is the sum of deviations
};

struct GroupedTests {
  std::vector<std::vector<int>> test;  // rows of each fold
  FoldBalance balance;
  bool every_class = false;  // whether each fold has every class
};

// k folds of whole site groups: among the divisions in which the fewest folds lack a class, the one with the smallest
// largest deviation of the class counts from N_c / k, and then the smallest sum of deviations (balanced_partition.h).
// Throws InputError for k < 2 and for fewer site groups than folds.
GroupedTests grouped_k_fold(const std::vector<int>& classes, const std::vector<int>& group, int k, std::uint32_t seed);

// One fold for each site group, in the order of their codes.
std::vector<std::vector<int>> one_fold_per_group(const std::vector<int>& group);

// What could be kept when validation rows were split off.
enum class GroupedValidation {
  whole,        // site groups are whole, and both parts have every class
  lacks_class,  // site groups are whole, the validation rows lack a class
  by_row,       // site groups are split: there is only one, or the training rows would lack a class
};

struct GroupedSplit {
  std::vector<int> train, valid;  // positions in `classes`
  GroupedValidation kept = GroupedValidation::whole;
};

// Splits validation rows off in whole site groups: about `share` of the rows of each class, a division in which the
// training rows have every class and the validation rows lack the fewest; then the one with the smallest largest
// deviation, and the smallest sum (share in steps of 0.0001). Codes of site groups need not be dense here. Where that
// is impossible (GroupedValidation::by_row), rows are split as by stratified_split(), in its order; it may throw
// InputError.
GroupedSplit grouped_split(const std::vector<int>& classes, const std::vector<int>& group, double share,
                           std::uint32_t seed);

}  // namespace mtlgrid
