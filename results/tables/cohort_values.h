// The columns of tables: every method's mean of a metric over its cells, with its CI and its stars.
#pragma once

#include <optional>

#include "results/metrics/registry.h"
#include "results/tables/cohort_replicates.h"
#include "results/tables/table_columns.h"

namespace mtlgrid {

// The table_mean of the metric over the cells of every auxiliary, or of one of them, by method, times `scale`.
TableColumnValues column_of(const CohortReplicates& cohort, const Metric& metric, std::optional<std::size_t> auxiliary,
                            double scale);

}  // namespace mtlgrid
