#include "results/store/store_state.h"

#include <sqlite3.h>

#include "results/store/layout.h"
#include "results/store/schema.h"
#include "results/store/store_publish.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

std::optional<std::int64_t> meta_number(const Database& database, const char* key) {
  Statement select = database.prepare("SELECT value FROM meta WHERE key = ?");
  if (!select.bind_all(key).step() || select.is_null(0)) return std::nullopt;
  return select.integer(0);
}

DatabaseState inspect_open(const Database& database, const std::string& machine) {
  DatabaseState state;
  if (!database.integer("SELECT 1 FROM sqlite_schema WHERE name = 'meta'")) {
    const bool empty = !database.integer("SELECT 1 FROM sqlite_schema");
    state.kind = empty ? DatabaseState::Kind::missing : DatabaseState::Kind::foreign;
    return state;
  }
  const std::int64_t version = meta_number(database, "schema_version").value_or(0);
  if (version > kSchemaVersion) {
    throw Error(ErrorKind::needs_person, "the store has schema version " + std::to_string(version) +
                                             ", newer than this program's " + std::to_string(kSchemaVersion) +
                                             ": use the version of mtlgrid that wrote it");
  }
  if (version < kSchemaVersion) {
    state.kind = DatabaseState::Kind::older;
    state.what = "has schema version " + std::to_string(version) + " instead of " + std::to_string(kSchemaVersion);
    return state;
  }
  const std::string in_use_on = database.text("SELECT value FROM meta WHERE key = 'in_use_on'").value_or("");
  const bool synced = in_use_on.empty() || in_use_on == machine;  // a killed process loses nothing, a machine does
  state.kind = synced ? DatabaseState::Kind::good : DatabaseState::Kind::unsynced;
  state.from = made_from(database);
  return state;
}

bool readable(const DatabaseState& state) {
  return state.kind == DatabaseState::Kind::good || state.kind == DatabaseState::Kind::unsynced;
}

}  // namespace

MadeFrom made_from(const Database& database) {
  MadeFrom from;
  from.journal = static_cast<std::uint64_t>(meta_number(database, "journal").value_or(0));
  from.sequence = static_cast<std::uint64_t>(meta_number(database, "sequence").value_or(0));
  if (const auto chain = meta_number(database, "chain")) from.chain = static_cast<std::uint64_t>(*chain);
  return from;
}

DatabaseState inspect_database(const fs::path& store, const std::string& machine) {
  if (!fs::exists(store) || fs::file_size(store) == 0) return {};
  try {
    // Runs replace the file as a whole, so it can be read without its locks; only an earlier version's run may have
    // been killed within a commit, and then the journal is ahead in any case.
    return inspect_open(Database(database_file(store), Database::Mode::immutable), machine);
  } catch (const SqliteError& e) {
    // SQLITE_ERROR: a table or column that every store has is missing.
    if (!e.damaged() && (e.code() & 0xff) != SQLITE_ERROR) throw;
    return {DatabaseState::Kind::damaged, {}, "is damaged (" + e.text() + ")"};
  }
}

// The one rule for all ways in which the journal can hold fewer records than the database.
void refuse_newer_database(const fs::path& store, const fs::path& journal, const DatabaseState& state,
                           const JournalEnd& end) {
  if (!readable(state)) return;
  const MadeFrom& from = state.from;
  // After a power cut the journal may lack the database's last records. None of them is a result.
  if (state.kind == DatabaseState::Kind::unsynced && from.journal == end.id && end.kind != JournalEnd::Kind::damaged) {
    return;
  }
  if (from.sequence <= end.sequence && (from.journal == end.id || from.sequence == 0)) return;
  std::string found = "ends at record " + std::to_string(end.sequence);
  if (!fs::exists(journal)) found = "is missing";
  if (end.id != 0 && end.id != from.journal) found = "belongs to another store";
  if (end.kind == JournalEnd::Kind::damaged)
    found = "is damaged at byte " + std::to_string(end.end) + ", after record " + std::to_string(end.sequence);
  throw Error(ErrorKind::needs_person, journal.string() + ": " + found + ", but " + store.filename().string() +
                                           " holds everything up to record " + std::to_string(from.sequence) +
                                           ". Nothing was changed. Restore the journal from a copy; or, to "
                                           "continue with the content of the journal and train the rest again, " +
                                           moving_away(store));
}

std::string moving_away(const fs::path& store) {
  return "move " + store.filename().string() + " elsewhere and run again (keep it: `tables` and `query` still read it)";
}

Error continued_apart(const fs::path& store, const fs::path& journal, std::uint64_t sequence) {
  const std::string name = store.filename().string();
  return {
      ErrorKind::needs_person,
      journal.string() + ": its record " + std::to_string(sequence) + " is not the one that " + name +
          " was made from: copies of one store were continued apart from each other, and their files mixed. Nothing "
          "was changed. Put the journal that belongs to " +
          name + " back; or, to continue with the content of this journal, " + moving_away(store)};
}

bool may_be_apart(const MadeFrom& from, const JournalLook& look) {
  if (from.sequence == 0 || from.sequence > look.end.sequence || from.journal != look.end.id) return false;
  return !from.chain || from.chain != look.chain;
}

void refuse_without_journal(const fs::path& store, const DatabaseState& state) {
  using Kind = DatabaseState::Kind;
  if (state.kind == Kind::foreign) {
    throw InputError(store.string() + ": a database, but not an mtlgrid store; choose another path");
  }
  if (state.kind != Kind::damaged && state.kind != Kind::older) return;
  throw Error(ErrorKind::needs_person,
              store.string() + ": " + state.what + "; the journal to rebuild it from is missing: restore " +
                  store_path(store.filename(), StoreFile::journal).string() + " from a copy, or choose another store");
}

}  // namespace mtlgrid
