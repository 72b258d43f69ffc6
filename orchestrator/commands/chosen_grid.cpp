#include "orchestrator/commands/chosen_grid.h"

#include "base/telling.h"
#include "results/grids/grid_choice.h"
#include "results/store/reading.h"

namespace mtlgrid {

std::int64_t chosen_grid(const CommandOptions& options, const Database& database) {
  const std::int64_t grid = choose_grid(database, options.grid());
  if (!options.grid()) {
    const std::string note = note_on_choice(database, grid);
    if (!note.empty()) tell_line(note);
  }
  return grid;
}

std::int64_t chosen_grid(const CommandOptions& options, const std::filesystem::path& store) {
  return chosen_grid(options, open_for_reading(store));
}

}  // namespace mtlgrid
