// The tables `comparison_BIOMARKER_COHORT_METRIC`: every method against one of them, and what it means in words.
#pragma once

#include <string>

#include "results/tables/comparison.h"
#include "results/tables/paper_table.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

// A row a method, the reference included, and a column a statistic; what each is, and what is held fixed, is in the
// caption and the notes. Columns are named in csv files METRIC_difference, METRIC_p, METRIC_t_difference, METRIC_t_p,
// METRIC_worse, METRIC_equivalent, METRIC_better, METRIC_false_claim, METRIC_rank and METRIC_nemenyi_p, in the metric's
// units.
PaperTable comparison_table(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
                            const CohortReplicates& replicates, const Metric& metric, const ComparisonOptions& options);

}  // namespace mtlgrid
