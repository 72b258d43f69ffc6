// The store's tables and views. docs/store.md describes every column; this file's SQL is the truth.
#pragma once

#include <cstdint>

namespace mtlgrid {

class Database;

// Raised whenever a table or view changes; a store with another version is rebuilt from its journal.
inline constexpr std::int64_t kSchemaVersion = 3;

// Creates tables, views, `methods` (those of the registry, in its order) and `view_help` in an empty database.
// Must run inside a transaction. `meta` then holds schema_version and sequence 0.
void create_schema(Database& database);

// Adds the methods of the registry that a store of an earlier or another program lacks, behind those it has, whose
// order stays. In a transaction of its own; nothing is written where none is lacking.
void add_new_methods(Database& database);

// Adds one method behind the others, or does nothing if it is there: prepared once, run with its name.
inline constexpr const char* kAddMethod =
    "INSERT INTO methods VALUES (?1, (SELECT coalesce(max(position), -1) + 1 FROM methods)) "
    "ON CONFLICT (name) DO NOTHING";

// The SQL of the tables and views alone, for the documentation's test.
const char* schema_sql();

}  // namespace mtlgrid
