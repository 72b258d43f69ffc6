// What tables are computed from: all cells of a biomarker on one cohort, in memory.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "results/records/records.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

struct CohortCell {
  TableCell cell;
  std::map<std::string, Estimate> metrics;  // by name; empty without a result
  std::vector<Prediction> predictions;      // the same
};

struct CohortCells {
  std::string biomarker;
  std::vector<std::string> auxiliaries, methods;  // that TableCell numbers
  TableCohort cohort;
  std::vector<CohortCell> cells;  // ascending by place
  // Embeddings of a cell's patients in the order of its predictions, empty where it has none; called by one thread at
  // a time. Empty: no cell has any.
  std::function<std::vector<std::vector<float>>(const TableCell&)> embeddings{};
};

// Reads them; without `predictions` metrics alone. `source` must outlive what is returned. Throws as TableSource.
CohortCells read_cohort_cells(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
                              bool predictions);

}  // namespace mtlgrid
