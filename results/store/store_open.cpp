#include "results/store/store_open.h"

#include <sqlite3.h>

#include <system_error>

#include "results/store/layout.h"
#include "results/store/schema.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr int kLongestRow = 1 << 28;          // bytes; guessed: far above any row, far below memory
constexpr int kShortWaitMilliseconds = 1000;  // for a lock that need not be had

// A store may come from an untrusted source, so its schema gets no privileges.
void distrust(Database& database) {
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_limit(database.handle(), SQLITE_LIMIT_LENGTH, kLongestRow);
  database.execute("PRAGMA query_only = ON");
}

// Reads a page, so that SQLite opens the file.
Database opened(const fs::path& file, Database::Mode mode, bool short_wait) {
  Database database(file, mode);
  if (short_wait) sqlite3_busy_timeout(database.handle(), kShortWaitMilliseconds);
  database.integer("SELECT 1 FROM sqlite_schema");
  return database;
}

// Whether SQLite keeps changes to `file` beside it.
bool has_companions(const fs::path& file) {
  const auto filled = [](const fs::path& companion) {
    std::error_code error;
    return fs::file_size(companion, error) > 0 && !error;
  };
  return filled(rollback_journal(file)) || filled(write_ahead_log(file));
}

Database open_somehow(const fs::path& file, bool same_bytes) {
  if (same_bytes && has_companions(file)) return opened(file, Database::Mode::immutable, true);
  try {
    return opened(file, Database::Mode::read_only, same_bytes);
  } catch (const SqliteError& e) {
    const int code = e.code() & 0xff;
    if (code == SQLITE_BUSY && same_bytes) return opened(file, Database::Mode::immutable, true);
    if (code != SQLITE_READONLY && code != SQLITE_CANTOPEN) throw;
  }
  // A killed writer leaves a rollback journal, which whoever opens the file next must play back, even a reader.
  try {
    return opened(file, Database::Mode::read_write, false);
  } catch (const SqliteError&) {
    if (has_companions(file)) throw;
    return opened(file, Database::Mode::immutable, true);  // in WAL mode, where its index cannot be made
  }
}

}  // namespace

Database open_distrusted(const fs::path& file, bool same_bytes) {
  Database database = open_somehow(file, same_bytes);
  distrust(database);
  return database;
}

std::string unreadable_schema(const Database& database) {
  const bool ours = database.integer("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").has_value();
  const auto version = ours ? database.integer("SELECT value FROM meta WHERE key = 'schema_version'") : std::nullopt;
  if (!version) return "not an mtlgrid store";
  if (*version == kSchemaVersion) return "";
  return "has schema version " + std::to_string(*version) + ", this program reads " + std::to_string(kSchemaVersion) +
         (*version < kSchemaVersion ? "" : "; use the version of mtlgrid that wrote it");
}

}  // namespace mtlgrid
