// Reading a cohort: its tables and feature files are joined and every file is checked.
#pragma once

#include "datasets/cohort.h"
#include "datasets/fingerprint_memory.h"

namespace mtlgrid {

// Joins the tables with the feature folder (join.h): slide rows without a file and patients without slides are dropped
// and listed in Cohort::drops. Reads every feature file once to check its values and hash it, unless `memory` knows it;
// `memory` learns what was read. Everything that is wrong is added to `problems`, one line each with file and row; the
// returned cohort must not be used then.
Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems);

}  // namespace mtlgrid
