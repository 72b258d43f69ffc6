// A cohort outside any configuration: every patient of a slide table, with labels if a clinical table has them.
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
  // Slides and patients that are not predicted, and patients that are predicted without a label; each once.
  std::vector<Drop> drops;
};

// `files.clini` may be empty: then there are no labels, and no patient counts as unlabelled. Labels follow the rules of
// external cohorts (label_rows). Adds every problem to `problems`; if there are any, the cohort must not be used.
NewCohort load_new_cohort(const CohortFiles& files, const LabelRule& rule, const std::string& auxiliary_column,
                          Problems& problems);

}  // namespace mtlgrid
