#include "results/status/grid_list.h"

#include <fmt/format.h>

#include "base/text.h"
#include "results/status/query_render.h"

namespace mtlgrid {

std::string render_grids(const std::vector<GridRow>& grids, std::int64_t shown) {
  if (grids.size() < 2) return "";
  QueryResult table{{"grid", "cells", "registered (UTC)", "identity", "what tells it apart"}, {}};
  for (const auto& [grid, apart] : grids) {
    table.rows.push_back(
        {std::to_string(grid.id), grid.progress(), spoken_time(grid.created), grid.identity.substr(0, 12), apart});
  }
  return fmt::format("Grids of this store\n{}Grid {} is shown; --grid chooses another.\n\n",
                     render(table, QueryFormat::table), shown);
}

}  // namespace mtlgrid
