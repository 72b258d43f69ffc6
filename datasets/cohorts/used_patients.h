// Which patients of a cohort some pair of tasks may use: the files of the others need not be whole.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "datasets/tables/table.h"

namespace mtlgrid {

// What a pair of tasks reads of a cohort's clinical table.
struct CohortUse {
  std::string label_column;
  std::vector<std::string> ignore;  // labels of patients that the pair does not use
  std::string auxiliary_column;
  bool auxiliary_required = true;  // as in training cohorts
};

// Whether one of `uses` may take the patient of this row of the clinical table: it has a label that is not ignored, and
// the auxiliary value where that is required. A column that is not there excludes nobody: it is a problem of its own.
// True where `uses` is empty.
bool may_be_used(const Table& clini, std::size_t row, const std::vector<CohortUse>& uses);

}  // namespace mtlgrid
