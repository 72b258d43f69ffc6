#include "results/predictions/stored_predictions.h"

#include <utility>

#include "results/store/cell_columns.h"

namespace mtlgrid {
namespace {

struct Finished {
  std::int64_t id;
  Cell cell;
};

std::vector<Finished> finished_cells(const Database& database, std::int64_t grid,
                                     const std::optional<std::set<Cell>>& wanted) {
  Statement cells = database.prepare("SELECT cell_id, " + kCellColumns +
                                     " FROM cells WHERE grid_id = ? AND result_attempt IS NOT NULL ORDER BY cell_id");
  cells.bind_all(grid);
  std::vector<Finished> out;
  while (cells.step()) {
    Finished one{cells.integer(0), cell_at(cells, 1)};
    if (!wanted || wanted->contains(one.cell)) out.push_back(std::move(one));
  }
  return out;
}

StoredPrediction row_of(const Statement& row) {
  StoredPrediction out;
  out.patient = row.text(1);
  if (!row.is_null(2)) out.label = static_cast<int>(row.integer(2));
  out.score = row.real(3);
  out.log_odds = row.real(4);
  out.target = row.real(5);
  out.prediction = row.real(6);
  return out;
}

}  // namespace

void each_cohort(const Database& database, std::int64_t grid, const std::optional<std::set<Cell>>& cells,
                 const std::function<void(const CohortPredictions&)>& take) {
  Statement rows = database.prepare(
      "SELECT p.cohort, p.patient, p.label, p.score, p.log_odds, p.target, p.prediction "
      "FROM predictions p JOIN cells c ON c.cell_id = p.cell_id AND c.result_attempt = p.attempt "
      "WHERE p.cell_id = ? ORDER BY p.cohort <> 'test', p.cohort, p.position");
  for (const Finished& one : finished_cells(database, grid, cells)) {
    CohortPredictions predictions{one.cell, "", {}};
    rows.bind_all(one.id);
    while (rows.step()) {
      if (rows.text(0) != predictions.cohort && !predictions.rows.empty()) {
        take(predictions);
        predictions.rows.clear();
      }
      predictions.cohort = rows.text(0);
      predictions.rows.push_back(row_of(rows));
    }
    if (!predictions.rows.empty()) take(predictions);
  }
}

}  // namespace mtlgrid
