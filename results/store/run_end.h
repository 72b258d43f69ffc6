// What a run left, compared with its journal before it says how it ended.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "results/store/journal.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// Reads the journal again, every record of it, and compares it with `writer`, and what it gives with `database`, by
// content. Where the database differs, or holds what another program added, this is told through `say`, and the
// database that the journal gives is returned, in a file of SQLite's own that goes with the connection; nullopt if all
// agrees. Throws Error(needs_person) if the journal is not what the run wrote to it: it was edited in place. Cost: as a
// rebuild.
std::optional<Database> compare_at_end(const std::filesystem::path& store, const Database& database,
                                       const JournalWriter& writer, const std::function<void(const std::string&)>& say);

}  // namespace mtlgrid
