// STORE.sum: size and hash of the database's bytes as the last run left them. SQLite's own check would find broken
// pages, not changed values.
#pragma once

#include <filesystem>

#include "base/platform.h"

namespace mtlgrid {

// missing: the last run was killed, a run goes on, or the store was written by a version without sums.
enum class SumState { missing, right, wrong };
// Reads the whole database. A sum that is itself damaged is wrong; one that vanishes meanwhile (a run begins) missing.
// No connection of this process to the database may be open: closing the file drops SQLite's locks on it.
SumState check_sum(const std::filesystem::path& store);

// For a database that is closed and on the disk. The holder of the lock calls them. Errors as write_by_rename.
void write_sum(Platform& platform, const std::filesystem::path& store);
void remove_sum(const std::filesystem::path& store);

}  // namespace mtlgrid
