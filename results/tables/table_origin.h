// Which store and grid the tables of a folder are of: tables.json beside them, so that no command replaces the tables
// of another grid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "results/store/sqlite.h"

namespace mtlgrid {

struct TableOrigin {
  std::filesystem::path store;  // absolute
  std::string journal;          // id of the store's journal, which copies of a store share; empty: not known
  std::int64_t grid = 0;
  std::string identity;        // of the grid
  bool several_grids = false;  // whether the store holds other grids; not written
};

inline constexpr const char* kOriginFile = "tables.json";

// Of a grid that the database, opened from `store`, has.
TableOrigin origin_of(const Database& database, const std::filesystem::path& store, std::int64_t grid);

// Whether tables of `origin` may be written into `folder`: it has no Table 1 and 2, or those of the same grid of the
// same store (by journal or by path). Tables without a record, which earlier versions wrote, are taken for those of a
// store with one grid only. Throws InputError that names the grid of the folder and proposes another folder. Returns a
// line that is to be said, or "".
std::string check_table_folder(const std::filesystem::path& folder, const TableOrigin& origin);

// Writes FOLDER/tables.json by rename, before the tables. Throws FileError.
void write_origin(const std::filesystem::path& folder, const TableOrigin& origin);

}  // namespace mtlgrid
