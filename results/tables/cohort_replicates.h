// One cohort of one biomarker: the metrics of all its cells, on all patients and in every replicate.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/metrics/registry.h"
#include "results/tables/cohort_cells.h"
#include "results/tables/table_options.h"

namespace mtlgrid {

// A cell on the cohort.
struct CellValues {
  TableCell cell;
  std::map<std::string, Estimate> metrics;
  std::map<std::string, std::vector<double>> replicates;  // NaN where undefined
  std::vector<int> repeat_weights;  // how often its repeat counts in each of them; empty where repeats do not vary
};
using CellsOfMethod = std::vector<const CellValues*>;  // ascending by place

std::vector<CellPlace> places_of(const CellsOfMethod& cells);
std::vector<double> values_of(const CellsOfMethod& cells, const Metric& metric);

// Immutable once made. Its cells live as long as it does.
class CohortReplicates {
 public:
  // Computes the replicates of every cell (unless options.ci is folds), on all cores: R replicates of a cell of n
  // patients cost O(R n) and the silhouette O(R n^2); 8 bytes are kept per cell, metric and replicate.
  CohortReplicates(const CohortCells& cohort, const TableOptions& options);

  const std::vector<std::string>& methods() const { return methods_; }
  const TableOptions& options() const { return options_; }
  bool external() const { return external_; }         // all cells predict the same patients
  std::size_t patients() const { return patients_; }  // of all cells together; 0 without replicates
  // Cells of a method in which the metric is defined, of every auxiliary or of one of them. Counts in `want` those that
  // the grid has, and in `undefined`, by reason, those that have a result without it.
  CellsOfMethod cells_of(std::size_t method, const Metric& metric, std::optional<std::size_t> auxiliary,
                         std::map<std::string, int>& undefined, int& want) const;
  // The table_mean in every replicate, NaN where it is undefined; empty without replicates. `ci`: what varies, patients
  // alone or also repeats, as far as options().ci has them drawn.
  std::vector<double> means_of(const CellsOfMethod& cells, const Metric& metric, TableCi ci = TableCi::widest) const;

  std::int64_t redrawn() const { return redrawn_; }
  bool exhausted() const { return exhausted_; }        // too many replicates were unusable: there are none
  bool repeats_vary() const { return repeats_vary_; }  // the replicates are of patients and repeats

 private:
  void draw_repeats(const CohortCells& cohort);
  void replicate(const CohortCells& cohort);

  TableOptions options_;
  std::vector<std::string> methods_;
  std::vector<CellValues> cells_;
  bool external_ = false, repeats_vary_ = false;
  std::size_t patients_ = 0;
  std::int64_t redrawn_ = 0;
  bool exhausted_ = false;
};

}  // namespace mtlgrid
