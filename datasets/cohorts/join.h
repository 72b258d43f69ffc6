// Joining the clinical and the slide table with a folder of feature files, before any of these files is opened.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/features/feature_index.h"

namespace mtlgrid {

// A patient of a cohort with at least one existing file.
struct JoinedPatient {
  std::string name;
  std::size_t clini_row = 0;        // first row of the patient in the clinical table
  std::vector<std::string> slides;  // relative paths of the files, slide-table row order, each once
};

// Where a join writes what it finds. `inferences`: what it chose, with the evidence. `unlisted`: slides that are used,
// were not found, and may be in a sub-folder that cannot be listed: the cohort is not known then. `named`: the files
// that rows name, whatever becomes of the rows.
struct JoinFindings {
  std::vector<Drop>& drops;
  Problems& problems;
  std::vector<std::string>& warnings;
  Problems& unlisted;
  std::vector<std::string>& inferences;
  std::set<std::string>& named;
};

// Patients ascending by bytes of the name: those of `clini`, or of `slides` where `files` names no clinical table.
// Where it names no slide table, each patient of `clini` has the file that its name refers to. `used` says of a row of
// the table of patients whether any pair may take it: FILENAMEs that are ambiguous or outside the folder, and files of
// two patients, are problems if it does, otherwise warnings; of patients who are not in the clinical table they are
// neither. Missing columns and joins that leave nobody are problems, one line a cause; a join that loses rows for one
// reason, sub-folders that could not be read, and files that are one under two names, warnings.
std::vector<JoinedPatient> join_tables(const CohortFiles& files, const Table& clini, const Table& slides,
                                       const FeatureIndex& features, const std::function<bool(std::size_t)>& used,
                                       const JoinFindings& findings);

}  // namespace mtlgrid
