#include "results/tables/cohort_values.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "results/metrics/quantile.h"
#include "results/metrics/replicates.h"
#include "results/tables/table_mean.h"

namespace mtlgrid {
namespace {

void set_percentiles(std::vector<double> values, double confidence, TableValue& value) {
  std::sort(values.begin(), values.end());
  std::tie(value.ci_low, value.ci_high) = percentile_interval(values, confidence);
}

// As the released code: percentiles of the fold values.
void add_folds_ci(const CellsOfMethod& cells, const Metric& metric, double scale, double confidence,
                  TableValue& value) {
  set_percentiles(fold_values(places_of(cells), values_of(cells, metric), scale), confidence, value);
}

void add_stars(const std::vector<std::string>& methods, const std::vector<CellsOfMethod>& cells,
               const std::vector<std::vector<double>>& replicates, TableColumnValues& column) {
  const auto baseline =
      static_cast<std::size_t>(std::find(methods.begin(), methods.end(), "baseline") - methods.begin());
  if (baseline == methods.size() || replicates[baseline].empty()) return;
  std::vector<double> p(methods.size(), kMissing);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (m == baseline || replicates[m].empty()) continue;
    const std::vector<double> differences = differences_of(replicates[m], replicates[baseline]);
    if (places_of(cells[m]) != places_of(cells[baseline]) || differences.empty()) {
      ++column.untested;
      continue;
    }
    p[m] = bootstrap_p_value(differences);
  }
  const std::vector<double> adjusted = holm(p, methods.size() - 1);
  for (std::size_t m = 0; m < methods.size(); ++m) column.values[m].stars = stars_of(adjusted[m]);
}

}  // namespace

TableColumnValues column_of(const CohortReplicates& cohort, const Metric& metric, std::optional<std::size_t> auxiliary,
                            double scale) {
  const TableOptions& options = cohort.options();
  TableColumnValues column;
  std::vector<CellsOfMethod> cells;
  std::vector<std::vector<double>> replicates;
  for (std::size_t m = 0; m < cohort.methods().size(); ++m) {
    TableValue value{kMissing, kMissing, kMissing};
    cells.push_back(cohort.cells_of(m, metric, auxiliary, column.undefined, value.want));
    value.have = static_cast<int>(cells[m].size());
    value.value = scale * table_mean(places_of(cells[m]), values_of(cells[m], metric));
    if (options.ci == TableCi::folds && value.have > 0)
      add_folds_ci(cells[m], metric, scale, options.confidence, value);
    replicates.push_back(cohort.means_of(cells[m], metric));
    std::vector<double> defined;
    for (double r : replicates[m]) {
      if (!std::isnan(r)) defined.push_back(scale * r);
    }
    column.left_out = std::max(column.left_out, static_cast<int>(replicates[m].size() - defined.size()));
    if (2 * defined.size() >= replicates[m].size() && !defined.empty()) {
      set_percentiles(std::move(defined), options.confidence, value);
    }
    column.values.push_back(value);
  }
  add_stars(cohort.methods(), cells, replicates, column);
  mark_best(metric.better, column.values);
  return column;
}

}  // namespace mtlgrid
