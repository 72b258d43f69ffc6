#include "results/store/cell_columns.h"

namespace mtlgrid {

Cell cell_at(const Statement& row, int first) {
  return {row.text(first), row.text(first + 1), row.text(first + 2), static_cast<int>(row.integer(first + 3)),
          static_cast<int>(row.integer(first + 4))};
}

Statement& bind_cell(Statement& statement, std::int64_t grid, const Cell& cell) {
  return statement.bind_all(grid, cell.biomarker, cell.auxiliary, cell.method, cell.fold, cell.repeat);
}

std::vector<Cell> cells_of(const Database& database, std::int64_t grid, bool done) {
  Statement select = database.prepare("SELECT " + kCellColumns + " FROM cells WHERE grid_id = ?" +
                                      (done ? " AND result_attempt IS NOT NULL" : "") + " ORDER BY cell_id");
  select.bind_all(grid);
  std::vector<Cell> cells;
  while (select.step()) cells.push_back(cell_at(select));
  return cells;
}

}  // namespace mtlgrid
