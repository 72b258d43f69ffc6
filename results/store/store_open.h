// Opening a database that may come from anybody, and whose file other programs may have open.
#pragma once

#include <filesystem>
#include <string>

#include "results/store/sqlite.h"

namespace mtlgrid {

// Opens a database to read it. Its schema (for example its views) may call harmless functions only (docs/security.md).
// `same_bytes`: its bytes are known to be ours, so that nothing beside it and no lock of another program matters.
// Throws SqliteError.
Database open_distrusted(const std::filesystem::path& file, bool same_bytes);

// Why this program cannot read the database: "not an mtlgrid store", or its schema has another version; "" if it can.
std::string unreadable_schema(const Database& database);

}  // namespace mtlgrid
