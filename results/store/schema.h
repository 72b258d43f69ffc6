// The store's tables and views. docs/store.md describes every column; this file's SQL is the truth.
#pragma once

#include <cstdint>

namespace mtlgrid {

class Database;

// Raised whenever a table or view changes; a store with another version is rebuilt from its journal.
inline constexpr std::int64_t kSchemaVersion = 3;

// Creates tables, views, `methods` (in the order of the paper's tables) and `view_help` in an empty database.
// Must run inside a transaction. `meta` then holds schema_version and sequence 0.
void create_schema(Database& database);

// The SQL of the tables and views alone, for the documentation's test.
const char* schema_sql();

}  // namespace mtlgrid
