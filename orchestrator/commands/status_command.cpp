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

std::string why(const std::string& store, const std::string& name, std::optional<std::int64_t> grid) {
  const std::vector<std::string> all = cell_names(store, grid);
  if (std::find(all.begin(), all.end(), name) == all.end()) {
    throw InputError(fmt::format("'{}' is not a cell of the grid; the nearest are {}", name,
                                 fmt::join(nearest_names(name, all), ", ")));
  }
  return render_history(read_history(store, Cell::parse(name), grid));
}

// --grid, the grid of the run in progress, or the one with results; where there are several, a line on stderr says
// which.
std::int64_t explained_grid(const CommandOptions& options, const std::string& store) {
  const Database database = open_for_reading(store);
  const std::int64_t grid = choose_grid(database, options.grid(), running_grid(store, database));
  const std::string note = options.grid() ? "" : note_on_choice(database, grid);
  if (!note.empty()) tell_line(note);
  return grid;
}

void declare_status(CommandOptions& options) {
  options.store()
      .option("why", "CELL", "explain why a cell is not running, or what happened to it, attempt by attempt")
      .optional_number("watch", "SECONDS", "show the status live, redrawn until no run holds the store", 2);
}

int execute_status(const CommandOptions& options) {
  const auto store = options.get<std::string>("STORE");
  if (options.has("why") && options.has("watch")) throw InputError("status: give either --why or --watch");
  if (options.has("why")) {
    put_result(why(store, options.get<std::string>("why"), explained_grid(options, store)));
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
