#include "results/grids/stored_grid.h"

#include <fmt/format.h>

#include "base/cell.h"
#include "base/text.h"

namespace mtlgrid {

std::string StoredGrid::progress() const {
  return fmt::format("{} of {} done{}", done, counted(cells, slides ? "slide" : "cell"), count_item(failed, "failed"));
}

std::vector<StoredGrid> read_grids(const Database& database) {
  Statement select = database.prepare(
      "SELECT g.grid_id, g.identity, g.created, count(c.cell_id), count(*) FILTER (WHERE c.state = 'done'), "
      "count(*) FILTER (WHERE c.state = 'failed'), "
      "(SELECT max(max(coalesce(a.started, 0), coalesce(a.ended, 0))) FROM attempts a JOIN cells k USING (cell_id) "
      " WHERE k.grid_id = g.grid_id), coalesce(max(c.method = ?), 0) "
      "FROM grids g LEFT JOIN cells c ON c.grid_id = g.grid_id GROUP BY g.grid_id ORDER BY g.grid_id");
  select.bind_all(kExtract);
  std::vector<StoredGrid> grids;
  while (select.step()) {
    StoredGrid grid;
    grid.id = select.integer(0);
    grid.identity = select.text(1);
    grid.created = select.real(2);
    grid.cells = static_cast<int>(select.integer(3));
    grid.done = static_cast<int>(select.integer(4));
    grid.failed = static_cast<int>(select.integer(5));
    grid.last = select.is_null(6) ? 0 : select.real(6);
    grid.slides = select.integer(7) != 0;
    grids.push_back(std::move(grid));
  }
  return grids;
}

}  // namespace mtlgrid
