// What is found in place of a store's database when a run opens it, and when it goes no further.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "results/store/journal.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// Which records a database was made from, as it says itself.
struct MadeFrom {
  std::uint64_t journal = 0;           // its id
  std::uint64_t sequence = 0;          // last record applied
  std::optional<std::uint64_t> chain;  // of that record; databases of earlier versions do not say
};
// Throws SqliteError.
MadeFrom made_from(const Database& database);

struct DatabaseState {
  enum class Kind { missing, foreign, damaged, older, unsynced, good } kind = Kind::missing;
  MadeFrom from;     // good and unsynced databases only
  std::string what;  // what is wrong with it
};
// Looks at the file without its locks, which holds whatever a run or another program left. `machine`: this one, since
// a database that was in use on another need not be whole. Throws Error(needs_person) for a newer schema.
DatabaseState inspect_database(const std::filesystem::path& store, const std::string& machine);

// How far a journal can be read, and its chain at the database's last record (nullopt: it has no such record).
struct JournalLook {
  JournalEnd end;
  std::optional<std::uint64_t> chain;
};

// Whether a database that the journal's beginning should give may be another one: its chain is not the journal's, or it
// keeps none.
bool may_be_apart(const MadeFrom& from, const JournalLook& look);

// Each throws Error(needs_person) that says what a person can do; nothing was changed. The database holds more than the
// journal; there is nothing to rebuild it from (InputError if the file is not a store).
void refuse_newer_database(const std::filesystem::path& store, const std::filesystem::path& journal,
                           const DatabaseState& state, const JournalEnd& end);
void refuse_without_journal(const std::filesystem::path& store, const DatabaseState& state);

// "move STORE elsewhere and run again (keep it ...)": how a person continues with what the journal holds.
std::string moving_away(const std::filesystem::path& store);

// That `store`, which holds everything up to record `sequence`, and `journal` were continued apart from each other.
Error continued_apart(const std::filesystem::path& store, const std::filesystem::path& journal, std::uint64_t sequence);

}  // namespace mtlgrid
