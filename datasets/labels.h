// The class labels and auxiliary targets that a pair of tasks reads from a cohort's clinical table.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohort.h"

namespace mtlgrid {

// How a class label and an auxiliary target are read from a clinical table.
struct LabelRule {
  std::string column;
  std::vector<std::string> positive;  // values of the positive class, at least one
  std::vector<std::string> negative;  // values of the negative class; empty: any other single value
  std::vector<std::string> ignore;    // rows with these values are dropped and accounted
};

// The patients of a cohort that a pair can use, with their labels. Rows are in ascending order of the patient's name.
struct LabelledRows {
  std::vector<int> patient;    // index into Cohort::patients
  std::vector<int> label;      // 1 positive, 0 negative
  std::vector<double> target;  // table units; NaN where missing (external cohorts only)
  std::vector<Drop> drops;
};

// Training cohorts need both labels; external cohorts the class label alone (`target_required` false): there the
// column may even be absent. Problems (third class value, text that is not a number, column missing, repeated rows of a
// patient that differ in a used column) name file and row. Where the rule names no negative value, it is the most
// frequent other value. A training cohort left with one class, and any cohort left with no patient, are problems too.
LabelledRows label_rows(const Cohort& cohort, const LabelRule& rule, const std::string& auxiliary_column,
                        bool target_required, Problems& problems);

}  // namespace mtlgrid
