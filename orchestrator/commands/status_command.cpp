#include "orchestrator/commands/status_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/errors.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/status_watch.h"
#include "results/grids/grid_choice.h"
#include "results/grids/stored_grid.h"
#include "results/status/grid_list.h"
#include "results/status/status_render.h"
#include "results/status/status_why_render.h"
#include "results/store/reading.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kNearest = 3;  // suggestions for an unknown name

// The names nearest to `name`, nearest first.
std::vector<std::string> nearest_names(const std::string& name, const std::vector<std::string>& all) {
  std::vector<std::pair<int, std::size_t>> distances;
  for (std::size_t i = 0; i < all.size(); ++i) distances.emplace_back(edit_distance(name, all[i]), i);
  const std::size_t count = std::min(kNearest, all.size());
  std::partial_sort(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count), distances.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(all[distances[i].second]);
  return names;
}

// The grids in which a cell of a name is looked for, and the one that is named where it is in none: --grid; otherwise
// the grid of the run in progress or the one with results, and after it grids of slides, the newest first.
std::vector<std::int64_t> explained_grids(const CommandOptions& options, const Database& database,
                                          std::optional<std::int64_t> running) {
  std::vector<std::int64_t> grids = {choose_grid(database, options.grid(), running)};
  if (options.grid()) return grids;
  std::vector<StoredGrid> all = read_grids(database);
  for (auto grid = all.rbegin(); grid != all.rend(); ++grid) {
    if (grid->slides && grid->id != grids.front()) grids.push_back(grid->id);
  }
  return grids;
}

// The cells that `name` means: the one of that name, else slides of that name without their cohort.
std::vector<Cell> meant_by(const std::string& name, const std::vector<Cell>& cells) {
  std::vector<Cell> slides;
  for (const Cell& cell : cells) {
    if (cell.name() == name) return {cell};
    if (cell.is_slide() && cell.auxiliary == name) slides.push_back(cell);
  }
  return slides;
}

std::string names_of(const std::vector<Cell>& cells) {
  std::vector<std::string> names;
  for (const Cell& cell : cells) names.push_back(cell.name());
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string why(const CommandOptions& options, const std::string& store, const std::string& name) {
  const Database database = open_for_reading(store);
  std::vector<std::string> all;
  for (const std::int64_t grid : explained_grids(options, database, running_grid(store, database))) {
    const std::vector<Cell> cells = cells_of(store, grid), meant = meant_by(name, cells);
    if (meant.size() > 1)
      throw InputError(fmt::format("'{}' is a slide of several cohorts: {}", name, names_of(meant)));
    if (meant.size() == 1) {
      const std::string note = options.grid() || meant[0].is_slide() ? "" : note_on_choice(database, grid);
      if (!note.empty()) tell_line(note);
      return render_history(read_history(store, meant[0], grid));
    }
    for (const Cell& cell : cells) all.push_back(cell.name());
  }
  throw InputError(fmt::format("'{}' is not a cell of the grid; the nearest are {}", name,
                               fmt::join(nearest_names(name, all), ", ")));
}

void declare_status(CommandOptions& options) {
  options.store()
      .option("why", "CELL", "explain why a cell or slide is not running, or what happened to it, attempt by attempt")
      .optional_number("watch", "SECONDS", "show the status live, redrawn until no run holds the store", 2);
}

int execute_status(const CommandOptions& options) {
  const auto store = options.get<std::string>("STORE");
  if (options.has("why") && options.has("watch")) throw InputError("status: give either --why or --watch");
  if (options.has("why")) {
    put_result(why(options, store, options.get<std::string>("why")));
  } else if (options.has("watch")) {
    watch_status(store, options.grid(), std::chrono::seconds(options.number_in("watch", 1, 86'400)));
  } else {
    const StoreStatus status = read_status(store, options.grid());
    put_result(render_grids(list_grids(open_for_reading(store), status.grid_id), status.grid_id) +
               render_status(status));
  }
  return 0;
}

}  // namespace

Command status_command() {
  return {"status", "shows cells by state, failures with their causes, throughput and remaining time",
          "mtlgrid status results/grid.db --why MSI/LF/naive/0", declare_status, execute_status};
}

}  // namespace mtlgrid
