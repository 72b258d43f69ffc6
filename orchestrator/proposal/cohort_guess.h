// Cohorts as they may be meant: a clinical table, the files of its patients, and what its columns look like.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/proposal/assignment.h"
#include "orchestrator/proposal/column_facts.h"

namespace mtlgrid {

struct CohortGuess {
  std::string name;  // valid as a cohort's name in a configuration, and no other guess has it
  const FeatureSet* set = nullptr;
  Assignment assignment;
  std::vector<ColumnFacts> columns{};             // of the clinical table, over the patients with files
  std::vector<const FeatureSet*> alternatives{};  // other features of the same patients
};

// A guess for each set of features that some table assigns to patients. Of several clinical tables one with labels is
// taken, the nearest to the features, then the one with most signatures. Of several sets of the same patients tiles
// come before embeddings, then the set with most patients, then CTransPath (the paper's); the rest are its
// alternatives. Names are those of folders. `sets` and `tables` must outlive the result; sets without patients are
// noted.
std::vector<CohortGuess> cohort_guesses(const std::vector<FeatureSet>& sets, const std::vector<Table>& tables,
                                        std::vector<std::string>& notes);

}  // namespace mtlgrid
