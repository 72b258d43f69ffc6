// One cohort of one biomarker: every method's mean of a metric over its cells, with its CI and its stars.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/metrics/registry.h"
#include "results/tables/repeat_draws.h"
#include "results/tables/table_columns.h"
#include "results/tables/table_options.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

// All cells of one cohort of one biomarker, their replicates computed once; columns are taken from it.
class CohortValues {
 public:
  // Computes the replicates of every cell (unless options.ci is folds), on all cores: R replicates of a cell of n
  // patients cost O(R n) and the silhouette O(R n^2); 8 bytes are kept per cell, metric and replicate.
  CohortValues(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
               const TableOptions& options);

  // The table_mean of the metric over the cells of every auxiliary, or of one of them, times `scale`.
  TableColumnValues column(const Metric& metric, std::optional<std::size_t> auxiliary, double scale) const;

  std::int64_t redrawn() const { return redrawn_; }
  bool exhausted() const { return exhausted_; }          // too many replicates were unusable: no CIs and no stars
  bool repeats_vary() const { return repeats_.vary(); }  // the replicates are of patients and repeats

 private:
  struct CellValues {
    TableCell cell;
    std::map<std::string, Estimate> metrics;
    std::map<std::string, std::vector<double>> replicates;  // NaN where undefined
  };
  using Chosen = std::vector<const CellValues*>;

  static std::vector<CellPlace> places_of(const Chosen& cells);
  static std::vector<double> values_of(const Chosen& cells, const Metric& metric);
  void replicate(const TableSource& source, const std::string& biomarker, const TableCohort& cohort);
  Chosen chosen(std::size_t method, const Metric& metric, std::optional<std::size_t> auxiliary,
                TableColumnValues& column, int& want) const;
  std::vector<double> replicates_of(const Chosen& cells, const Metric& metric) const;
  void add_folds_ci(const Chosen& cells, const Metric& metric, double scale, TableValue& value) const;
  void add_stars(const std::vector<Chosen>& cells, const std::vector<std::vector<double>>& replicates,
                 TableColumnValues& column) const;

  TableOptions options_;
  std::vector<std::string> methods_;
  std::vector<CellValues> cells_;
  RepeatDraws repeats_;
  std::int64_t redrawn_ = 0;
  bool exhausted_ = false;
};

}  // namespace mtlgrid
