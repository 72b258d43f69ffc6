// Tables 1 and 2 of the paper and the supplementary tables of each pair: which columns they have, and what captions and
// footnotes say.
#pragma once

#include <filesystem>
#include <vector>

#include "results/tables/paper_table.h"
#include "results/tables/table_options.h"

namespace mtlgrid {

// Reads the store (a snapshot or a finished one). Throws InputError if it has no such grid, reference or repeats.
// Table 1 (`table1`): AUROC and AUPRC in percent per biomarker and cohort, held-out folds of the training cohort first;
// Table 2 (`table2`): silhouette on external cohorts per auxiliary and their mean; `supplement_BIOMARKER_AUXILIARY`:
// every metric of a pair by cohort; `delong_BIOMARKER_AUXILIARY`: its single cells (delong_table.h);
// `comparison_BIOMARKER_COHORT_METRIC`: every method against one of them (comparison_table.h). How values, CIs
// and stars are computed: docs/statistics.md.
std::vector<PaperTable> paper_tables(const std::filesystem::path& store, const TableOptions& options);

}  // namespace mtlgrid
