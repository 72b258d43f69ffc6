// The class labels and auxiliary targets that a pair of tasks reads from a cohort's clinical table.
#pragma once

#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"
#include "datasets/cohorts/label_rule.h"

namespace mtlgrid {

// The patients of a cohort that a pair can use, with their labels. Rows are in ascending order of the patient's name.
struct LabelledRows {
  std::vector<int> patient;    // index into Cohort::patients
  std::vector<int> label;      // 1 positive, 0 negative
  std::vector<double> target;  // table units; NaN where missing (external cohorts only)
  std::vector<Drop> drops;
  bool whole = true;  // false: without patients whose auxiliary cell looks like a missing value (missing_cells.h)
};

// Training cohorts need both labels; external cohorts the class label alone (`target_required` false): there the
// column may even be absent. Problems (values of no class, text that is not a number, column missing, repeated rows of
// a patient that differ in a used column) are one line a cause with file, column, count, rows and what to write. A
// training cohort left with one class, and any cohort left with no patient, are problems too. Cells that look like
// missing values are left to check_missing_cells(), which speaks of them once for all columns. Where the rule's
// negative values are not known, labels are not checked (all but positive ones count as negative), and the rows must
// not be used.
LabelledRows label_rows(const Cohort& cohort, const LabelRule& rule, const std::string& auxiliary_column,
                        bool target_required, Problems& problems);

}  // namespace mtlgrid
