// `mtlgrid doctor`: what is wrong with a store, and its repair from the journal. Needs neither data nor trainer.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/cell.h"
#include "base/platform.h"

namespace mtlgrid {

struct Diagnosis {
  bool healthy = true;
  std::vector<std::string> lines;  // "ok", "note" or "WRONG", then what; WRONG lines say what to do
};

// Throws InputError that says why this file has not the weights of this cell of the grid of this identity.
using CheckWeights = std::function<void(const std::filesystem::path& file, const Cell& cell, const std::string& grid)>;

// Looks at lock, database, sum, journal and at the kept weights; compares database and journal by their contents.
// Without `check` weights are only looked for. Changes nothing. Throws InputError if `store` is something else and has
// no journal.
Diagnosis examine_store(const std::filesystem::path& store, const CheckWeights& check = nullptr);

// Rebuilds the database from the journal; an old one is kept as STORE.damaged-N. Takes the store's lock, as a run
// does. Throws, having changed nothing: InputError where the journal is missing, Error(needs_person) if a run holds the
// store or the database holds more than the journal.
void rebuild_store(Platform& platform, const std::filesystem::path& store,
                   const std::function<void(const std::string&)>& say, double stale_after);

}  // namespace mtlgrid
