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
  std::vector<std::string> cautions{};            // what may be wrong, a sentence each without full stop
};

// A guess for each set of features that some table assigns to patients, and a further one for each table that assigns
// files of the set which the first does not: cohorts may share a folder. Of several clinical tables of the same files
// one with labels is taken, the nearest to the features, then the one with most signatures; where another has the same
// label with other values, that is a caution. Of several sets of the same patients tiles come before embeddings, then
// the set with most patients, then the one cut like most other cohorts' and with their extractor, then CTransPath (the
// paper's); the rest are its alternatives. Names are those of folders, or of tables where cohorts share a folder.
// `sets` and `tables` must outlive the result; sets without patients are noted.
std::vector<CohortGuess> cohort_guesses(const std::vector<FeatureSet>& sets, const std::vector<Table>& tables,
                                        std::vector<std::string>& notes);

}  // namespace mtlgrid
