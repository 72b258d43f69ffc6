// STORE.sum: size and hash of the database's bytes as the last run left them, and what it held. SQLite's own check
// finds broken pages, but not changed values; another program may change the bytes and leave what they hold.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/platform.h"
#include "results/store/store_contents.h"

namespace mtlgrid {

// missing: the last run was killed, a run is in progress, or the store was written by a version without sums.
enum class SumState { missing, right, wrong };
// Reads the whole database. A damaged sum counts as wrong; a sum that disappears meanwhile, because a run begins, as
// missing. This process must not have an open connection to the database: closing the file drops SQLite's locks on it.
SumState check_sum(const std::filesystem::path& store);
// The same of `bytes`, a copy of the database of `store`.
SumState check_sum(const std::filesystem::path& store, const std::filesystem::path& bytes);

// What the last run left; nullopt if there is no sum, or one of a version that wrote none of this.
std::optional<StoreContents> summed_contents(const std::filesystem::path& store);

// The sum of `bytes`, a closed database that holds `contents`.
std::string make_sum(const std::filesystem::path& bytes, const StoreContents& contents);
// For the holder of the lock. write_sum: the database is on the disk; errors as write_by_rename().
void write_sum(Platform& platform, const std::filesystem::path& store, const std::string& sum);
void remove_sum(const std::filesystem::path& store);

}  // namespace mtlgrid
