// Reading a cohort: its tables and feature files are joined and every file is checked.
#pragma once

#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/used_patients.h"
#include "datasets/features/fingerprint_memory.h"

namespace mtlgrid {

class FeatureDisk;
class FeatureReader;

// Joins the tables with the feature folder (join.h): slide rows without a file and patients without slides are dropped
// and listed in Cohort::drops. Reads every feature file once to check its values and hash it, unless `memory` knows it;
// `memory` learns what was read. Everything that is wrong is added to `problems`, one line a cause; the returned cohort
// must not be used then. Faults in files of patients whom none of `uses` may take (empty: all are used) are warnings.
// Throws Error(needs_person) where the system kept files from being read and nothing else is wrong (SystemError).
// Feature files are read by `reader`, tables from `disk`.
Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses, FeatureReader& reader, FeatureDisk& disk);
// These read the feature files in this process: only for files of one's own, as tests make them.
Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses = {});
Cohort load_cohort(const CohortFiles& files, FingerprintMemory& memory, Problems& problems,
                   const std::vector<CohortUse>& uses, FeatureDisk& disk);

}  // namespace mtlgrid
