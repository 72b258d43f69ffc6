// Makes the database of a store agree with its journal when the store is opened for writing.
#pragma once

#include <filesystem>
#include <functional>

#include "results/store/journal.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

struct RecoveredStore {
  Database database;   // holds every record of the journal
  JournalEnd journal;  // where the writer continues: after the last good record
};

// Creates a store that does not exist. Otherwise keeps the database only if its bytes are those that the last run left
// (STORE.sum), and applies the records that it lacks. Rebuilds the database from the journal after a kill, or where it
// was in use when its machine went down. A database with other bytes, one that SQLite cannot read and one of an older
// schema is first moved to STORE.damaged-N. The part of the journal after a damaged record is copied to
// STORE.journal.damaged-N. Reports each of these through `say`. The caller holds the lock. `alive` is called every 64
// records, so that the caller can renew the lock, and before any file is replaced or moved; an exception that it throws
// ends the recovery.
//
// Throws Error(needs_person), having changed nothing, if the database holds more than can be read from the journal (the
// journal was deleted, is damaged in its middle, or is an old copy): the program cannot tell which of them is right.
// Throws InputError if STORE is some other file, and whatever `alive` throws.
RecoveredStore recover_store(Platform& platform, const std::filesystem::path& store,
                             const std::function<void(const std::string&)>& say, const std::function<void()>& alive);

// From now on commits do not wait for the disk. First records durably which machine uses the database.
void mark_in_use(Database& database, const std::string& machine);
// Writes the database of `store` to the disk, then removes that record.
void mark_unused(Platform& platform, Database& database, const std::filesystem::path& store);

}  // namespace mtlgrid
