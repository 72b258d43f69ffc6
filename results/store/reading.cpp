#include "results/store/reading.h"

#include <sqlite3.h>

#include "results/store/layout.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"
#include "results/store/store_lock.h"
#include "results/store/store_sum.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// The version of the schema in `database`; nullopt if it is not a store. Reads a page, so that SQLite opens the file.
std::optional<std::int64_t> schema_version(Database& database) {
  if (!database.integer("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'")) return std::nullopt;
  return database.integer("SELECT value FROM meta WHERE key = 'schema_version'");
}

// A killed writer leaves a rollback journal, which whoever opens the file next must play back, even a reader.
Database open_recovering(const fs::path& file, std::optional<std::int64_t>& version) {
  try {
    Database database(file, Database::Mode::read_only);
    version = schema_version(database);
    return database;
  } catch (const SqliteError& e) {
    if (e.code() != SQLITE_READONLY_ROLLBACK && (e.code() & 0xff) != SQLITE_CANTOPEN) throw;
  }
  Database database(file, Database::Mode::read_write);
  version = schema_version(database);
  return database;
}

// A store may come from an untrusted source, so its schema gets no privileges.
void distrust(Database& database) {
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  database.execute("PRAGMA query_only = ON");
}

}  // namespace

fs::path readable_store(const fs::path& store) {
  fs::path snapshot = store_path(store, StoreFile::snapshot);
  if (!fs::exists(snapshot)) return store;
  if (!fs::exists(store)) return snapshot;
  const auto holder = read_lock(store_path(store, StoreFile::lock));
  return holder && life_of(*holder, Platform::real()) != HolderLife::dead ? snapshot : store;
}

Database open_for_reading(const fs::path& store) {
  const fs::path file = readable_store(store);
  if (!fs::exists(file)) throw InputError(store.string() + ": store not found");
  if (file == store && check_sum(store) == SumState::wrong) {
    throw InputError(
        store.string() +
        ": its bytes differ from those that the last run left: it is damaged, or another program wrote to it; "
        "`mtlgrid run` rebuilds it from the journal");
  }
  try {
    std::optional<std::int64_t> version;
    Database database = open_recovering(file, version);
    distrust(database);
    if (!version) throw InputError(file.string() + ": not an mtlgrid store");
    if (*version != kSchemaVersion) {
      throw InputError(file.string() + ": has schema version " + std::to_string(*version) + ", this program reads " +
                       std::to_string(kSchemaVersion) + "; `mtlgrid run` with this program rebuilds an older store");
    }
    return database;
  } catch (const SqliteError& e) {
    throw InputError(e.damaged() ? file.string() + ": not an mtlgrid store, or damaged: SQLite: " + e.text()
                                 : e.what());
  }
}

}  // namespace mtlgrid
