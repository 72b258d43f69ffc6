// The store's tables and views. docs/store.md describes every column; this file's SQL is the truth.
#pragma once

#include <cstdint>

namespace mtlgrid {

class Database;

// Raised whenever a table or view changes; a store with another version is rebuilt from its journal.
inline constexpr std::int64_t kSchemaVersion = 5;

// Creates tables, views, `methods` (those of the registry, in its order) and `view_help` in an empty database.
// Must run inside a transaction. `meta` then holds schema_version and sequence 0.
void create_schema(Database& database);

// Adds the registry's methods that the store lacks because another version of the program made it. They follow the
// methods it has, whose order does not change. Uses its own transaction; writes nothing if no method is missing.
void add_new_methods(Database& database);

// SQL that adds the method ?1 after the others, or does nothing if the store has it.
inline constexpr const char* kAddMethod =
    "INSERT INTO methods VALUES (?1, (SELECT coalesce(max(position), -1) + 1 FROM methods)) "
    "ON CONFLICT (name) DO NOTHING";

// The SQL of the tables and views, for the documentation's test.
const char* schema_sql();

}  // namespace mtlgrid
