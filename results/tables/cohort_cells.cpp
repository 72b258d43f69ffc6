#include "results/tables/cohort_cells.h"

#include <algorithm>

namespace mtlgrid {

CohortCells read_cohort_cells(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
                              bool predictions) {
  CohortCells read = {biomarker.name, biomarker.auxiliaries, source.grid().methods, cohort, {}};
  for (const TableCell& cell : source.cells(biomarker)) {
    read.cells.push_back({cell, source.metrics(cell, cohort.key), {}});
    if (predictions) read.cells.back().predictions = source.predictions(cell, cohort.key);
  }
  std::stable_sort(read.cells.begin(), read.cells.end(),
                   [](const CohortCell& a, const CohortCell& b) { return a.cell.place() < b.cell.place(); });
  if (cohort.external()) {
    read.embeddings = [&source, key = cohort.key](const TableCell& cell) { return source.embeddings(cell, key); };
  }
  return read;
}

}  // namespace mtlgrid
