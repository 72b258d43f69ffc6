// STORE.sum: size and hash of the database's bytes as the last run left them. SQLite's own check finds broken pages,
// but not changed values.
#pragma once

#include <filesystem>

#include "base/platform.h"

namespace mtlgrid {

// missing: the last run was killed, a run is in progress, or the store was written by a version without sums.
enum class SumState { missing, right, wrong };
// Reads the whole database. A damaged sum counts as wrong; a sum that disappears meanwhile, because a run begins, as
// missing. This process must not have an open connection to the database: closing the file drops SQLite's locks on it.
SumState check_sum(const std::filesystem::path& store);

// For the holder of the lock. write_sum: the database must be closed and on the disk; errors as write_by_rename().
void write_sum(Platform& platform, const std::filesystem::path& store);
void remove_sum(const std::filesystem::path& store);

}  // namespace mtlgrid
