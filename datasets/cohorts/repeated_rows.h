// Patients with several rows in the clinical table.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

// The rows of a patient must agree in `columns` (those that are used; absent ones are skipped); a missing value differs
// from any other. Adds one line with the number of patients whose rows differ, the columns and three examples.
void check_repeated_rows(const Cohort& cohort, const std::vector<std::string>& columns, Problems& problems);

}  // namespace mtlgrid
