// DeLong's intervals and tests of the single cells of a pair.
#pragma once

#include <cstddef>

#include "results/tables/paper_table.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

// The table `delong_BIOMARKER_AUXILIARY`: a column for every cohort and fold, in it each method's AUROC with DeLong's
// interval; stars: DeLong's test against the group's `baseline`, Holm over the other methods of the column. A test
// needs the same patients with the same labels in both cells. Where they differ, or delong.h gives no p, there is no
// test: it counts as p = 1 in the family, and a footnote gives the number and the reason. Missing intervals are
// footnoted too.
PaperTable delong_table(const TableSource& source, const TableBiomarker& biomarker, std::size_t auxiliary,
                        double confidence);

}  // namespace mtlgrid
