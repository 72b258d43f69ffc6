// Bringing database and journal of a store together when it is opened for writing.
#pragma once

#include <filesystem>
#include <functional>

#include "results/store/journal.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

struct RecoveredStore {
  Database database;   // holds every record of the journal
  JournalEnd journal;  // where the writer goes on, behind the last good record
};

// Creates a store that does not exist. Otherwise goes on with the database only if its bytes are those that the last
// run left (STORE.sum), and applies records that it lacks; makes it anew from the journal after a kill, or where it was
// in use when its machine went down. One with other bytes, that SQLite cannot read, or of an older schema is moved
// aside to STORE.damaged-N first; what follows a damaged record of the journal is kept aside in
// STORE.journal.damaged-N. Says each of these through `say`. The caller holds the lock; `alive` is called every 64
// records, so that it can keep it, and before anything is replaced or moved: what it throws ends the recovery.
//
// Throws Error(needs_person), having changed nothing, where the database holds more than what can be read of the
// journal (journal deleted, damaged in its middle or an old copy): nothing here can tell which one is right.
// Throws InputError if STORE is some other file, and what `alive` throws.
RecoveredStore recover_store(Platform& platform, const std::filesystem::path& store,
                             const std::function<void(const std::string&)>& say, const std::function<void()>& alive);

// Commits without waiting for the disk from now on, having noted durably on which machine this is done.
void mark_in_use(Database& database, const std::string& machine);
// Brings the database of `store` to the disk, then takes that note back.
void mark_unused(Platform& platform, Database& database, const std::filesystem::path& store);

}  // namespace mtlgrid
