// Bringing database and journal of a store together when it is opened for writing.
#pragma once

#include <filesystem>
#include <functional>

#include "results/journal.h"
#include "results/sqlite.h"

namespace mtlgrid {

struct RecoveredStore {
  Database database;   // holds every record of the journal
  JournalEnd journal;  // where the writer goes on, behind the last good record
};

// Creates a store that does not exist. Otherwise: moves a damaged database (by SQLite's check, or by the sum that the
// last run left), or one of an older schema, aside to
// STORE.damaged-N and makes it anew from the journal, as is one that was in use when its machine went down; applies
// records that the database lacks; keeps what follows a damaged record aside in STORE.journal.damaged-N. Says each of
// these through `say`. The caller holds the lock.
//
// Throws Error(needs_person), having changed nothing, where the database holds more than what can be read of the
// journal (journal deleted, damaged in its middle or an old copy): nothing here can tell which one is right.
// Throws InputError if STORE is some other file.
RecoveredStore recover_store(Platform& platform, const std::filesystem::path& store,
                             const std::function<void(const std::string&)>& say);

// Commits without waiting for the disk from now on, having noted durably on which machine this is done.
void mark_in_use(Database& database, const std::string& machine);
// Brings the database of `store` to the disk, then takes that note back.
void mark_unused(Platform& platform, Database& database, const std::filesystem::path& store);

}  // namespace mtlgrid
