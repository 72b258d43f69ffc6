// The site groups of a pair: the patients of its training rows with the same value of the column that `groups` names.
#pragma once

#include <string>
#include <vector>

#include "datasets/splits/grouped_folds.h"

namespace mtlgrid {

struct PairSites {
  std::vector<std::string> values;            // of the column, ascending by bytes; each has rows
  std::vector<int> group;                     // of each training row: index into `values`
  FoldBalance balance;                        // all zero where each value is a fold, or a file decides the folds
  std::vector<GroupedValidation> validation;  // of each fold
};

}  // namespace mtlgrid
