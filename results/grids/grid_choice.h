// Which grid of a store a reader takes, and how a person is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/grids/stored_grid.h"

namespace mtlgrid {

// For readers of results. `wanted` if the store has it. Without: the store's only grid, else the only one that has
// results, else (none has any) the newest. Throws InputError if the store has no grid or not the wanted one, and,
// naming every grid with what tells it apart, if several have results. `running`, if given and in the store, comes
// before all but `wanted`: the grid of the run in progress, for readers of what happens.
std::int64_t choose_grid(const Database& database, std::optional<std::int64_t> wanted,
                         std::optional<std::int64_t> running = std::nullopt);

// The same for readers who are shown a list of all grids as well: never asks. Where several have results, it is the one
// that was worked on last.
std::int64_t choose_grid_of_state(const Database& database, std::optional<std::int64_t> wanted,
                                  std::optional<std::int64_t> running);

// Of a store with several grids: "grid 1 of 2 (the only one with results); --grid chooses another"; empty for one grid.
std::string note_on_choice(const Database& database, std::int64_t chosen);

// Of a store with several grids, for whoever reads it with SQL of their own: that they read all; empty for one grid.
std::string note_on_sql(const Database& database);

// A grid and what tells it apart from grid `reference` (that grid: from the first of the others), in one line.
struct GridRow {
  StoredGrid grid;
  std::string apart;
};
// All grids, by ascending id; of a store with one grid, `apart` is empty. Reads what the grids recorded.
std::vector<GridRow> list_grids(const Database& database, std::int64_t reference);

}  // namespace mtlgrid
