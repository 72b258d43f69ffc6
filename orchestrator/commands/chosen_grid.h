// The grid that a command reads.
#pragma once

#include <cstdint>
#include <filesystem>

#include "orchestrator/commands/command_options.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// --grid, or what choose_grid() chooses (results/grids/grid_choice.h); then, where the store has several grids, a line
// on stderr says which. Throws InputError as choose_grid() does.
std::int64_t chosen_grid(const CommandOptions& options, const Database& database);
// The same of a store that is opened for this alone.
std::int64_t chosen_grid(const CommandOptions& options, const std::filesystem::path& store);

}  // namespace mtlgrid
