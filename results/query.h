// Read-only access to a store for people: views, SQL, status, as text tables, CSV or JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nullopt: NULL
};
// Runs one read-only SQL statement; cannot write or attach. Throws InputError with SQLite's own text.
QueryResult query(const std::filesystem::path& store, const std::string& sql);
// The views with one line each of what they show.
std::vector<std::pair<std::string, std::string>> views(const std::filesystem::path& store);

enum class QueryFormat { table, csv, json };
std::string render(const QueryResult& result, QueryFormat format);

}  // namespace mtlgrid
