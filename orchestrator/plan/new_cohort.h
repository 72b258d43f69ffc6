// A cohort outside any configuration: every patient of a slide table, with labels if a clinical table has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/cohorts/classes.h"
#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"

namespace mtlgrid {

class FeatureReader;

struct NewCohort {
  Cohort patients;                        // all patients of the slide table with at least one feature file
  std::vector<std::optional<int>> label;  // of each; 1 positive, 0 negative
  std::vector<double> target;             // of each, table units; NaN where missing
  // Slides and patients that are not predicted, and patients that are predicted without a label; each once.
  std::vector<Drop> drops;
  LabelRule rule;                  // with the classes that were used
  Cohort labelled{};               // the patients of the clinical table; empty without one
  std::vector<LabelValue> values;  // of the label column, most frequent first; empty without a clinical table
};

// `files.slides` may be empty: then the patients are those of the clinical table. `files.clini` may be empty: then
// there are no labels, and no patient counts as unlabelled. Labels follow the rules of external cohorts (label_rows). A
// rule without negative values (of a grid that an earlier version registered) takes the only other value of the
// clinical table (find_classes). Adds every problem to `problems`; if there are any, the cohort must not be used.
// Feature files are read by `reader`.
NewCohort load_new_cohort(const CohortFiles& files, const LabelRule& rule, const std::string& auxiliary_column,
                          FeatureReader& reader, Problems& problems);

}  // namespace mtlgrid
