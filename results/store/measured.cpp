#include "results/store/measured.h"

#include "results/store/cell_columns.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

std::vector<MeasuredCell> read_measured(const Database& database, std::int64_t grid_id) {
  Statement done = database.prepare(
      "SELECT " + kCellColumns +
      ", a.device, a.threads, a.pack, count(*), sum(e.seconds), "
      "CASE WHEN a.resumed = 0 THEN a.ended - a.started END FROM cells c JOIN attempts a USING (cell_id) "
      "JOIN epochs e ON e.cell_id = a.cell_id AND e.attempt = a.attempt WHERE c.grid_id = ? AND a.outcome = 'done' "
      "GROUP BY a.cell_id, a.attempt HAVING min(e.seconds) > 0 AND sum(e.seconds) < 1e11 AND count(e.seconds) = "
      "count(*) "
      "ORDER BY a.cell_id, a.attempt");
  done.bind_all(grid_id);
  std::vector<MeasuredCell> measured;
  while (done.step()) {
    MeasuredCell m;
    m.cell = cell_at(done);
    m.device = done.text(5);
    m.threads = static_cast<int>(done.integer(6));
    m.pack = static_cast<int>(done.integer(7));
    m.epochs = static_cast<int>(done.integer(8));
    m.epoch_seconds = done.real(9);
    m.seconds = done.real(10);
    measured.push_back(std::move(m));
  }
  return measured;
}

}  // namespace mtlgrid
