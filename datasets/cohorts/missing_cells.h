// Cells of used columns that look like missing values and were not read as such, told once for a cohort.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"
#include "datasets/cohorts/used_patients.h"

namespace mtlgrid {

// The spellings of a missing value (looks_missing) that stand in the cohort's auxiliary columns, among the patients
// whom `uses` read, and in the label columns of `rules`; each once. For Cohort::unread_missing.
std::vector<std::string> unread_missing(const Cohort& cohort, const std::vector<CohortUse>& uses,
                                        const std::vector<LabelRule>& rules);

// Adds one line for all auxiliary cells that should be numbers and look like missing values: columns, count, spellings
// with rows, and what to write. label_rows() leaves their patients out and says nothing of them.
void check_missing_cells(const Cohort& cohort, const std::vector<CohortUse>& uses, Problems& problems);

}  // namespace mtlgrid
