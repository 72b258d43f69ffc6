// Joining the clinical and the slide table with a folder of feature files, before any of these files is opened.
#pragma once

#include "datasets/cohort.h"
#include "datasets/feature_index.h"

namespace mtlgrid {

// A patient of a cohort with at least one existing file.
struct JoinedPatient {
  std::string name;
  std::size_t clini_row = 0;        // first row of the patient in the clinical table
  std::vector<std::string> slides;  // relative paths of the files, slide-table row order, each once
};

// Patients ascending by bytes of the name: those of `clini`, or of `slides` where `files` names no clinical table.
// Drops are added to `drops`. Missing columns, FILENAMEs that are ambiguous or outside the folder, files of two
// patients, and joins that leave nobody are added to `problems`, one line a cause; a join that loses most rows for one
// reason, and sub-folders that could not be read, to `warnings`.
std::vector<JoinedPatient> join_tables(const CohortFiles& files, const Table& clini, const Table& slides,
                                       const FeatureIndex& features, std::vector<Drop>& drops, Problems& problems,
                                       std::vector<std::string>& warnings);

}  // namespace mtlgrid
