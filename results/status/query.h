// Read-only access to a store for people: views and SQL.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results/store/sqlite.h"

namespace mtlgrid {

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nullopt: NULL
  // Which values are numbers, same shape as `rows`; a row or value that is missing here is text. JSON alone minds.
  std::vector<std::vector<bool>> number = {};
};
// Runs one read-only SQL statement; cannot write, attach or change settings. Real numbers come with as many digits as
// give the same double again, BLOBs in hex. Throws InputError with SQLite's own text.
QueryResult query(const std::filesystem::path& store, const std::string& sql);
// All rows of a view that belong to one grid, under the same restrictions. Throws InputError if the view does not
// exist.
QueryResult rows_of_view(const std::filesystem::path& store, const std::string& view, std::int64_t grid);
// The views with one line each of what they show.
std::vector<std::pair<std::string, std::string>> views(const std::filesystem::path& store);

// All rows of a statement that is bound and not yet stepped.
QueryResult fetch(Statement& statement);

}  // namespace mtlgrid
