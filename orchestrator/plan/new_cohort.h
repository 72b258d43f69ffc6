// A cohort that no configuration names: every patient of a slide table, with labels where a clinical table has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/cohort.h"
#include "datasets/labels.h"

namespace mtlgrid {

struct NewCohort {
  Cohort patients;                        // all patients of the slide table with at least one feature file
  std::vector<std::optional<int>> label;  // of each; 1 positive, 0 negative
  std::vector<double> target;             // of each, table units; NaN where missing
  // Slides and patients that are not predicted, and patients that are but have no label, each once.
  std::vector<Drop> drops;
};

// `files.clini` may be empty: then there are no labels, and nobody is missed. Labels follow the rules of external
// cohorts (label_rows). Everything that is wrong is added to `problems`; the cohort must not be used then.
NewCohort load_new_cohort(const CohortFiles& files, const LabelRule& rule, const std::string& auxiliary_column,
                          Problems& problems);

}  // namespace mtlgrid
