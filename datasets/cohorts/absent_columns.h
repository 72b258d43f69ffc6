// Auxiliary columns that a cohort may lack, and lacks.
#pragma once

#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/used_patients.h"

namespace mtlgrid {

// Says of the auxiliary columns that `uses` do not require and the clinical table does not have: where another column,
// which no use names, has nearly that name (letter case, blanks, punctuation, an addition at its end, a typing error),
// a line of Cohort::warnings names both; the others are a line of Cohort::inferences.
void note_absent_columns(Cohort& cohort, const std::vector<CohortUse>& uses);

}  // namespace mtlgrid
