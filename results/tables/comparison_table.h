// The tables `comparison_BIOMARKER_COHORT_METRIC`: every method against one of them, and what it means in words.
#pragma once

#include <string>

#include "results/tables/comparison.h"
#include "results/tables/paper_table.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

// A row a method, the reference included, and a column a statistic; what each is, and what is held fixed, is in the
// caption and the notes. Columns are named in csv files METRIC_difference, METRIC_p, METRIC_worse, METRIC_equivalent,
// METRIC_better, METRIC_false_claim, METRIC_rank, METRIC_nemenyi_p, METRIC_bootstrap_difference and METRIC_bootstrap_p,
// in the metric's units. The t test decides what is said in words and marked with stars: the bootstrap holds the models
// fixed, and calls a difference between equal methods significant far too often (bench/calibration).
PaperTable comparison_table(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
                            const CohortReplicates& replicates, const Metric& metric, const ComparisonOptions& options);

}  // namespace mtlgrid
