// Splits in tables.
#pragma once

#include <filesystem>

#include "orchestrator/plan/split_lists.h"

namespace mtlgrid {

// Reads a table (datasets/tables/read_table.h) in one of these forms, which its columns tell. `part` stands for the
// words of part_of(), `fold` for a name such as fold, fold_3, CV5, cv_fold, split.
//   train, val, test     lists of names, CLAM's splits_K.csv: one split. Or TRUE and FALSE beside a column of names
//   fold_0, fold_1, ...  each patient's part in each split
//   fold, part           a row for each patient and split
//   fold                 the fold in which each patient is tested: site-preserved folds, for example
// Names are in the column with the most patients or slides of the cohort. Of several columns of folds the one is taken
// that has `folds` different values. Throws InputError, naming the columns, where no form fits or several do.
SplitFile read_split_table(const std::filesystem::path& file, const CohortNames& cohort, int folds);

}  // namespace mtlgrid
